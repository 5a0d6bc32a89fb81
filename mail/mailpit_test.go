package mail_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	netmail "net/mail"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/mail"
)

// mailpit is a real mail server that keeps what it is given.
type mailpit struct {
	t    *testing.T
	api  string
	port int
}

// received is a mail as Mailpit's API tells it.
type received struct {
	ID        string
	MessageID string
	Subject   string
	From      netmail.Address
	To        []netmail.Address
	HTML      string
	Text      string
}

func startMailpit(t *testing.T, flags ...string) *mailpit {
	t.Helper()
	smtp, web := freePort(t), freePort(t)
	var output bytes.Buffer
	process := exec.Command(made.mailpit, append([]string{
		"--smtp", smtp.String(), "--listen", web.String(), "--database", filepath.Join(t.TempDir(), "mails.db"),
		"--disable-version-check", "--smtp-disable-rdns",
	}, flags...)...)
	process.Stdout, process.Stderr = &output, &output
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := process.Wait(); t.Failed() {
			t.Logf("Mailpit (%v):\n%s", err, &output)
		}
	})
	server := &mailpit{t, "http://" + web.String(), smtp.Port}
	server.await(smtp.String())
	return server
}

// freePort finds one that nobody listens on just now: Mailpit does not tell which it got.
func freePort(t *testing.T) *net.TCPAddr {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr)
}

func (s *mailpit) await(smtp string) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		answer, err := http.Get(s.api + "/readyz")
		if err != nil {
			continue
		}
		answer.Body.Close()
		connection, err := net.Dial("tcp", smtp)
		if err != nil {
			continue
		}
		connection.Close()
		if answer.StatusCode == http.StatusOK {
			return
		}
	}
	s.t.Fatal("Mailpit did not start")
}

func (s *mailpit) options() mail.Options {
	return mail.Options{
		Host: "127.0.0.1", Port: s.port, Encryption: mail.None, From: "PaaSTech <no-reply@paas.example.com>",
		LinkBase: "https://paas.example.com", Timeout: 20 * time.Second,
	}
}

func (s *mailpit) call(method, path string, body io.Reader, into any) {
	s.t.Helper()
	request, err := http.NewRequest(method, s.api+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		s.t.Fatalf("%s %s: %s %s %v", method, path, answer.Status, content, err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		s.t.Fatalf("%s %s: %v in %s", method, path, err, content)
	}
}

// inbox lists the mails that have arrived, newest first.
func (s *mailpit) inbox() []received {
	s.t.Helper()
	var list struct {
		Messages []received `json:"messages"`
	}
	s.call("GET", "/api/v1/messages", nil, &list)
	return list.Messages
}

// only reads the one mail that has arrived, with its headers, and empties the inbox.
func (s *mailpit) only() (received, netmail.Header) {
	s.t.Helper()
	inbox := s.inbox()
	if len(inbox) != 1 {
		s.t.Fatalf("%d mails have arrived, not 1", len(inbox))
	}
	var mail received
	s.call("GET", "/api/v1/message/"+inbox[0].ID, nil, &mail)
	headers := netmail.Header{}
	s.call("GET", "/api/v1/message/"+inbox[0].ID+"/headers", nil, &headers)
	request, err := http.NewRequest("DELETE", s.api+"/api/v1/messages", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	answer.Body.Close()
	return mail, headers
}

// answer makes Mailpit refuse with a code: at "Sender", "Recipient" or "Authentication".
func (s *mailpit) answer(stage, code string) {
	s.t.Helper()
	s.call("PUT", "/api/v1/chaos", strings.NewReader(`{"`+stage+`":{"ErrorCode":`+code+`,"Probability":100}}`), &struct{}{})
}
