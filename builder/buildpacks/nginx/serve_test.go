package nginx

import (
	"strings"
	"testing"
)

func TestConfiguration(t *testing.T) {
	text, err := settings{Port: 80, Root: "/workspace/dist", Version: "abc", Work: "/tmp/nginx-1", PushState: true}.configuration()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"listen 80 default_server;",
		`root "/workspace/dist";`,
		"try_files $uri $uri/ /index.html;",
		"pid /tmp/nginx-1/nginx.pid;",
		`add_header ETag 'W/"abc"';`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the configuration lacks %q", want)
		}
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "_temp_path") && !strings.Contains(line, "/tmp/nginx-1/") {
			t.Errorf("nginx would write outside its directory: %s", line)
		}
	}
}

func TestPortNumber(t *testing.T) {
	tests := map[string]int{"": 8080, "80": 80, "65535": 65535}
	for text, want := range tests {
		if got, err := portNumber(text); err != nil || got != want {
			t.Errorf("portNumber(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"0", "65536", "80;", "http"} {
		if got, err := portNumber(text); err == nil {
			t.Errorf("portNumber(%q) = %d, want an error", text, got)
		}
	}
}
