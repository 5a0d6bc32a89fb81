package gitserver_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/paastech-cloud/paastech/gitserver"
)

// T23: whatever is asked for, nothing but git's two commands on an own project is ever executed. The
// canary is a file that any shell, anywhere on the way, would make.
func TestHostileCommands(t *testing.T) {
	w := newWorld(t, nil)
	ada, eve := w.person("ada"), w.person("eve")
	secret := ada.project("secret")
	eve.project("own")
	client, err := dial(w, eve.signer("id"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	canary := filepath.Join(w.dir, "canary")
	touch := "touch " + canary
	for _, command := range []string{
		touch, "git-receive-pack '/eve/own.git'; " + touch, "git-receive-pack $(" + touch + ")", "git-receive-pack '/eve/own.git'\n" + touch,
		"git-receive-pack '/eve/own.git' && " + touch, "git-receive-pack `" + touch + "`", "git-receive-pack '/eve/own.git\x00'", "git-upload-pack '--upload-pack=" + touch + "' '/eve/own.git'",
		"git-receive-pack '-h'", "git-receive-pack '--help'", "git-upload-pack '/eve/../ada/secret.git'", "git-upload-pack '../../../../etc'",
		"git-upload-pack '/etc'", "git-upload-pack '" + w.repository(secret) + "'", "git-upload-pack '/.hooks'", "git-upload-archive '/eve/own.git'",
		"sh", "bash -i", "scp -t /", "rsync --server . /", "git-shell", "git -c core.sshCommand=x upload-pack '/eve/own.git'", "", " ",
		"git-receive-pack '/eve/own.git' 'x'", "git-receive-pack\t'/eve/own.git'", "GIT-UPLOAD-PACK '/eve/own.git'", "git-receive-pack \"/eve/own.git\"",
		"git-lfs-authenticate eve/own.git download", "git-upload-pack '/eve/own.git/objects'", strings.Repeat("git-upload-pack ", 1000),
	} {
		if out, code := execute(t, client, command); code != 1 || strings.Count(strings.TrimSpace(out), "\n") != 0 || !strings.HasPrefix(out, "E_") {
			t.Errorf("%q: exit %d, %q", command, code, out)
		}
	}
	if _, err := os.Stat(canary); err == nil {
		t.Error("something ran a shell")
	}
	refuseOtherChannels(t, client)
}

func refuseOtherChannels(t *testing.T, client *ssh.Client) {
	t.Helper()
	if conn, err := client.Dial("tcp", "127.0.0.1:22"); err == nil {
		conn.Close()
		t.Error("a connection was forwarded")
	}
	if listener, err := client.Listen("tcp", "127.0.0.1:0"); err == nil {
		listener.Close()
		t.Error("a port was forwarded")
	}
	for _, channel := range []string{"x11", "auth-agent@openssh.com", "direct-streamlocal@openssh.com", "tun@openssh.com"} {
		if opened, _, err := client.OpenChannel(channel, nil); err == nil {
			opened.Close()
			t.Errorf("a channel %s was opened", channel)
		}
	}
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if session.RequestPty("xterm", 1, 1, nil) == nil || session.Setenv("LD_PRELOAD", "/x") == nil || session.Setenv("GIT_PROTOCOL", "version=2:x") == nil {
		t.Error("a terminal or a variable was accepted")
	}
	if session.Setenv("GIT_PROTOCOL", "version=2") != nil {
		t.Error("git's own variable was refused")
	}
}

func TestThereIsNoSFTP(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	out, code := ada.run(ada.command("", "ssh", append(ada.ssh()[1:], "-p", port(w), "-s", "git@127.0.0.1", "sftp")...))
	if code != 1 || !strings.HasPrefix(out, "E_NO_SUCH_COMMAND: ") {
		t.Errorf("exit %d, %q", code, out)
	}
}

// Someone else's project answers exactly as a missing one does, by name and by id, to administrators too.
func TestForeignProjectsAreMissing(t *testing.T) {
	w := newWorld(t, nil)
	ada, eve := w.person("ada"), w.person("eve")
	secret := ada.project("secret")
	client, err := dial(w, eve.signer("id"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	missing, code := execute(t, client, "git-receive-pack '/ada/nothing.git'")
	if code != 1 || !strings.HasPrefix(missing, "E_NOT_FOUND: ") {
		t.Errorf("exit %d, %q", code, missing)
	}
	for _, path := range []string{"/ada/secret.git", string(secret.ID), string(secret.ID) + ".git", newID(t), "/nobody/secret", "/eve/secret"} {
		for _, verb := range []string{"git-receive-pack", "git-upload-pack"} {
			if out, code := execute(t, client, fmt.Sprintf("%s '%s'", verb, path)); out != missing || code != 1 {
				t.Errorf("%s %s: exit %d, %q", verb, path, code, out)
			}
		}
	}
}

// Every way to write the address of an own project works.
func TestAddresses(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	for _, path := range []string{"ada/shop", "/ada/shop/", "ada/shop.git", "/ada/shop.git/", "/Ada/shop.git", string(project.ID), "/" + string(project.ID) + ".git"} {
		ada.git("", "ls-remote", "ssh://git@"+w.server.PublicAddress()+"/"+strings.TrimPrefix(path, "/"))
	}
}

// T25: objects that would write into .git, or out of the tree, are refused by git itself.
func TestMalformedObjectsAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	blob := ada.git(dir, "hash-object", "-w", "index.js")
	modules := filepath.Join(dir, "modules")
	if err := os.WriteFile(modules, []byte("[submodule \"x\"]\n\tpath = x\n\turl = ext::sh -c touch% /tmp/x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	evil := ada.git(dir, "hash-object", "-w", modules)
	tree := func(name, id string) string { return rawTree(t, ada, dir, "100644", name, id) }
	sub := tree("config", blob)
	for name, root := range map[string]string{
		".git directory":   rawTree(t, ada, dir, "40000", ".git", sub),
		".GIT directory":   rawTree(t, ada, dir, "40000", ".GIT", sub),
		"dot dot":          rawTree(t, ada, dir, "40000", "..", sub),
		"dot":              rawTree(t, ada, dir, "40000", ".", sub),
		"slash in a name":  tree("../../escaped", blob),
		"absolute":         tree("/etc/escaped", blob),
		"ext:: submodules": tree(".gitmodules", evil),
	} {
		commit := ada.git(dir, "commit-tree", "-m", "evil", root)
		out, code := ada.try(dir, "push", "--force", "paastech", commit+":refs/heads/main")
		if code == 0 {
			t.Errorf("%s was accepted:\n%s", name, out)
		}
	}
	if n := w.builder.count(); n != 0 || w.branch(project, "main") != "" || len(w.quarantines()) != 0 {
		t.Errorf("%d builds, main at %q, left: %v", n, w.branch(project, "main"), w.quarantines())
	}
	w.fsck(project)
}

// rawTree writes a tree object with one entry, whatever its name.
func rawTree(t *testing.T, p *person, dir, mode, name, id string) string {
	t.Helper()
	binary := make([]byte, len(id)/2)
	if _, err := fmt.Sscanf(id, "%x", &binary); err != nil {
		t.Fatal(err)
	}
	return rawObject(t, p, dir, "tree", mode+" "+name+"\x00"+string(binary))
}

func rawObject(t *testing.T, p *person, dir, kind, content string) string {
	t.Helper()
	cmd := p.command(dir, "git", "hash-object", "-t", kind, "-w", "--literally", "--stdin")
	cmd.Stdin = strings.NewReader(content)
	out, code := p.run(cmd)
	if code != 0 {
		t.Fatal(out)
	}
	return strings.TrimSpace(out)
}

// T24: a push over the limit ends soon after it, with a sentence, and its bytes are gone.
func TestTooLargePushIsRejected(t *testing.T) {
	w := newWorld(t, func(o *gitserver.Options) { o.MaxPush = 1 << 20 })
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	ada.large(dir, 40)
	begin := time.Now()
	out, code := ada.try(dir, "push", "paastech", "main")
	if code == 0 {
		t.Error("accepted")
	}
	contains(t, out, "E_SOURCE_TOO_LARGE: The push has more than 1 MiB")
	if took := time.Since(begin); os.Getenv("PAASTECH_SOAK") != "" && took > 4*time.Second {
		t.Errorf("took %v", took)
	}
	until(t, "the disk is back", func() bool { return len(w.quarantines()) == 0 })
	w.fsck(project)
}
