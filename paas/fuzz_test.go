package paas_test

import (
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// FuzzParseSSHKey reads anything as a key: what is accepted can be read again and stays the same key.
func FuzzParseSSHKey(f *testing.F) {
	for _, seed := range []string{
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdgxZWzKI9l6zfOr7hkP5QIzOUTUv5Qz8PnPZBQCUpJ ada@laptop",
		`command="sh" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdgxZWzKI9l6zfOr7hkP5QIzOUTUv5Qz8PnPZBQCUpJ`,
		"ssh-rsa AAAA", "ssh-dss AAAAB3NzaC1kc3M=", "-----BEGIN OPENSSH PRIVATE KEY-----", "", "\x00", "a\nb", strings.Repeat("A", 9000),
	} {
		f.Add(seed, "laptop")
	}
	f.Fuzz(func(t *testing.T, line, name string) {
		key, err := paas.ParseSSHKey(line, name)
		if err != nil {
			if !paas.IsKind(err, paas.Invalid) {
				t.Errorf("%q: %v", line, err)
			}
			return
		}
		again, err := paas.ParseSSHKey(key.Value, key.Name)
		if err != nil || again.Fingerprint != key.Fingerprint || strings.ContainsAny(key.Value, "\r\n\x00") {
			t.Errorf("%q became %q, then %v, %v", line, key.Value, again, err)
		}
	})
}

// FuzzEnv checks any variable: one that is accepted makes one line of a process environment.
func FuzzEnv(f *testing.F) {
	for _, seed := range [][2]string{{"A", "1"}, {"PORT", "80"}, {"PORT", "0"}, {"PAASTECH_X", ""}, {"A=B", ""}, {"$(id)", "`id`"}, {"A", "\x00"}, {"é", "é"}, {"A", "a\nB=2"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		env := paas.Env{key: paas.Secret(value)}
		if err := env.Validate(); err != nil {
			if !paas.IsKind(err, paas.Invalid) {
				t.Errorf("%q=%q: %v", key, value, err)
			}
			return
		}
		lines := env.Lines()
		if len(lines) != 1 || strings.ContainsRune(lines[0], 0) || !strings.HasPrefix(lines[0], key+"=") || strings.ContainsAny(key, "=\n ") {
			t.Errorf("%q=%q makes %q", key, value, lines)
		}
		if port := env.Port(); port < 1 || port > 65535 {
			t.Errorf("%q=%q makes port %d", key, value, port)
		}
	})
}
