package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// Error is a call that got no answer of the API: nobody there, a connection that broke, or something
// else that answers at the address.
type Error struct {
	Server  string
	Message string // a sentence for a person
	Cause   error
}

// Error is the sentence.
func (e *Error) Error() string { return e.Message }

// Unwrap returns what went wrong underneath.
func (e *Error) Unwrap() error { return e.Cause }

// lost explains a call that got no answer. The end of the caller's own context stays what it is.
func (c *Client) lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &Error{Server: c.name, Message: fmt.Sprintf("The server %s cannot be reached: %s", c.name, reason(err)), Cause: err}
}

func reason(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Sprintf("the name %s is not known. Check the address.", dns.Name)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return certificate(err)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "it does not speak TLS there. Is the address meant to begin with http:// ?"
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there. Is `paastech serve` running, and is the port right?"
	case errors.Is(err, os.ErrPermission):
		return "this user may not talk to it. Run the command as the user that runs `paastech serve`."
	case errors.Is(err, os.ErrNotExist):
		return "there is no socket. Is `paastech serve` running with this data directory?"
	case isTimeout(err):
		return "it did not answer in time. Check the address, and the firewall between."
	}
	return err.Error()
}

func certificate(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "its certificate is not signed by an authority this machine trusts."
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "its certificate is for another name."
	}
	return "its certificate is not valid: " + err.Error()
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
