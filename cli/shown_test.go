package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

func TestShownSettingsHaveNoSecrets(t *testing.T) {
	config := defaults()
	config.Database.URL = "postgres://ada:c4n4ry@db.example.com:5432/paas?password=c4n4ry&sslmode=require"
	config.Mail.SMTP.Password = "c4n4ry"
	config.Server.TrustedProxies = []string{"10.0.0.0/8", "192.0.2.1"}
	config.Builder.Aliases = map[string]string{"b": "2", "a": "1"}
	settings := config.shown()
	if text := fmt.Sprintf("%+v", settings); strings.Contains(text, "c4n4ry") {
		t.Errorf("a secret is shown: %s", text)
	}
	for _, want := range []paas.Setting{
		{Name: "dataDir", Value: "data", Default: true},
		{Name: "database.url", Value: "postgres://db.example.com:5432/paas"},
		{Name: "mail.smtp.password", Secret: true},
		{Name: "server.trustedProxies", Value: "10.0.0.0/8, 192.0.2.1"},
		{Name: "builder.aliases", Value: "a = 1, b = 2"},
		{Name: "builder.timeout", Value: "15m", Default: true},
		{Name: "builder.caBundle", Default: true},
		{Name: "limits.app.pids", Value: "512", Default: true},
		{Name: "accounts.registration", Value: "invite", Default: true},
	} {
		if !slices.Contains(settings, want) {
			t.Errorf("%+v is not among %+v", want, settings)
		}
	}
}
