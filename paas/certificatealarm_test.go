package paas_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// TestAlarmBeforeACertificateEnds: administrators, and nobody else, are told once a week of a certificate
// that ends and is not renewed, and again when it happens anew.
func TestAlarmBeforeACertificateEnds(t *testing.T) {
	router := &fakeRouter{routes: map[paas.Hostname]paas.Route{}}
	tw := newTown(t, func(o *paas.Options) { o.Router = router })
	_, err := tw.CreateUser(t.Context(), paas.NewUser{Username: "boss", Email: "boss@example.com", Password: "a fine day"})
	tw.must(err)
	_, err = tw.SetAdmin(t.Context(), "boss", true)
	tw.must(err)
	tw.post()
	soon, fresh := tw.now.Add(10*24*time.Hour), tw.now.Add(80*24*time.Hour)
	certificates := func(all ...paas.Certificate) { router.certificates = all }
	told := func() []paas.Mail {
		t.Helper()
		tw.Clean(t.Context())
		return tw.post()
	}

	certificates(paas.Certificate{Name: "fine.example.com", NotAfter: fresh}, paas.Certificate{Name: "renews.example.com", NotAfter: soon, Managed: true})
	if mails := told(); len(mails) != 0 {
		t.Errorf("told of nothing: %+v", mails)
	}
	certificates(
		paas.Certificate{Name: "file.example.com", NotAfter: soon},
		paas.Certificate{Name: "fails.example.com", NotAfter: soon, Managed: true, Error: "no such zone"},
	)
	mails := told()
	if len(mails) != 2 {
		t.Fatalf("%d mails: %+v", len(mails), mails)
	}
	slices.SortFunc(mails, func(a, b paas.Mail) int { return strings.Compare(b.Detail, a.Detail) })
	for i, want := range []string{"The certificate of file.example.com ends on", "no such zone."} {
		if mails[i].Kind != paas.MailCertificate || mails[i].To != "boss@example.com" || !strings.Contains(mails[i].Detail, want) {
			t.Errorf("mail %+v does not tell boss of %q", mails[i], want)
		}
	}
	overview, err := tw.Overview(t.Context())
	tw.must(err)
	if len(overview.Concerns) != 2 || overview.Concerns[0].About != paas.AboutCertificate {
		t.Errorf("concerns %+v", overview.Concerns)
	}
	tw.now = tw.now.Add(24 * time.Hour)
	if mails := told(); len(mails) != 0 {
		t.Errorf("told again after a day: %+v", mails)
	}
	tw.now = tw.now.Add(6 * 24 * time.Hour)
	if mails := told(); len(mails) != 2 {
		t.Errorf("a week later %d mails", len(mails))
	}
	certificates(paas.Certificate{Name: "file.example.com", NotAfter: fresh})
	told()
	certificates(paas.Certificate{Name: "file.example.com", NotAfter: tw.now.Add(-time.Hour)})
	if mails := told(); len(mails) != 1 || !strings.Contains(mails[0].Detail, "has ended") {
		t.Errorf("told anew: %+v", mails)
	}
}
