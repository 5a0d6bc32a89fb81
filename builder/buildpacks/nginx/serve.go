package nginx

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"text/template"
)

// ProgramName is the name by which the executable starts nginx.
const ProgramName = "serve-site"

// defaultPort is used when the platform gives no $PORT.
const defaultPort = 8080

// program is where Debian puts nginx.
const program = "/usr/sbin/nginx"

//go:embed nginx.conf
var configuration string

// settings is what the configuration leaves open.
type settings struct {
	Port      int
	Root      string // absolute
	Version   string // of the site's content
	Work      string // a directory that nginx may write to
	PushState bool
}

// Serve writes nginx's configuration for $PORT and becomes nginx. It only returns to say what
// went wrong.
func Serve(args []string) error {
	flags := flag.NewFlagSet(ProgramName, flag.ContinueOnError)
	root := flags.String("root", ".", "directory to serve")
	version := flags.String("version", "", "what identifies the site's content")
	pushState := flags.Bool("push-state", false, "answer unknown paths with index.html")
	if err := flags.Parse(args); err != nil {
		return err
	}
	port, err := portNumber(os.Getenv("PORT"))
	if err != nil {
		return err
	}
	absolute, err := filepath.Abs(*root)
	if err != nil {
		return fmt.Errorf("find the directory to serve: %w", err)
	}
	work, err := os.MkdirTemp("", "nginx-")
	if err != nil {
		return fmt.Errorf("make nginx's working directory: %w", err)
	}
	text, err := settings{Port: port, Root: absolute, Version: *version, Work: work, PushState: *pushState}.configuration()
	if err != nil {
		return err
	}
	file := filepath.Join(work, "nginx.conf")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return fmt.Errorf("write nginx's configuration: %w", err)
	}
	command := []string{program, "-c", file, "-p", work, "-e", "stderr"}
	return fmt.Errorf("start nginx: %w", syscall.Exec(program, command, os.Environ()))
}

func portNumber(text string) (int, error) {
	if text == "" {
		return defaultPort, nil
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return 0, fmt.Errorf("PORT is %q, which is not a port number", text)
	}
	return port, nil
}

func (s settings) configuration() ([]byte, error) {
	parsed, err := template.New("nginx.conf").Parse(configuration)
	if err != nil {
		return nil, fmt.Errorf("read nginx's configuration: %w", err)
	}
	var text bytes.Buffer
	if err := parsed.Execute(&text, s); err != nil {
		return nil, fmt.Errorf("make nginx's configuration: %w", err)
	}
	return text.Bytes(), nil
}
