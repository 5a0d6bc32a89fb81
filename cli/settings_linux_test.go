package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

func TestWrongValuesNameTheirKey(t *testing.T) {
	for content, says := range map[string]string{
		"ingress: {mode: nginx}":                                          "ingress.mode",
		"ingress: {mode: traefik, listenTLS: ':443'}":                     "ingress.listenTLS",
		"ingress: {mode: traefik, traefik: {version: 1}}":                 "ingress.traefik.version",
		"ingress: {connectionsPerAddress: -1}":                            "ingress.connectionsPerAddress",
		"ingress: {accessLog: {sample: 2}}":                               "ingress.accessLog.sample",
		"ingress: {proxyProtocol: [somewhere]}":                           "ingress.proxyProtocol",
		"accounts: {registration: maybe}":                                 "accounts.registration",
		"accounts: {unverifiedTTL: -1h}":                                  "accounts.unverifiedTTL",
		"accounts: {challenge: captcha}":                                  "accounts.challenge",
		"limits: {perUser: {projects: -1}}":                               "limits.perUser.projects",
		"limits: {perUser: {memory: much}}":                               "limits.perUser.memory",
		"limits: {perUser: {disk: -3GiB}}":                                "limits.perUser.disk",
		"mail: {smtp: {host: a.example.com}}":                             "mail.from",
		"mail: {from: x@example.com, linkBase: nowhere}":                  "mail.linkBase",
		"mail: {from: x@y.z, smtp: {host: a.example, encryption: rot13}}": "mail.smtp.encryption",
	} {
		config, err := loadConfig(writeConfig(t, content), nil)
		if err != nil {
			t.Fatalf("%s: %v", content, err)
		}
		if _, err := config.settings(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want …%s…", content, err, says)
		}
	}
}

func TestAccountsAsConfigured(t *testing.T) {
	config, err := loadConfig(writeConfig(t, "accounts: {registration: open, challenge: proof-of-work}\nlimits: {perUser: {memory: 2GiB, builds: 1}}\n"),
		[]string{"PAASTECH_MAIL_SMTP_PASSWORD=hunter22"})
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%v %+v", config, config); strings.Contains(text, "hunter22") || config.Mail.SMTP.Password.Reveal() != "hunter22" {
		t.Errorf("the password of the mail server: %s", text)
	}
	config.Mail.SMTP.Password = ""
	s, err := config.settings()
	if err != nil {
		t.Fatal(err)
	}
	if s.limits != (paas.UserLimits{Memory: 2 << 30, Builds: 1}) || s.appMemory != 512<<20 || s.accounts.Registration != paas.RegistrationOpen || s.accounts.Challenge == nil {
		t.Errorf("%+v", s)
	}
	if !s.accounts.IsCommon("123456") || !s.accounts.IsCommon("PassWord") || s.accounts.IsCommon("correct horse battery") {
		t.Error("which passwords are common")
	}
}
