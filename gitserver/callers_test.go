package gitserver_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/paastech-cloud/paastech/paas"
)

// The callers of the table: each has a connection, or is not let in at all.
const (
	noKey      = "no key"
	unknownKey = "unknown key"
	removedKey = "key removed"
	deleted    = "user deleted"
	otherUser  = "other user"
	admin      = "admin"
	owner      = "owner"
)

// outcomes of a request, as a client sees them.
const (
	closed  = "closed"  // there is no connection to ask on
	served  = "served"  // git speaks
	missing = "missing" // E_NOT_FOUND, word for word as of a project that is not there
	refused = "refused"
)

// gitSpeaks is how git's protocol begins: the length of a line, an object's name. What git says of a
// client that hung up travels beside it and may be read first.
var gitSpeaks = regexp.MustCompile(`(?m)^[0-9a-f]{4}[0-9a-f]{40} `)

// TestEveryVerbForEveryCaller asks for everything that SSH knows as everybody who may come, and
// compares with what is declared here: git's two commands for the owner, nothing for anyone else.
func TestEveryVerbForEveryCaller(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	ada.git(ada.repositoryFor(ada.project("shop")), "push", "paastech", "main")
	connections := w.callers(t, ada)
	notThere := map[string]string{}
	for caller, connection := range connections {
		if connection != nil {
			notThere[caller], _ = execute(t, connection, "git-receive-pack '/ada/none.git'")
		}
	}
	verbs := w.verbs()
	for _, caller := range []string{noKey, unknownKey, removedKey, deleted, otherUser, admin, owner} {
		for _, verb := range verbs {
			want := declared(caller, verb.name)
			got := closed
			if connection := connections[caller]; connection != nil {
				got = verb.ask(t, connection, notThere[caller])
			}
			t.Logf("%-12s %-28s %s", caller, verb.name, got)
			if got != want {
				t.Errorf("%s asks for %s: %s, want %s", caller, verb.name, got, want)
			}
		}
	}
}

// declared is who may do what: the whole rule.
func declared(caller, verb string) string {
	isGit := verb == "git-receive-pack" || verb == "git-upload-pack"
	switch {
	case caller == noKey || caller == unknownKey:
		return closed
	case isGit && caller == owner:
		return served
	case isGit && (caller == otherUser || caller == admin):
		return missing
	}
	return refused
}

// callers connects everybody; nil is a caller who is not let in.
func (w *world) callers(t *testing.T, ada *person) map[string]*ssh.Client {
	connect := func(signers ...ssh.Signer) *ssh.Client {
		connection, err := dial(w, signers...)
		if err != nil {
			return nil
		}
		t.Cleanup(func() { connection.Close() })
		return connection
	}
	eve, root, gone := w.person("eve"), w.person("root"), w.person("gone")
	if err := w.store.SetAdmin(t.Context(), root.user.ID, true); err != nil {
		t.Fatal(err)
	}
	ada.newKey("unknown")
	lost := ada.addKey(ada.newKey("lost"))
	connections := map[string]*ssh.Client{
		noKey: connect(), unknownKey: connect(ada.signer("unknown")), removedKey: connect(ada.signer("lost")),
		deleted: connect(gone.signer("id")), otherUser: connect(eve.signer("id")), admin: connect(root.signer("id")), owner: connect(ada.signer("id")),
	}
	// The connections of these two are older than what happens to them.
	if err := w.platform.RemoveKey(t.Context(), ada.user.ID, lost.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.platform.DeleteUser(t.Context(), gone.user.Username); err != nil {
		t.Fatal(err)
	}
	return connections
}

type verb struct {
	name string
	ask  func(t *testing.T, connection *ssh.Client, notThere string) string
}

func (w *world) verbs() []verb {
	command := func(name, line string) verb {
		return verb{name, func(t *testing.T, connection *ssh.Client, notThere string) string {
			out, code := execute(t, connection, line)
			switch {
			case gitSpeaks.MatchString(out):
				return served
			case out == notThere && strings.HasPrefix(out, string(paas.ENotFound)):
				return missing
			case code != 0:
				return refused
			}
			return fmt.Sprintf("exit 0 and %q", out)
		}}
	}
	request := func(name string, ask func(*ssh.Session) error) verb {
		return verb{name, func(t *testing.T, connection *ssh.Client, _ string) string {
			session, err := connection.NewSession()
			if err != nil {
				return refused
			}
			defer session.Close()
			return unless(ask(session))
		}}
	}
	channel := func(name string, payload []byte) verb {
		return verb{"channel " + name, func(t *testing.T, connection *ssh.Client, _ string) string {
			opened, _, err := connection.OpenChannel(name, payload)
			if err == nil {
				opened.Close()
			}
			return unless(err)
		}}
	}
	return []verb{
		command("git-receive-pack", "git-receive-pack '/ada/shop.git'"), command("git-upload-pack", "git-upload-pack '/ada/shop.git'"),
		command("git-upload-archive", "git-upload-archive '/ada/shop.git'"), command("git-lfs-authenticate", "git-lfs-authenticate ada/shop.git upload"),
		command("a program", "id"), command("nothing", ""),
		request("shell", func(s *ssh.Session) error {
			if err := s.Shell(); err != nil {
				return err
			}
			return s.Wait()
		}),
		request("terminal", func(s *ssh.Session) error { return s.RequestPty("xterm", 24, 80, nil) }),
		request("variable", func(s *ssh.Session) error { return s.Setenv("LD_PRELOAD", "/tmp/x.so") }),
		request("agent forwarding", func(s *ssh.Session) error { return granted(s.SendRequest("auth-agent-req@openssh.com", true, nil)) }),
		request("x11 forwarding", func(s *ssh.Session) error { return granted(s.SendRequest("x11-req", true, nil)) }),
		request("sftp", func(s *ssh.Session) error {
			if err := s.RequestSubsystem("sftp"); err != nil {
				return err
			}
			return s.Wait()
		}),
		{"port forwarding to here", func(t *testing.T, connection *ssh.Client, _ string) string {
			listener, err := connection.Listen("tcp", "127.0.0.1:0")
			if err == nil {
				listener.Close()
			}
			return unless(err)
		}},
		channel("direct-tcpip", ssh.Marshal(struct {
			Host   string
			Port   uint32
			Origin string
			From   uint32
		}{"127.0.0.1", 22, "127.0.0.1", 1})),
		channel("direct-streamlocal@openssh.com", nil), channel("tun@openssh.com", nil), channel("x11", nil),
	}
}

func unless(err error) string {
	if err != nil {
		return refused
	}
	return "allowed"
}

func granted(ok bool, err error) error {
	if err == nil && !ok {
		return fmt.Errorf("not granted")
	}
	return err
}
