package cli

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"runtime"
)

// browse shows an address in the browser, or prints it where there is none.
func (c *commands) browse(ctx context.Context, address string, printOnly bool) error {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return fmt.Errorf("%q is no address for a browser", address)
	}
	if c.json {
		return c.emit(map[string]string{"url": address}, nil)
	}
	opener := browserCommand(address)
	if printOnly || opener == nil {
		c.say("%s", address)
		return nil
	}
	if err := exec.CommandContext(ctx, opener[0], opener[1:]...).Run(); err != nil {
		c.note("No browser could be opened (%s). The address:", err)
		c.say("%s", address)
		return nil
	}
	c.note("Opened %s", address)
	return nil
}

// browserCommand is what opens an address on this system; nil when nothing can.
func browserCommand(address string) []string {
	var opener []string
	switch runtime.GOOS {
	case "darwin":
		opener = []string{"open", address}
	case "windows":
		opener = []string{"rundll32", "url.dll,FileProtocolHandler", address}
	default:
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return nil
		}
		opener = []string{"xdg-open", address}
	}
	if _, err := exec.LookPath(opener[0]); err != nil {
		return nil
	}
	return opener
}
