package gitserver_test

import (
	"crypto/dsa" //lint:ignore SA1019 the trial needs a key of the kind that is refused
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/paastech-cloud/paastech/gitserver"
	"github.com/paastech-cloud/paastech/paas"
)

// An unknown key hears its fingerprint and what to do.
func TestUnknownKeyIsToldItsFingerprint(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	stranger := ada.newKey("stranger")
	out, code := ada.run(ada.command("", "ssh", append(ada.ssh("stranger")[1:], "-p", port(w), "git@127.0.0.1")...))
	if code == 0 {
		t.Error("let in")
	}
	contains(t, out, ssh.FingerprintSHA256(stranger), "paastech keys add", "Permission denied (publickey)")
}

// Agents offer their keys in any order; the right one may be the last.
func TestManyKeysWork(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("other-%d", i))
		ada.newKey(names[i])
	}
	out, _ := ada.run(ada.command("", "ssh", append(ada.ssh(append(names, "id")...)[1:], "-p", port(w), "git@127.0.0.1")...))
	contains(t, out, "Hello ada!")
	if n := strings.Count(out, "is not known here"); n != 3 {
		t.Errorf("%d keys were named", n)
	}
}

// T21 (CVE-2024-45337): who offers a key without having it is never taken for its owner.
func TestIdentityIsTheKeyThatSigned(t *testing.T) {
	w := newWorld(t, nil)
	ada, eve := w.person("ada"), w.person("eve")
	// With only the public half there, ssh offers the key, hears that it would do, and cannot sign.
	adas := ssh.MarshalAuthorizedKey(ada.signer("id").PublicKey())
	if err := os.WriteFile(filepath.Join(eve.home, "victim.pub"), adas, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, order := range [][]string{{"victim.pub", "id"}, {"id", "victim.pub"}} {
		out, _ := eve.run(eve.command("", "ssh", append(eve.ssh(order...)[1:], "-v", "-p", port(w), "git@127.0.0.1")...))
		contains(t, out, "Hello eve!")
		if order[0] == "victim.pub" {
			contains(t, out, "Server accepts key: "+filepath.Join(eve.home, "victim.pub"))
		}
	}
	if _, err := dial(w, forger{ada.signer("id").PublicKey(), eve.signer("id")}); err == nil {
		t.Error("a key was accepted that another one signed for")
	}
	if out := hello(t, w, ada.signer("id")); !strings.Contains(out, "Hello ada!") {
		t.Errorf("the owner: %q", out)
	}
}

// forger is a signer that offers one key and signs with another.
type forger struct {
	shown ssh.PublicKey
	ssh.Signer
}

func (f forger) PublicKey() ssh.PublicKey { return f.shown }

// A key that was removed opens no session on a connection that is still there.
func TestRemovedKeyOpensNothing(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	second := ada.addKey(ada.newKey("second"))
	client, err := dial(w, ada.signer("second"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := w.platform.RemoveKey(t.Context(), ada.user.ID, second.ID); err != nil {
		t.Fatal(err)
	}
	out, code := execute(t, client, "git-upload-pack '/ada/shop'")
	if code != 1 || !strings.Contains(out, "is not known here any more") {
		t.Errorf("exit %d: %s", code, out)
	}
}

// T22: keys that are too weak, or too large to check quickly, are refused before they cost anything.
func TestBadKeysAreRefusedQuickly(t *testing.T) {
	w := newWorld(t, nil)
	for name, key := range map[string]ssh.PublicKey{
		"RSA 2048": rsaKey(t, 2048), "RSA 16384": rsaKey(t, 16384), "DSA": dsaKey(t),
	} {
		line := string(ssh.MarshalAuthorizedKey(key))
		begin := time.Now()
		if _, err := paas.ParseSSHKey(line, ""); !paas.IsCode(err, paas.EKeyRejected) {
			t.Errorf("%s was registered: %v", name, err)
		}
		if client, err := dial(w, forger{key, w.person(fmt.Sprintf("u%d", len(name))).signer("id")}); err == nil {
			client.Close()
			t.Errorf("%s was let in", name)
		}
		if took := time.Since(begin); os.Getenv("PAASTECH_SOAK") != "" && took > 100*time.Millisecond {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// rsaKey is a public key of a size without the cost of making one: nobody has the private one.
func rsaKey(t *testing.T, bits int) ssh.PublicKey {
	t.Helper()
	modulus, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), uint(bits-1)))
	if err != nil {
		t.Fatal(err)
	}
	modulus.SetBit(modulus.SetBit(modulus, bits-1, 1), 0, 1)
	key, err := ssh.NewPublicKey(&rsa.PublicKey{N: modulus, E: 65537})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func dsaKey(t *testing.T) ssh.PublicKey {
	t.Helper()
	random := func(bits int) *big.Int {
		n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), uint(bits-1)))
		if err != nil {
			t.Fatal(err)
		}
		return n.SetBit(n, bits-1, 1)
	}
	key, err := ssh.NewPublicKey(&dsa.PublicKey{Parameters: dsa.Parameters{P: random(1024), Q: random(160), G: random(1020)}, Y: random(1020)})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestHostKey(t *testing.T) {
	w := newWorld(t, nil)
	path := filepath.Join(w.dir, "host_key")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	ada := w.person("ada")
	scanned, _ := ada.run(ada.command("", "ssh-keygen", "-l", "-f", filepath.Join(ada.home, "known_hosts")))
	contains(t, scanned, w.server.HostKeys()[0].Fingerprint)
	w.stop()
	if err := os.WriteFile(path, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	repositories, err := gitserver.OpenRepositories(w.repositories())
	if err != nil {
		t.Fatal(err)
	}
	_, err = gitserver.New(w.platform, repositories, gitserver.Options{Listen: "127.0.0.1:0", HostKeyFile: path, HookSocket: filepath.Join(w.dir, "s")})
	if err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged host key: %v", err)
	}
	if content, _ := os.ReadFile(path); string(content) != "no key" {
		t.Error("a damaged host key was replaced")
	}
}

func port(w *world) string {
	_, port, _ := net.SplitHostPort(w.server.Addr().String())
	return port
}

// signer is a person's private key.
func (p *person) signer(name string) ssh.Signer {
	p.tb.Helper()
	content, err := os.ReadFile(filepath.Join(p.home, name))
	if err != nil {
		p.tb.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKey(content)
	if err != nil {
		p.tb.Fatal(err)
	}
	return signer
}

// dial connects with Go's own SSH client, which can do what OpenSSH's never would.
func dial(w *world, signers ...ssh.Signer) (*ssh.Client, error) {
	return ssh.Dial("tcp", w.server.Addr().String(), &ssh.ClientConfig{
		User: "git", Auth: []ssh.AuthMethod{ssh.PublicKeys(signers...)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second,
	})
}

// execute runs a command and returns all its output and its exit code, -1 when it had none.
func execute(tb testing.TB, client *ssh.Client, command string) (string, int) {
	tb.Helper()
	session, err := client.NewSession()
	if err != nil {
		tb.Fatal(err)
	}
	defer session.Close()
	out, err := session.CombinedOutput(command)
	return string(out), sessionCode(err)
}

func sessionCode(err error) int {
	if err == nil {
		return 0
	}
	if exit, ok := err.(*ssh.ExitError); ok {
		return exit.ExitStatus()
	}
	return -1
}

// hello asks for a shell, which is answered with the name of who asks.
func hello(t *testing.T, w *world, signers ...ssh.Signer) string {
	t.Helper()
	client, err := dial(w, signers...)
	if err != nil {
		return err.Error()
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	var out strings.Builder
	session.Stderr = &out
	if err := session.Shell(); err != nil {
		t.Fatal(err)
	}
	if code := sessionCode(session.Wait()); code != 1 {
		t.Errorf("a shell ended with %d", code)
	}
	return out.String()
}
