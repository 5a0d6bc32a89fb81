package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/ui/browsertest"
)

// TestAPersonRunsEverythingFromTheBrowser goes every way that a person goes, in a real browser, with a
// real push to a real daemon: from the front page to an account, a key, a project, a version that is
// watched while it is built, its logs, another configuration, back again, and away with it all. A page
// that was not loaded anew keeps its mark: what changes in it came live.
func TestAPersonRunsEverythingFromTheBrowser(t *testing.T) {
	p := newPerson(t)
	p.signUp()
	p.addKey()
	p.create("planets")
	p.pushAndWatch()
	p.changeVariables()
	p.readLogs()
	p.rollBack()
	p.stopAndStart()
	p.strangerSeesNothing()
	p.administratorLooks()
	p.deleteProject("planets")
}

// person is somebody at a browser, with a repository to push.
type person struct {
	*echo
	browser *browsertest.Browser
	tab     *browsertest.Tab
	base    string
	key     string
}

func newPerson(t *testing.T) *person {
	t.Helper()
	a := &echo{doomed: newDoomed(t), dir: filepath.Join(t.TempDir(), "echo")}
	a.ingress = a.variable("PAASTECH_INGRESS_LISTEN")
	p := &person{echo: a, browser: browsertest.New(t), base: "http://" + a.address, key: filepath.Join(t.TempDir(), "id")}
	a.env = append(a.env, gitVariables(p.key)...)
	a.start()
	if err := os.CopyFS(a.dir, os.DirFS("testdata/apps/echo")); err != nil {
		t.Fatal(err)
	}
	a.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "grace@laptop", "-f", p.key)
	a.run("git", "init", "-q", "-b", "main")
	a.run("git", "add", ".")
	a.run("git", "commit", "-qm", "Say hello to <b>everybody</b>")
	p.tab = p.browser.Tab()
	return p
}

// mark marks the page that is shown; a page that is loaded anew has lost it.
func (p *person) mark() { browsertest.Ask[bool](p.tab, `window.marked = true`) }

func (p *person) stillThere() {
	p.t.Helper()
	if !browsertest.Ask[bool](p.tab, `!!window.marked`) {
		p.t.Error("the page was loaded anew; it should have followed what happened")
	}
}

// signUp makes an account and confirms its address by the link in the mail that came.
func (p *person) signUp() {
	p.t.Helper()
	p.tab.Visit(p.base + "/")
	p.tab.Send(`a[href="/login"]`)
	p.tab.Send(`main a[href="/register"]`)
	p.tab.Fill("#username", "grace")
	p.tab.Fill("#email", "grace@example.com")
	p.tab.Fill("#password", "a fine day for a walk")
	p.tab.Send(".card button")
	p.tab.Shows("Look into your mailbox")
	p.tab.Visit(p.base + p.mailedPath("/email-verification/"))
	p.tab.Send("main form button")
	p.tab.Shows("confirmed")
	p.logIn(p.tab, "grace@example.com", "a fine day for a walk")
	p.tab.Shows("Nothing here yet")
}

func (p *person) logIn(tab *browsertest.Tab, email, password string) {
	p.t.Helper()
	tab.Visit(p.base + "/login")
	tab.Fill("#email", email)
	tab.Fill("#password", password)
	tab.Send(".card button")
	if tab.Path() != "/dashboard" {
		p.t.Fatalf("logged in to %s", tab.Path())
	}
}

// mailedPath is the path of the link in the mail that came, by how it begins.
func (p *person) mailedPath(begins string) string {
	p.t.Helper()
	link := ""
	p.until("the mail comes", func() bool {
		mails, err := p.local.Mails(p.t.Context())
		if err != nil {
			p.t.Fatal(err)
		}
		for _, mail := range mails {
			one, err := p.local.Mail(p.t.Context(), mail.ID)
			if err != nil {
				p.t.Fatal(err)
			}
			link = regexp.MustCompile(regexp.QuoteMeta(begins) + `[\w-]+`).FindString(one.Text)
			if link != "" {
				return true
			}
		}
		return false
	})
	return link
}

func (p *person) addKey() {
	p.t.Helper()
	public, err := os.ReadFile(p.key + ".pub")
	if err != nil {
		p.t.Fatal(err)
	}
	p.tab.Visit(p.base + "/dashboard/profile#keys")
	p.tab.Fill("#key", strings.TrimSpace(string(public)))
	p.tab.Send(`form[action="/dashboard/profile/keys"] .button`)
	p.tab.Shows("grace@laptop")
}

func (p *person) create(name string) {
	p.t.Helper()
	p.tab.Visit(p.base + "/dashboard")
	p.tab.Send(`a[href="/dashboard/new"]`)
	p.tab.Fill("#name", name)
	p.tab.Send("main form .button")
	p.id = strings.TrimPrefix(strings.SplitN(p.tab.Path(), "?", 2)[0], "/dashboard/")
	p.host = p.id + ".user-app.localhost"
	p.tab.Shows("git push paastech HEAD:main")
	remote := regexp.MustCompile(`git remote add paastech (\S+)`).FindStringSubmatch(p.tab.Text("main"))
	if remote == nil {
		p.t.Fatalf("the page does not say how to push:\n%s", p.tab.Text("main"))
	}
	p.run("git", "remote", "add", "paastech", remote[1])
}

// pushAndWatch pushes while the overview is open; it says so by itself, and the log comes live.
func (p *person) pushAndWatch() {
	p.t.Helper()
	p.mark()
	pushed := make(chan error, 1)
	push := exec.CommandContext(p.t.Context(), "git", "push", "-q", "paastech", "main")
	push.Env, push.Dir = p.env, p.dir
	go func() {
		out, err := push.CombinedOutput()
		if err != nil {
			p.t.Logf("git push: %s", out)
		}
		pushed <- err
	}()
	p.tab.Until("the overview shows the push", `document.querySelector('a[href$="/deployments/1"]')`)
	p.stillThere()
	p.tab.Visit(p.page("deployments/1"))
	p.mark()
	p.tab.Until("lines of the build come", `document.querySelectorAll("[data-lines] li, li[id^=B]").length > 2`)
	p.tab.Until("the version is live", `document.querySelector("main .state.live")`)
	p.stillThere()
	if err := <-pushed; err != nil {
		p.t.Fatalf("push: %v", err)
	}
	p.tab.Shows("Say hello to <b>everybody</b>")
	p.opens("hello")
}

// opens opens the application in a tab of its own, by the link that the dashboard has.
func (p *person) opens(text string) {
	p.t.Helper()
	application := p.browser.Tab()
	application.Expect("favicon.ico")
	application.Visit(browsertest.Ask[string](p.tab, `document.querySelector(".title .address").href`))
	application.Shows(text)
}

func (p *person) page(name string) string {
	return strings.TrimSuffix(p.base+"/dashboard/"+p.id+"/"+name, "/")
}

// changeVariables pastes a file of variables, sees what would change, and follows the deployment.
func (p *person) changeVariables() {
	p.t.Helper()
	p.tab.Visit(p.page("env"))
	p.tab.Click(".paste > summary")
	p.tab.Fill("#paste", "# how it greets\nGREETING=\"good <i>morning</i>\"\nTERM_PAUSE=100ms\n")
	p.tab.Send(".decide button[value=review]")
	p.tab.Shows("GREETING")
	if strings.Contains(p.tab.Text("main"), "good") {
		p.t.Error("what will change is shown with its values")
	}
	p.tab.Send(".decide .button")
	if path := p.tab.Path(); !strings.HasSuffix(path, "/deployments/2") {
		p.t.Fatalf("saving leads to %s", path)
	}
	p.mark()
	p.tab.Until("the version is live", `document.querySelector("main .state.live")`)
	p.stillThere()
	p.opens("good <i>morning</i>")
}

// readLogs sees the newest lines, and those that are written while the page is open.
func (p *person) readLogs() {
	p.t.Helper()
	p.tab.Visit(p.page("logs"))
	p.tab.Shows("listening on 8080")
	p.mark()
	if status := p.callAs("grace@example.com", http.MethodPost, "/projects/"+p.id+"/restart"); status != http.StatusOK {
		p.t.Fatalf("restart: %d", status)
	}
	p.tab.Until("lines come live", `[...document.querySelectorAll("[data-lines] li, .log li")].filter(line => line.innerText.includes("listening on 8080")).length > 1`)
	p.stillThere()
	p.tab.Fill("#grep", "ended as told")
	p.tab.Send(".filter .button")
	if lines := browsertest.Ask[int](p.tab, `[...document.querySelectorAll(".log li")].filter(line => !line.innerText.includes("ended as told")).length`); lines > 0 {
		p.t.Errorf("%d lines do not have what was looked for", lines)
	}
}

// callAs asks the API as somebody else than this page.
func (p *person) callAs(email, method, path string) int {
	p.t.Helper()
	before := p.token
	defer func() { p.token = before }()
	var session struct{ AccessToken string }
	if status := p.call(http.MethodPost, "/auth/login", map[string]any{"email": email, "password": "a fine day for a walk"}, &session); status != http.StatusOK {
		p.t.Fatalf("log-in: %d", status)
	}
	p.token = session.AccessToken
	return p.call(method, path, nil, nil)
}

func (p *person) rollBack() {
	p.t.Helper()
	p.tab.Visit(p.page("deployments/1"))
	p.tab.Click("#rollback > summary")
	p.tab.Send("#rollback .button:not(summary)")
	p.tab.Until("the version is live", `document.querySelector("main .state.live")`)
	p.tab.Shows("back to v1")
	p.opens("hello \n")
}

func (p *person) stopAndStart() {
	p.t.Helper()
	p.tab.Visit(p.page(""))
	p.tab.Click("#stop > summary")
	p.tab.Send("#stop .button.danger")
	p.tab.Shows("The application is stopped.")
	p.tab.Until("it shows that it is stopped", `document.querySelector(".status.stopped")`)
	p.tab.Send(`form[action$="/start"] button`)
	p.tab.Until("it runs again", `document.querySelector("main .state.live")`)
}

// strangerSeesNothing: somebody else's project answers as one that is not there.
func (p *person) strangerSeesNothing() {
	p.t.Helper()
	if out, err := p.command("password of mallory\n", "admin", "users", "create", "--username", "mallory", "--email", "mallory@example.com", "--password-stdin"); err != nil {
		p.t.Fatalf("make a stranger: %v\n%s", err, out)
	}
	stranger := browsertest.New(p.t).Tab()
	stranger.Expect("404")
	stranger.Expect("403")
	p.logIn(stranger, "mallory@example.com", "password of mallory")
	for _, page := range []string{"", "deployments", "deployments/1", "logs", "env", "settings", "metrics"} {
		stranger.Visit(p.page(page))
		stranger.Shows("Nothing here")
	}
	stranger.Visit(p.base + "/admin")
	stranger.Shows("Not allowed")
}

func (p *person) administratorLooks() {
	p.t.Helper()
	admin := browsertest.New(p.t).Tab()
	p.logIn(admin, "eve@example.com", "password of eve")
	admin.Visit(p.base + "/admin/projects")
	admin.Shows("planets")
	admin.Visit(p.page(""))
	admin.Shows("grace")
	admin.Visit(p.base + "/admin/users")
	admin.Shows("mallory")
}

func (p *person) deleteProject(name string) {
	p.t.Helper()
	p.tab.Visit(p.page("settings"))
	p.tab.Send(`a[href$="/delete"]`)
	p.tab.Fill("#confirm", name)
	p.tab.Send(".button.danger")
	if path := strings.SplitN(p.tab.Path(), "?", 2)[0]; path != "/dashboard" {
		p.t.Errorf("deleting leads to %s", path)
	}
	p.tab.Shows("Nothing here yet")
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "docker", "ps", "-aq", "--filter", "label=paastech.project="+p.id).Output()
	if err != nil || len(out) > 0 {
		p.t.Errorf("of the deleted project are left: %s %v", out, err)
	}
	p.check()
}
