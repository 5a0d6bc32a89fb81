package cli

import (
	"cmp"
	"fmt"
	"time"

	"github.com/paastech-cloud/paastech/mail"
	"github.com/paastech-cloud/paastech/paas"
)

// puzzleBits makes a registration cost a quarter of a million hashes: a blink for one, hours for many.
const puzzleBits = 18

func (c AccountsConfig) accounts() (paas.Accounts, error) {
	accounts := paas.Accounts{
		Registration: paas.Registration(c.Registration), UnverifiedTTL: time.Duration(c.UnverifiedTTL), IsCommon: isCommonPassword(),
	}
	switch accounts.Registration {
	case paas.RegistrationInvite, paas.RegistrationOpen, paas.RegistrationClosed:
	default:
		return accounts, fmt.Errorf("accounts.registration %q: one of invite, open, closed", c.Registration)
	}
	if accounts.UnverifiedTTL <= 0 {
		return accounts, fmt.Errorf("accounts.unverifiedTTL %s: give a time, like 168h", accounts.UnverifiedTTL)
	}
	switch c.Challenge {
	case "":
	case "proof-of-work":
		accounts.Challenge = paas.NewProofOfWork(puzzleBits)
	default:
		return accounts, fmt.Errorf("accounts.challenge %q: proof-of-work, or empty for none", c.Challenge)
	}
	return accounts, nil
}

func (c PerUserLimits) limits() (paas.UserLimits, error) {
	limits := paas.UserLimits{Projects: c.Projects, Containers: c.Containers, Builds: c.Builds}
	for _, count := range []struct {
		key   string
		value int
	}{{"projects", c.Projects}, {"containers", c.Containers}, {"builds", c.Builds}} {
		if count.value < 0 {
			return limits, fmt.Errorf("limits.perUser.%s %d: give a number, or 0 for no bound", count.key, count.value)
		}
	}
	var err error
	if limits.Memory, err = bound("limits.perUser.memory", c.Memory); err != nil {
		return limits, err
	}
	limits.Disk, err = bound("limits.perUser.disk", c.Disk)
	return limits, err
}

// options are the mailer's; links begin with publicURL when nothing else is configured.
func (c MailConfig) options(publicURL string) mail.Options {
	return mail.Options{
		Host: c.SMTP.Host, Port: c.SMTP.Port, Username: c.SMTP.Username, Password: c.SMTP.Password,
		Encryption: mail.Encryption(c.SMTP.Encryption), From: c.From, LinkBase: cmp.Or(c.LinkBase, publicURL), Platform: publicURL,
	}
}
