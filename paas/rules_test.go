package paas

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func TestStatesOfADeployment(t *testing.T) {
	all := []State{Queued, Building, Starting, Live, Superseded, Failed, Aborted}
	legal := map[[2]State]bool{
		{Queued, Building}: true, {Queued, Starting}: true, {Queued, Failed}: true, {Queued, Aborted}: true,
		{Building, Starting}: true, {Building, Failed}: true, {Building, Aborted}: true,
		{Starting, Live}: true, {Starting, Failed}: true, {Starting, Aborted}: true,
		{Live, Superseded}: true,
	}
	for _, from := range all {
		for _, to := range all {
			d := Deployment{State: from}
			if err := d.Advance(to, time.Now()); (err == nil) != legal[[2]State{from, to}] {
				t.Errorf("%s -> %s: %v", from, to, err)
			}
		}
	}
}

func TestDiagnoses(t *testing.T) {
	loopback := []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:3000")}
	everywhere := []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:8080")}
	plain := Probe{Ports: []int{8080, 80}, Deadline: time.Minute}
	for _, test := range []struct {
		seen Readiness
		code Code
		says string
	}{
		{Readiness{Listeners: everywhere}, ENoPort, "on 127.0.0.1:8080 only, where nothing outside"},
		{Readiness{}, ENoPort, "never listened on $PORT (8080) within 1m0s. Listen on 0.0.0.0:$PORT."},
		{Readiness{Listeners: loopback}, ENoPort, "it listened on 127.0.0.1:3000. Listen on 0.0.0.0:$PORT."},
		{Readiness{Status: 500, Connected: true}, EUnhealthy, "answered 500 on port 8080"},
		{Readiness{Connected: true}, ENoAnswer, "no complete HTTP answer"},
		{Readiness{Ended: true}, EExited, "exit code 0"},
		{Readiness{Ended: true, ExitCode: 3}, ECrashed, "exit code 3"},
		{Readiness{Ended: true, ExitCode: 139}, ECrashed, "signal 11 (segmentation fault)"},
		{Readiness{Ended: true, ExitCode: 127}, ECommandNotFound, "start command was not found"},
		{Readiness{Ended: true, ExitCode: 137, OOMKilled: true}, EOutOfMemory, "more memory than its limit"},
	} {
		got := diagnoseStart(test.seen, WebProcess, plain, nil)
		if got.Code != test.code || !strings.Contains(got.Message, test.says) {
			t.Errorf("%+v: %s %q, want %s …%q…", test.seen, got.Code, got.Message, test.code, test.says)
		}
	}
}

func TestDiagnosesOfHealthChecksAndLogs(t *testing.T) {
	health := Probe{Ports: []int{8080, 80}, Deadline: time.Minute, Path: "/up"}
	ended := Readiness{Ended: true, ExitCode: 1}
	for _, test := range []struct {
		seen    Readiness
		process string
		lines   []string
		code    Code
		says    string
	}{
		{Readiness{Status: 404, Connected: true}, "web", nil, EHealthPath, "answered 404 at its health check /up"},
		{Readiness{Status: 401, Connected: true}, "web", nil, EHealthPath, "answered 401"},
		{Readiness{Status: 503, Connected: true}, "web", nil, EUnhealthy, "answered 503 at its health check /up"},
		{Readiness{Connected: true}, "web", nil, EHealthSlow, "did not answer its health check /up in time"},
		{ended, "web", []string{"Error: Cannot find module 'express'", "at Module._resolve"}, EMissingModule, "needs express, which"},
		{ended, "web", []string{"ModuleNotFoundError: No module named 'flask'"}, EMissingModule, "needs flask"},
		{ended, "web", []string{"exec /cnb/process/web: exec format error"}, EWrongArch, "another kind of processor"},
		{ended, "web", []string{"Error: ENOSPC: no space left on device, write"}, EDiskFull, "no space left"},
		{Readiness{Ended: true, ExitCode: 126}, "web", nil, ENotExecutable, "cannot be executed"},
		{Readiness{Ended: true, ExitCode: 127}, "web", nil, ECommandNotFound, "was not found"},
		{Readiness{Ended: true, ExitCode: 82}, "web", []string{`ERROR: failed to launch: path lookup: exec: "nope": executable file not found in $PATH`}, ECommandNotFound, "was not found"},
		{Readiness{Ended: true, ExitCode: 82}, "web", []string{"ERROR: failed to launch: direct exec: permission denied"}, ENotExecutable, "cannot be executed"},
		{Readiness{Ended: true}, "worker", nil, EExited, "the process worker ended by itself (exit code 0)"},
		{ended, "worker", nil, ECrashed, "the process worker ended with exit code 1"},
	} {
		got := diagnoseStart(test.seen, test.process, health, test.lines)
		if got.Code != test.code || !strings.Contains(got.Message, test.says) {
			t.Errorf("%+v: %s %q, want %s …%q…", test.seen, got.Code, got.Message, test.code, test.says)
		}
	}
}

func TestProjectNames(t *testing.T) {
	for _, name := range []string{"a", "hello-node", "a1", strings.Repeat("x", 40)} {
		if err := ValidateProjectName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", "-a", "a-", "A", "1a", "a_b", "a b", "a;b", "$(id)", "a\nb", "a\x00b", "../a", "ä", strings.Repeat("x", 41)} {
		if err := ValidateProjectName(name); !IsKind(err, Invalid) {
			t.Errorf("%q was taken: %v", name, err)
		}
	}
}

func TestEnvRules(t *testing.T) {
	many := Env{}
	for i := range MaxEnvVars + 1 {
		many[fmt.Sprintf("K%d", i)] = ""
	}
	for name, test := range map[string]struct {
		env  Env
		good bool
	}{
		"plain":     {Env{"A": "b", "_x": "$(id); `id`\n'\"", "PORT": "80"}, true},
		"long":      {Env{"A": Secret(strings.Repeat("x", MaxEnvValue))}, true},
		"too long":  {Env{"A": Secret(strings.Repeat("x", MaxEnvValue+1))}, false},
		"nul":       {Env{"A": "a\x00b"}, false},
		"key":       {Env{"A B": ""}, false},
		"key =":     {Env{"A=B": ""}, false},
		"empty key": {Env{"": ""}, false},
		"long key":  {Env{strings.Repeat("K", MaxEnvKey+1): ""}, false},
		"ours":      {Env{"PAASTECH_INSTANCE": ""}, false},
		"port 0":    {Env{"PORT": "0"}, false},
		"port":      {Env{"PORT": "80; id"}, false},
		"many":      {many, false},
	} {
		if err := test.env.Validate(); (err == nil) != test.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	var log strings.Builder
	env := Env{"KEY": "canary-1234"}
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("x", "secret", env["KEY"], "env", env, "user", User{PasswordHash: "canary-1234"}.PasswordHash)
	printed := fmt.Sprintf("%v %+v %#v %s %q", env, env, env, env["KEY"], env["KEY"])
	if strings.Contains(printed, "canary") {
		t.Errorf("printed %s", printed)
	}
	if strings.Contains(log.String(), "canary") {
		t.Errorf("logged %s", log.String())
	}
}

func TestKeysThatAreTaken(t *testing.T) {
	line := authorizedKey(t, ed25519Key(t))
	key, err := ParseSSHKey(line+" ada@home", "")
	if err != nil || key.Name != "ada@home" || key.Value != line || !strings.HasPrefix(key.Fingerprint, "SHA256:") {
		t.Errorf("%+v, %v", key, err)
	}
	if key, err := ParseSSHKey(line, "laptop"); err != nil || key.Name != "laptop" {
		t.Errorf("%+v, %v", key, err)
	}
	strong, _ := rsa.GenerateKey(rand.Reader, 3072)
	if _, err := ParseSSHKey(authorizedKey(t, &strong.PublicKey), ""); err != nil {
		t.Error(err)
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	weak, _ := rsa.GenerateKey(rand.Reader, 2048)
	good := authorizedKey(t, ed25519Key(t))
	for name, line := range map[string]string{
		"nothing":  "",
		"words":    "hello there",
		"rsa 2048": authorizedKey(t, &weak.PublicKey),
		"dsa":      dsaLine(),
		"private":  "-----BEGIN OPENSSH PRIVATE KEY-----",
		"options":  `command="id" ` + good,
		"two":      good + "\n" + good,
		"nul":      good + "\x00",
		"huge":     good + strings.Repeat(" x", maxKeyLine),
	} {
		began := time.Now()
		if _, err := ParseSSHKey(line, ""); !IsKind(err, Invalid) {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
	if _, err := ParseSSHKey(good, strings.Repeat("x", MaxKeyName+1)); !IsKind(err, Invalid) {
		t.Errorf("long name: %v", err)
	}
}

func ed25519Key(t *testing.T) any {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// dsaLine is a DSA key in authorized_keys form (RFC 4253, section 6.6); its numbers mean nothing.
func dsaLine() string {
	number := new(big.Int).Lsh(big.NewInt(1), 1023)
	wire := ssh.Marshal(struct {
		Name       string
		P, Q, G, Y *big.Int
	}{"ssh-dss", number, new(big.Int).Lsh(big.NewInt(1), 159), big.NewInt(2), big.NewInt(3)})
	return "ssh-dss " + base64.StdEncoding.EncodeToString(wire)
}

func authorizedKey(t *testing.T, public any) string {
	t.Helper()
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

func TestPasswords(t *testing.T) {
	hash := HashPassword("correct horse")
	if !strings.HasPrefix(hash.Reveal(), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %s", hash.Reveal())
	}
	if !CheckPassword(hash, "correct horse") || CheckPassword(hash, "correct horse ") || CheckPassword("", "") {
		t.Error("a password is not told from another")
	}
	long := Secret(strings.Repeat("x", 128))
	if CheckPassword(HashPassword(long), long[:72]) {
		t.Error("only the first 72 bytes of a password count")
	}
}
