package mail

import (
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"strings"
)

var usualPort = map[Encryption]int{STARTTLS: 587, TLS: 465, None: 25}

func (o Options) withDefaults() Options {
	if o.Encryption == "" {
		o.Encryption = STARTTLS
	}
	if o.Port == 0 {
		o.Port = usualPort[o.Encryption]
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	o.LinkBase = strings.TrimRight(o.LinkBase, "/")
	if o.Platform == "" {
		o.Platform, _, _ = strings.Cut(o.LinkBase, "#")
	}
	o.Platform = strings.TrimRight(o.Platform, "/")
	return o
}

// validate returns whom mails come from.
func (o Options) validate() (*netmail.Address, error) {
	if err := o.validateLinkBase(); err != nil {
		return nil, err
	}
	if err := o.validateServer(); err != nil {
		return nil, err
	}
	if o.From == "" {
		if o.Host != "" {
			return nil, errors.New(`mail.from: the address that mails come from is missing, like "PaaSTech <paastech@example.com>"`)
		}
		return nil, nil
	}
	from, err := netmail.ParseAddress(o.From)
	if err != nil {
		return nil, fmt.Errorf(`mail.from: %q is not a mail address, like "PaaSTech <paastech@example.com>": %w`, o.From, err)
	}
	return from, nil
}

func (o Options) validateLinkBase() error {
	base, err := url.Parse(o.LinkBase)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Hostname() == "" || base.User != nil || strings.ContainsAny(o.LinkBase, "? <>\"'") {
		return fmt.Errorf("mail.linkBase: %q is not the beginning of a link, like https://paas.example.com or https://example.com/#", o.LinkBase)
	}
	return nil
}

func (o Options) validateServer() error {
	_, known := usualPort[o.Encryption]
	switch {
	case !known:
		return fmt.Errorf("mail.smtp.encryption: %q is none of starttls, tls, none", o.Encryption)
	case o.Port < 1 || o.Port > 65535:
		return fmt.Errorf("mail.smtp.port: %d is not a port", o.Port)
	case strings.ContainsAny(o.Host, "/@[]\r\n\t ") || strings.Contains(o.Host, ":") && net.ParseIP(o.Host) == nil:
		return fmt.Errorf("mail.smtp.host: %q is neither a name nor an IP address (the port is mail.smtp.port)", o.Host)
	case o.Host == "" && o.Username+o.Password.Reveal() != "":
		return errors.New("mail.smtp.host: a user name or password is given, but no mail server to give it to")
	case o.Username == "" && o.Password != "":
		return errors.New("mail.smtp.username: there is a password, but no user name")
	case o.Username != "" && o.Password == "":
		return errors.New("mail.smtp.password: there is a user name, but no password")
	case o.Username != "" && o.Encryption == None && !isLoopback(o.Host):
		return fmt.Errorf("mail.smtp.encryption: none would send the password to %s in clear; use starttls or tls", o.Host)
	}
	return nil
}

// isLoopback tells whether what is sent to the host never leaves this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
