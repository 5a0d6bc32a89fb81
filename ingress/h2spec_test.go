package ingress

import (
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/paastech-cloud/paastech/ingress/certificate"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
)

// h2specVersion is the HTTP/2 conformance suite by Moto Ishizawa; it has no go.mod of its own.
const (
	h2specVersion = "v2.2.1+incompatible"
	h2specModule  = `module h2spec

go 1.26

require (
	github.com/fatih/color v1.18.0
	github.com/inconshreveable/mousetrap v1.1.0
	github.com/mattn/go-colorable v0.1.13
	github.com/mattn/go-isatty v0.0.20
	github.com/spf13/cobra v1.10.2
	github.com/spf13/pflag v1.0.9
	github.com/summerwind/h2spec ` + h2specVersion + `
	golang.org/x/net v0.60.0
	golang.org/x/sys v0.48.0
	golang.org/x/text v0.42.0
)
`
)

// h2specStricter are cases in which net/http does what RFC 9113 leaves open, and the suite does not.
var h2specStricter = map[string]string{
	"Sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE":                                          "it closes the connection of whoever says a setting twice in one frame",
	"Sends a HEADERS frame that contains the connection-specific header field":                       "it answers 400 before it resets the stream (8.1.1), and asks no application",
	"Sends a HEADERS frame that contains the TE header field with any value other than \"trailers\"": "as above",
	"Sends invalid connection preface":                                                               "without TLS that is HTTP/1.1, and is told to be bad",
}

// TestHTTP2Conformance runs h2spec's cases for RFC 9113 and RFC 7541, the strict ones among them, against
// the secure listener, and against the plain one for clients that know of it.
func TestHTTP2Conformance(t *testing.T) {
	h2spec, err := paastest.BuiltOnce("h2spec-"+h2specVersion, "h2spec", func(binary string) *exec.Cmd {
		module := t.TempDir()
		must(t, os.WriteFile(filepath.Join(module, "go.mod"), []byte(h2specModule), 0o600))
		build := exec.Command("go", "build", "-mod=mod", "-ldflags=-s -w", "-o", binary, "github.com/summerwind/h2spec/cmd/h2spec")
		build.Dir = module
		build.Env = append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0")
		return build
	})
	must(t, err)
	const name paas.Hostname = "localhost" // which it can resolve, and asks for
	i := runningAt(t, Options{Listen: "127.0.0.1:0", TLS: &TLS{Listen: "127.0.0.1:0", Certificates: certificate.Options{Dir: t.TempDir()}}})
	var asked atomic.Int64
	i.Replace(paas.Route{Host: name, Project: "p", State: paas.RouteLive, Targets: live(upstream(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Te") != "" || r.Header.Get("Connection") != "" {
			t.Errorf("the application was asked with %v", r.Header)
		}
		fmt.Fprint(w, "here")
	})).Targets})
	// Without TLS the ingress sends to where there is: another one, that has none.
	plain := running(t, Options{})
	plain.Replace(i.Routes()[0])
	for road, test := range map[string]struct {
		address   string
		arguments []string
		passed    int
	}{
		"TLS":   {i.AddressTLS(), []string{"--tls", "--insecure"}, 142},
		"plain": {plain.Address(), nil, 141},
	} {
		t.Run(road, func(t *testing.T) {
			t.Parallel()
			_, port, err := net.SplitHostPort(test.address)
			must(t, err)
			passed := conformance(t, h2spec, append(test.arguments, "--strict", "--host", string(name), "--port", port)...)
			if passed < test.passed {
				t.Errorf("only %d cases passed", passed)
			}
		})
	}
	t.Cleanup(func() { t.Logf("the application was asked %d times", asked.Load()) })
}

// conformance runs the suite and tells how many of its cases passed.
func conformance(t *testing.T, h2spec string, arguments ...string) (passed int) {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report.xml")
	output, err := exec.Command(h2spec, append(arguments, "--junit-report", report)...).CombinedOutput()
	text, readErr := os.ReadFile(report)
	if readErr != nil {
		t.Fatalf("%v, %v\n%s", err, readErr, output)
	}
	var suites struct {
		Suites []struct {
			Cases []struct {
				Name    string  `xml:"classname,attr"`
				Section string  `xml:"package,attr"`
				Failure *string `xml:"failure"`
				Error   *string `xml:"error"`
				Skipped *string `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	must(t, xml.Unmarshal(text, &suites))
	skipped := 0
	for _, suite := range suites.Suites {
		for _, c := range suite.Cases {
			failed := c.Failure
			if failed == nil {
				failed = c.Error
			}
			switch why := h2specStricter[c.Name]; {
			case failed != nil && why == "":
				t.Errorf("%s %s: %s", c.Section, c.Name, *failed)
			case failed != nil:
				t.Logf("%s %s: %s", c.Section, c.Name, why)
			case c.Skipped != nil:
				skipped++
			default:
				passed++
			}
		}
	}
	t.Logf("%d passed, %d left out by the suite", passed, skipped)
	return passed
}
