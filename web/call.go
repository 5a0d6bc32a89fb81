package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web/problem"
)

// maxBody bounds a request's body (API.md, "Rules for input").
const maxBody = 1 << 20

// Call is one request on its way through a handler. It must not be kept longer.
type Call struct {
	echo.Context
	Caller  paas.User      // the zero User on public routes when nobody is logged in
	Session paas.SessionID // empty then, too, and when a token asks
	Token   *paas.APIToken // when a token asks
	Project paas.Project   // on routes of level Owner
	Target  string         // what a change is done to, for the audit; filled from the path before the handler runs

	server  *Server
	body    []byte
	refusal error // shown on a page of the handler's own
}

// Strictness says what becomes of fields that a request should not have.
type Strictness int

// The two ways to read a body.
const (
	Strict  Strictness = iota // refused by name
	Lenient                   // passed over, for the first PaaSTech's clients
)

// readBody takes the whole body in before the deadline that watch set, and lifts that, so that what
// comes after can take its time.
func (c *Call) readBody() error {
	request := c.Request()
	if request.Body == nil || request.Body == http.NoBody {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), request.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return paas.Errorf(paas.TooLarge, paas.ETooLarge, "A request's body has at most 1 MiB.")
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return paas.Errorf(paas.Invalid, paas.EInvalid, "The request's body did not arrive within %s.", bodyTimeout)
	}
	if err != nil {
		return paas.Errorf(paas.Invalid, paas.EInvalid, "The request's body broke off.").Because(err)
	}
	c.body = body
	return http.NewResponseController(c.Response()).SetReadDeadline(time.Time{})
}

// Decode reads the JSON body into a struct; no body counts as {}.
func (c *Call) Decode(into any, how Strictness) error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	if kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return paas.Errorf(paas.Invalid, paas.EInvalid, "The body must be JSON, with the header Content-Type: application/json.")
	}
	if err := checkJSONText(c.body); err != nil {
		return err
	}
	if bytes.Equal(bytes.TrimSpace(c.body), []byte("null")) { // the standard library reads it as nothing at all
		return paas.Errorf(paas.Invalid, paas.EInvalid, "The body must be a JSON object, not null.")
	}
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	if how == Strict {
		decoder.DisallowUnknownFields()
	}
	if err := decoder.Decode(into); err != nil {
		return badJSON(c.body, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return paas.Errorf(paas.Invalid, paas.EInvalid, "The body must be one JSON object and nothing after it.")
	}
	return nil
}

// Form reads the body of a page's form.
func (c *Call) Form() (url.Values, error) {
	if kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, paas.Errorf(paas.Invalid, paas.EInvalid, "This is not what the form of this page sends.")
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return nil, paas.Errorf(paas.Invalid, paas.EInvalid, "This is not what the form of this page sends.").Because(err)
	}
	return form, checkValues(form)
}

// Answer writes content as JSON. What cannot be written leaves the response untouched.
func (c *Call) Answer(status int, content any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return c.JSONBlob(status, text)
}

// Watching is the context of work that the caller only watches: it ends with the request, and when the
// server begins to drain.
func (c *Call) Watching() (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(c.Request().Context())
	stop := context.AfterFunc(c.server.closing, func() { cancel(context.Cause(c.server.closing)) })
	return ctx, func(cause error) {
		stop()
		cancel(cause)
	}
}

// ShowsEnvOf tells whether the caller may see the values of a project's variables: they do not reach
// a token that may only read.
func (c *Call) ShowsEnvOf(project paas.Project) bool {
	return project.ShowsEnvTo(c.Caller) && (c.Token == nil || c.Token.Scope.Allows(paas.ScopeDeploy))
}

// Refused notes a failure that the handler shows on a page of its own; it returns the page's status.
func (c *Call) Refused(err *paas.Error) int {
	c.refusal = err
	sayWhen(c.Response().Header(), err)
	return problem.Status(err.Kind)
}
