package gitserver

import (
	"regexp"
	"testing"
)

func TestParseCommand(t *testing.T) {
	for line, want := range map[string]command{
		"git-receive-pack '/ada/shop.git'": {receivePack, "/ada/shop.git"},
		"git-upload-pack '/ada/shop.git'":  {uploadPack, "/ada/shop.git"},
		"git receive-pack '/ada/shop.git'": {receivePack, "/ada/shop.git"},
		"git upload-pack ada/shop":         {uploadPack, "ada/shop"},
		"git-upload-pack 'shop_1-a.git/'":  {uploadPack, "shop_1-a.git/"},
	} {
		if got, ok := parseCommand(line); !ok || got != want {
			t.Errorf("%q: %v, %v", line, got, ok)
		}
	}
	for _, line := range hostileCommands() {
		if got, ok := parseCommand(line); ok {
			t.Errorf("%q was read as %v", line, got)
		}
	}
}

// hostileCommands are refused whoever sends them.
func hostileCommands() []string {
	return []string{
		"", " ", "git-receive-pack", "git-receive-pack ", "git-receive-pack ''", "git-receive-pack  '/a'", " git-receive-pack '/a'",
		"git-receive-pack '/a' ", "git-receive-pack '/a' '/b'", "git-receive-pack '/a'; id", "git-receive-pack '/a';id", "git-receive-pack '/a'&&id",
		"git-receive-pack '/a'|id", "git-receive-pack $(id)", "git-receive-pack '$(id)'", "git-receive-pack `id`", "git-receive-pack '/a\n/b'",
		"git-receive-pack '/a'\nid", "git-receive-pack '/a\x00/b'", "git-receive-pack '/a'\x00", "git-receive-pack '../../etc'", "git-receive-pack '/a/../b'",
		"git-receive-pack ..", "git-receive-pack '-h'", "git-receive-pack -h", "git-receive-pack '--help'", "git-receive-pack --stateless-rpc '/a'",
		"git-upload-pack --upload-pack=id '/a'", "git-upload-pack '/a'\\''id'", "git-upload-pack \"/a\"", "git-upload-pack '/a", "git-upload-pack /a'",
		"git-upload-archive '/a'", "git-shell", "git", "git -c core.sshCommand=id receive-pack '/a'", "git --exec-path=/tmp receive-pack '/a'",
		"/usr/bin/git-receive-pack '/a'", "./git-receive-pack '/a'", "GIT-RECEIVE-PACK '/a'", "git-receive-pack\t'/a'", "scp -t /tmp", "rsync --server . /",
		"sh -c id", "id", "env", "git-receive-pack 'C:\\a'", "git-receive-pack '/a%2e%2e'", "git-receive-pack '/é'", "git-receive-pack '/a\xff'", "\xff\xfe",
	}
}

var harmless = regexp.MustCompile(`^[A-Za-z0-9_./~][A-Za-z0-9_./~-]*$`)

// FuzzParseCommand: whatever a client sends, what comes out is one of two verbs and a harmless path.
func FuzzParseCommand(f *testing.F) {
	f.Add("git-receive-pack '/ada/shop.git'")
	f.Add("git upload-pack ada/shop")
	for _, line := range hostileCommands() {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got, ok := parseCommand(line)
		if !ok {
			return
		}
		if got.verb != receivePack && got.verb != uploadPack || !harmless.MatchString(got.path) {
			t.Errorf("%q gave %v", line, got)
		}
		if line != "git-"+string(got.verb)+" '"+got.path+"'" && line != "git "+string(got.verb)+" '"+got.path+"'" &&
			line != "git-"+string(got.verb)+" "+got.path && line != "git "+string(got.verb)+" "+got.path {
			t.Errorf("%q gave %v: something was dropped", line, got)
		}
	})
}
