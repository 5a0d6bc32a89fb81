package ui_test

import (
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Keys of ada and grace.
const (
	adasKey   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMS2xLtxxxkq6qhkGQ0v9VX0mhM0hV3a2jQvZ7o2bFYl ada@laptop"
	gracesKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1QcRkDNjrmVYcE8RMWN+zpoxMJgMfMOZoStvLYNPnM grace@desk"
)

// plainAccounts and nastyAccounts are what people call what is theirs.
var (
	plainAccounts = accountWords{username: "grace", email: "grace@example.com", key: "desk", token: "CI", agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", failure: "550 5.1.1 no such user here"}
	nastyAccounts = accountWords{username: nasty, email: nasty, key: nasty, token: nasty, agent: nasty, failure: nasty}
)

type accountWords struct{ username, email, key, token, agent, failure string }

// administered makes ada an administrator of a host that is measured and has something to look at, with
// another user and with what both have. By the rules no name is nasty, which is why the store is told.
func (v *visitor) administered(said accountWords) {
	v.t.Helper()
	ctx, now := v.t.Context(), time.Now().UTC()
	v.platform.Measure = func() (paas.Capacity, error) {
		return paas.Capacity{Cores: 4, Load: 1.37, Memory: 16 << 30, MemoryFree: 9 << 30, Disk: 200 << 30, DiskFree: v.platform.DiskReserve * 3 / 2}, nil
	}
	v.platform.Settings = []paas.Setting{
		{Name: "domain", Value: "example.com"}, {Name: "server.listen", Value: "127.0.0.1:3000", Default: true}, {Name: "mail.smtp.host", Value: said.failure},
		{Name: "mail.smtp.password", Secret: true}, {Name: "limits.perUser.memory", Value: "4GiB"},
	}
	_, err := v.platform.SetAdmin(ctx, "ada", true)
	v.must(err)
	grace, err := v.platform.CreateUser(ctx, paas.NewUser{Username: "grace", Email: "grace@example.com", Password: password})
	v.must(err)
	for user, line := range map[paas.UserID]string{v.ada.ID: adasKey, grace.ID: gracesKey} {
		key, err := paas.ParseSSHKey(line, "")
		v.must(err)
		key.ID, key.User, key.Name, key.CreatedAt = paas.KeyID("key of "+user), user, said.key, now.Add(-40*24*time.Hour)
		v.must(v.store.CreateKey(ctx, key))
	}
	ends := now.AddDate(0, 3, 0)
	v.must(v.store.CreateToken(ctx, paas.APIToken{ID: "t1", User: v.ada.ID, Name: said.token, Scope: paas.ScopeDeploy, Hash: "1", CreatedAt: now, ExpiresAt: &ends, LastUsedAt: &now}))
	v.must(v.store.CreateToken(ctx, paas.APIToken{ID: "t2", User: v.ada.ID, Name: "backup", Scope: paas.ScopeRead, Hash: "2", CreatedAt: now}))
	v.must(v.store.CreateSession(ctx, paas.Session{ID: "s1", User: v.ada.ID, Origin: paas.Origin{Address: "203.0.113.7", Agent: said.agent}, CreatedAt: now.Add(-2 * time.Hour), ExpiresAt: now.Add(4 * time.Hour)}))
	v.must(v.store.CreateInvite(ctx, paas.Invite{ID: "i1", Hash: "1", Email: said.email, By: said.username, CreatedAt: now, ExpiresAt: now.Add(7 * 24 * time.Hour)}))
	v.must(v.store.EnqueueMail(ctx, paas.Mail{ID: "m1", Kind: paas.MailReset, To: said.email, State: paas.MailFailed, LastError: said.failure, NextAt: now, CreatedAt: now}))
	for n := range 60 {
		entry := paas.AuditEntry{At: now.Add(time.Duration(n-60) * time.Minute), User: grace.ID, Name: said.username, With: "session 1f3a9c04", From: "203.0.113.7", Action: "deploy", Target: "t" + said.token, Result: paas.AuditDone}
		if n%9 == 4 {
			entry.Result = paas.EQuotaMemory
		}
		v.must(v.store.AppendAudit(ctx, entry))
	}
	_, err = v.store.ChangeUser(ctx, v.ada.ID, func(user *paas.User) (paas.Effects, error) {
		user.PendingEmail = said.email
		return paas.Effects{}, nil
	})
	v.must(err)
	_, err = v.store.ChangeUser(ctx, grace.ID, func(user *paas.User) (paas.Effects, error) {
		user.Email = said.email
		user.Limits = &paas.UserLimits{Projects: 3, Memory: 2 << 30}
		return paas.Effects{}, nil
	})
	v.must(err)
}
