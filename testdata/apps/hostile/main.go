// Command hostile is an application that tries what no application may, and tells what came of it.
package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 { // a child that only is there
		time.Sleep(time.Minute)
		return
	}
	attempts := map[string]func(of string) string{
		"mount":  func(of string) string { return said(syscall.Mount("none", of, "tmpfs", 0, "")) },
		"device": func(of string) string { return said(syscall.Mknod(of, syscall.S_IFBLK|0o600, 8<<8)) },
		"root":   func(string) string { return said(syscall.Setuid(0)) },
		"read":   read,
		"dial":   dial,
		"fork":   fork,
		"memory": memory,
		"log":    log,
		"fill":   fill,
	}
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hostile") })
	http.HandleFunc("/try", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		fmt.Fprint(w, attempts[query.Get("what")](query.Get("of")))
	})
	fmt.Println(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}

func said(err error) string {
	if err == nil {
		return "done"
	}
	return "refused: " + err.Error()
}

func read(path string) string {
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return "done"
	}
	_, err := os.ReadFile(path)
	return said(err)
}

func dial(address string) string {
	conn, err := net.DialTimeout("tcp", address, 2*time.Second)
	if err == nil {
		conn.Close()
	}
	return said(err)
}

// fork starts children until it may not, and tells how many it had.
func fork(string) string {
	var children []*exec.Cmd
	defer func() {
		for _, child := range children {
			_ = child.Process.Kill()
			_ = child.Wait()
		}
	}()
	for {
		child := exec.Command(os.Args[0], "child")
		if err := child.Start(); err != nil {
			return strconv.Itoa(len(children))
		}
		children = append(children, child)
		if len(children) == 2000 {
			return strconv.Itoa(len(children))
		}
	}
}

func memory(string) string {
	var all [][]byte
	for range 8 << 10 {
		all = append(all, bytes.Repeat([]byte{1}, 1<<20))
	}
	return strconv.Itoa(len(all))
}

// log writes 10 MB a second for so many seconds.
func log(seconds string) string {
	count, _ := strconv.Atoi(seconds)
	line := bytes.Repeat([]byte("0123456789abcde\n"), 100<<10/16)
	for range count * 100 {
		began := time.Now()
		_, _ = os.Stdout.Write(line)
		time.Sleep(10*time.Millisecond - time.Since(began))
	}
	return "done"
}

// fill writes a file until it may not, or has 256 MiB, and tells how many bytes it had.
func fill(directory string) string {
	file, err := os.Create(directory + "/fill")
	if err != nil {
		return said(err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	written := 0
	for chunk := make([]byte, 1<<20); written < 256<<20; {
		n, err := file.Write(chunk)
		written += n
		if err != nil {
			break
		}
	}
	return strconv.Itoa(written)
}
