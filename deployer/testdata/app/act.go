package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// act does what the arguments say; without any, the environment says it. The same file plays a shell
// and the launcher of buildpacks under their names.
func act() bool {
	arguments := os.Args[1:]
	switch filepath.Base(os.Args[0]) {
	case "sh":
		fmt.Printf("a shell reads %q\n", arguments)
		return true
	case "launcher":
		if arguments[0] != "--" {
			fmt.Printf("the launcher's shell reads %q\n", arguments)
			return true
		}
		fmt.Println("launched", syscall.Exec(arguments[1], arguments[1:], os.Environ()))
		return true
	}
	if len(arguments) == 0 {
		return false
	}
	perform(arguments[0], arguments[1:])
	return true
}

func perform(what string, arguments []string) {
	switch what {
	case "say":
		fmt.Println("says", strings.Join(arguments, "|"), "as", os.Getuid())
		fmt.Fprintln(os.Stderr, "and complains")
	case "shout":
		content, err := io.ReadAll(os.Stdin)
		fmt.Printf("%s %v\n", bytes.ToUpper(content), err)
	case "end":
		code, _ := strconv.Atoi(arguments[0])
		os.Exit(code)
	case "wait":
		fmt.Println("waits")
		idle()
	case "nest":
		child := exec.Command("/app", "wait")
		child.Stdout = os.Stdout
		fmt.Println(child.Run())
	case "eat":
		eat()
	case "size":
		followSize()
	case "write":
		fmt.Println(fill(arguments[0]))
	}
}

// followSize tells the size of its terminal whenever that changes.
func followSize() {
	var told [4]uint16
	for {
		var size [4]uint16
		if _, _, err := syscall.Syscall(syscall.SYS_IOCTL, 0, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size))); err != 0 {
			fmt.Println("no terminal")
			return
		}
		if size != told {
			told = size
			fmt.Printf("%dx%d\n", size[0], size[1])
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// fill writes 64 MiB to a file.
func fill(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for range 64 {
		if _, err := file.Write(make([]byte, 1<<20)); err != nil {
			return err
		}
	}
	return file.Sync()
}

func writeOddLines() {
	fmt.Println(strings.Repeat("é", 20000))
	fmt.Println(strings.Repeat("x", 16<<10))
	fmt.Print("\x1b[31mred\x1b[0m\r\n")
	fmt.Print("no \xff text\n\n")
	fmt.Print("not ended")
	os.Exit(0)
}

// write writes a small file and tells what is in its directory.
func write(w http.ResponseWriter, r *http.Request) {
	path := r.FormValue("path")
	if err := os.WriteFile(path, []byte("kept"), 0o644); err != nil {
		fmt.Fprint(w, err)
		return
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	fmt.Fprint(w, "wrote, ", len(entries), " there")
}

var healthStatus = http.StatusOK // of health; set by /health?set=

func health(w http.ResponseWriter, r *http.Request) {
	if status, err := strconv.Atoi(r.FormValue("set")); err == nil {
		healthStatus = status
	}
	w.WriteHeader(healthStatus)
}
