// Package browsertest drives a real Chromium in tests, and holds every page that it visits to saying
// nothing on its console: no error, no violation of the policy.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long a page may take to show what a test waits for, on a busy machine.
const patience = 3 * time.Minute

// The size of a tab's window in CSS pixels, unless a test makes it another.
const wide, high = 1280, 900

// Browser is one browser with a profile of its own. It ends with its test.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// New starts a browser. Names that are not known elsewhere, like those of applications, lead to this host.
func New(t testing.TB) *Browser {
	t.Helper()
	return start(t)
}

// Trusting is New for a browser that trusts a CA besides: its certificate, in PEM.
func Trusting(t testing.TB, ca []byte) *Browser {
	t.Helper()
	home := t.TempDir()
	database, file := filepath.Join(home, ".pki", "nssdb"), filepath.Join(home, "ca.pem")
	if err := errors.Join(os.MkdirAll(database, 0o700), os.WriteFile(file, ca, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range [][]string{{"-N", "--empty-password"}, {"-A", "-t", "C,,", "-n", "ca", "-i", file}} {
		if out, err := exec.Command("certutil", append(arguments, "-d", "sql:"+database)...).CombinedOutput(); err != nil {
			t.Fatalf("certutil %v: %v\n%s", arguments, err, out)
		}
	}
	return start(t, chromedp.Env("HOME="+home))
}

func start(t testing.TB, more ...chromedp.ExecAllocatorOption) *Browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("host-resolver-rules", "MAP *.localhost 127.0.0.1"),
		chromedp.Flag("force-color-profile", "srgb"),
	)
	allocator, end := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	ctx, cancel := chromedp.NewContext(allocator)
	b := &Browser{t: t, ctx: ctx}
	t.Cleanup(func() { // the profile is removed after that
		_ = chromedp.Cancel(ctx)
		cancel()
		end()
	})
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(wide, high)); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return b
}

// program is where Debian's package and others put the browser.
func program(t testing.TB) string {
	t.Helper()
	for _, path := range []string{"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium: apt-get install chromium")
	return ""
}

// Tab is one page of a browser.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	said     []string // on its console; guarded by mu
	expected []string // parts of what it may say
}

// Tab opens one. When the test ends the tab must have complained of nothing.
func (b *Browser) Tab() *Tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	tab := &Tab{t: b.t, ctx: ctx}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(wide, high)); err != nil { // a deadline here would be the tab's
		b.t.Fatalf("open a tab: %v", err)
	}
	console := chromedp.Console(ctx)
	var listening sync.WaitGroup
	listening.Go(func() {
		for message, err := range console {
			if err != nil {
				return // the tab is closed
			}
			tab.hear(message)
		}
	})
	b.t.Cleanup(func() {
		for _, complaint := range tab.complaints() {
			b.t.Errorf("the browser's console: %s", complaint)
		}
		cancel()
		listening.Wait()
	})
	return tab
}

func (t *Tab) hear(message chromedp.ConsoleMessage) {
	switch message.Type {
	case chromedp.ConsoleError, chromedp.ConsoleException, "assert":
		t.mu.Lock()
		defer t.mu.Unlock()
		t.said = append(t.said, fmt.Sprintf("%s %s (%s:%d)", message.Source, message.Text, message.URL, message.Line))
	}
}

// Expect lets the console say what contains a text, like the status of a page that is not there.
func (t *Tab) Expect(part string) { t.expected = append(t.expected, part) }

// networkChanged is what Chromium says of requests that were under way while another test made or removed
// a Docker network on this machine. It is no fault of a page: its script asks again.
const networkChanged = "net::ERR_NETWORK_CHANGED"

func (t *Tab) complaints() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []string
	for _, text := range t.said {
		unexpected := !strings.Contains(text, networkChanged)
		for _, part := range t.expected {
			unexpected = unexpected && !strings.Contains(text, part)
		}
		if unexpected {
			all = append(all, text)
		}
	}
	return all
}

func (t *Tab) run(what string, actions ...chromedp.Action[chromedp.Void]) {
	t.t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	if err := t.do(ctx, actions...); err != nil {
		t.t.Fatalf("%s: %v\n%s", what, err, t.state())
	}
}

// do does it again while the network changes under it.
func (t *Tab) do(ctx context.Context, actions ...chromedp.Action[chromedp.Void]) error {
	for {
		err := chromedp.Do(ctx, actions...)
		if err == nil || !strings.Contains(err.Error(), networkChanged) {
			return err
		}
	}
}

// state is what the page shows, for whoever reads why a test failed.
func (t *Tab) state() string {
	ctx, cancel := context.WithTimeout(t.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location + "\n" + document.body.innerText.slice(0, 3000)`))
	if err != nil {
		return err.Error()
	}
	return text
}

// Visit opens an address and waits until it is loaded.
func (t *Tab) Visit(address string) {
	t.t.Helper()
	t.run("visit "+address, chromedp.Navigate(address))
}

// Refuses opens an address that the browser does not show, and returns why.
func (t *Tab) Refuses(address string) error {
	t.t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	err := t.do(ctx, chromedp.Navigate(address))
	if err == nil {
		t.t.Errorf("%s is shown:\n%s", address, t.state())
	}
	return err
}

// Path is where the tab is, without the host.
func (t *Tab) Path() string { return Ask[string](t, `location.pathname + location.search`) }

// Fill types a text into a field instead of what is in it.
func (t *Tab) Fill(selector, text string) {
	t.t.Helper()
	Ask[bool](t, fmt.Sprintf(`(field => { field.focus(); field.select(); return true })(document.querySelector(%q))`, selector))
	t.run("fill "+selector, chromedp.KeyEvent(kb.Delete), chromedp.KeyEvent(text))
}

// Set gives a field a value at once, as pasting does.
func (t *Tab) Set(selector, value string) {
	t.t.Helper()
	t.run("set "+selector, chromedp.SetValue(chromedp.CSS(selector), value))
}

// Click clicks on what is visible there.
func (t *Tab) Click(selector string) {
	t.t.Helper()
	t.run("click on "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Press types keys wherever the focus is.
func (t *Tab) Press(keys string) {
	t.t.Helper()
	t.run("press keys", chromedp.KeyEvent(keys))
}

// Send clicks on what leads to another page, and waits until that is loaded.
func (t *Tab) Send(selector string) {
	t.t.Helper()
	t.run("send "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		t.t.Fatalf("send %s: %v\n%s", selector, err, t.state())
	}
}

// Text is what a part of the page shows.
func (t *Tab) Text(selector string) string {
	t.t.Helper()
	return run(t, "read "+selector, chromedp.Text(chromedp.CSS(selector)))
}

// Ask evaluates an expression in the page, and waits for what it promises.
func Ask[A any](t *Tab, expression string) A {
	t.t.Helper()
	return run(t, "ask "+expression, chromedp.Evaluate[A](expression, chromedp.EvalAwaitPromise))
}

func run[A any](t *Tab, what string, action chromedp.Action[A]) A {
	t.t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, action)
	if err != nil {
		t.t.Fatalf("%s: %v\n%s", what, err, t.state())
	}
	return answer
}

// Until waits until an expression holds in the page, whatever page that is by then.
func (t *Tab) Until(what, expression string) {
	t.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.ctx, 10*time.Second)
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		cancel()
		if err == nil && holds {
			return
		}
		if time.Now().After(deadline) {
			t.t.Fatalf("not within %s: %s (%v)\n%s", patience, what, err, t.state())
		}
	}
}

// Shows waits until the page shows a text.
func (t *Tab) Shows(text string) {
	t.t.Helper()
	t.Until("the page shows "+text, fmt.Sprintf("document.body && document.body.innerText.includes(%q)", text))
}

// Look makes the window so wide, and light or dark.
func (t *Tab) Look(width int64, dark bool) {
	t.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	t.run("change the looks", chromedp.EmulateViewport(width, high), command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}}))
}

// command is one of the protocol's as a step.
func command[P, R any](which cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, which, params)
		return err
	})
}

// WithoutScripts makes the tab a browser whose JavaScript is off.
func (t *Tab) WithoutScripts() {
	t.t.Helper()
	t.run("switch JavaScript off", command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
}

// Picture is a PNG of the whole page.
func (t *Tab) Picture() []byte {
	t.t.Helper()
	return run(t, "take a picture", chromedp.FullScreenshot(100))
}
