// Command app is the application that the deployer's tests run: MODE says how it behaves.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if act() {
		return
	}
	fmt.Println("started as", os.Getuid())
	fmt.Fprintln(os.Stderr, "mode", os.Getenv("MODE"))
	switch os.Getenv("MODE") {
	case "exit":
		code, _ := strconv.Atoi(os.Getenv("CODE"))
		os.Exit(code)
	case "silent":
		idle()
	case "loopback":
		serve("127.0.0.1:3000", http.HandlerFunc(answer))
	case "mute":
		accept(func(connection net.Conn) {})
	case "broken":
		accept(func(connection net.Conn) {
			_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			_ = connection.Close()
		})
	case "hungry":
		eat()
	case "hungry-child":
		child := exec.Command("/app")
		child.Env = []string{"MODE=hungry"}
		fmt.Println("child:", child.Run())
		idle()
	case "chatty":
		chat()
	case "flood":
		flood()
		return
	case "odd":
		writeOddLines()
	case "late":
		late()
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", answer)
	mux.HandleFunc("/dial", dial)
	mux.HandleFunc("/lookup", lookup)
	mux.HandleFunc("/stat", stat)
	mux.HandleFunc("/burn", burn)
	mux.HandleFunc("/write", write)
	mux.HandleFunc("/health", health)
	mux.HandleFunc("/eat", func(http.ResponseWriter, *http.Request) { eat() })
	go serve(":"+os.Getenv("PORT"), mux)
	waitForEnd()
}

func serve(address string, handler http.Handler) {
	fmt.Println(http.ListenAndServe(address, handler))
	os.Exit(3)
}

func answer(w http.ResponseWriter, r *http.Request) {
	if status, err := strconv.Atoi(os.Getenv("STATUS")); err == nil {
		w.Header().Set("Location", "http://192.0.2.99/")
		w.WriteHeader(status)
	}
	fmt.Fprintf(w, "host=%s", r.Host)
}

func accept(handle func(net.Conn)) {
	listener, err := net.Listen("tcp", ":"+os.Getenv("PORT"))
	for err == nil {
		var connection net.Conn
		connection, err = listener.Accept()
		handle(connection)
	}
	fmt.Println(err)
}

// eat uses memory until it is killed.
func eat() {
	var held [][]byte
	for {
		piece := make([]byte, 8<<20)
		for i := range piece {
			piece[i] = 1
		}
		held = append(held, piece)
		runtime.KeepAlive(held)
	}
}

func idle() {
	for {
		time.Sleep(time.Hour)
	}
}

func chat() {
	for i := range 20 {
		fmt.Println("out", i)
		fmt.Fprintln(os.Stderr, "err", i)
		time.Sleep(5 * time.Millisecond)
	}
}

func late() {
	delay, _ := time.ParseDuration(os.Getenv("DELAY"))
	time.Sleep(delay)
	fmt.Println("listening at", time.Now().UnixNano())
}

// waitForEnd ends on SIGTERM after DELAY; never when that is "never".
func waitForEnd() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	<-signals
	if os.Getenv("MODE") == "stubborn" {
		fmt.Println("ignored")
		idle()
	}
	delay, _ := time.ParseDuration(os.Getenv("DELAY"))
	time.Sleep(delay)
	fmt.Println("cleaned up")
}

func dial(w http.ResponseWriter, r *http.Request) {
	connection, err := net.DialTimeout("tcp", r.FormValue("to"), 3*time.Second)
	if err != nil {
		fmt.Fprint(w, err)
		return
	}
	_ = connection.Close()
	fmt.Fprint(w, "connected")
}

func lookup(w http.ResponseWriter, r *http.Request) {
	addresses, err := net.LookupHost(r.FormValue("name"))
	if err != nil {
		fmt.Fprint(w, err)
		return
	}
	fmt.Fprint(w, "found ", addresses)
}

func stat(w http.ResponseWriter, r *http.Request) {
	_, err := os.Stat(r.FormValue("path"))
	fmt.Fprint(w, err)
}

func burn(http.ResponseWriter, *http.Request) {
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
	}
}

// flood writes 10 MB a second for 25 s, and a last line.
func flood() {
	line := strings.Repeat("x", 999) + "\n"
	for range 2500 {
		began := time.Now()
		fmt.Print(strings.Repeat(line, 100))
		time.Sleep(10*time.Millisecond - time.Since(began))
	}
	fmt.Println("the flood has ended")
}
