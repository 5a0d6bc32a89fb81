// Command echo is an application for the platform's own trials: it answers, takes its time, upgrades
// connections, and ends as it is told to.
package main

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		for n := 0; ; n++ {
			fmt.Println("worker line", n)
			time.Sleep(time.Second)
		}
	}
	switch os.Getenv("BROKEN") {
	case "exits":
		fmt.Println("broken")
		os.Exit(1)
	case "never listens":
		select {}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", hello)
	mux.HandleFunc("/up", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "up") })
	mux.HandleFunc("/slow", slow)
	mux.HandleFunc("/size", func(w http.ResponseWriter, r *http.Request) {
		size, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, size)
	})
	mux.HandleFunc("/ws", upgrade)
	server := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: mux}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		<-signals
		if os.Getenv("IGNORE_TERM") != "" {
			return
		}
		pause, _ := time.ParseDuration(os.Getenv("TERM_PAUSE"))
		time.Sleep(pause)
		_ = server.Shutdown(context.Background())
		fmt.Println("ended as told")
		os.Exit(0)
	}()
	pause, _ := time.ParseDuration(os.Getenv("START_PAUSE"))
	time.Sleep(pause)
	fmt.Println("listening on", os.Getenv("PORT"))
	fmt.Println("ready at", time.Now().UnixMicro())
	_ = server.ListenAndServe()
	select {} // the signal's goroutine ends the program
}

func hello(w http.ResponseWriter, _ *http.Request) {
	if os.Getenv("BROKEN") == "answers 500" {
		w.WriteHeader(http.StatusInternalServerError)
	}
	fmt.Fprintln(w, "hello", os.Getenv("GREETING"))
}

func slow(w http.ResponseWriter, r *http.Request) {
	milliseconds, _ := strconv.Atoi(r.URL.Query().Get("ms"))
	time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	fmt.Fprintln(w, "slept", milliseconds)
}

// upgrade answers a WebSocket's handshake (RFC 6455, section 4.2.2) and sends back every byte.
func upgrade(w http.ResponseWriter, r *http.Request) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	fmt.Fprintf(buffered, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	if buffered.Flush() == nil {
		_, _ = io.Copy(conn, buffered)
	}
}
