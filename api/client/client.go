// Package client is the typed Go client of the API, which the command line uses. Failures that the
// server explained come back as the *paas.Error they were; Error is everything else.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web/problem"
)

const basePath = "/api/v1"

// agent is what this program calls itself, for the list of one's log-ins.
const agent = "paastech (" + runtime.GOOS + "/" + runtime.GOARCH + ")"

// maxAnswer bounds what is read of one answer that is not a stream.
const maxAnswer = 64 << 20

// Client talks to one server as one user.
type Client struct {
	base  url.URL // without basePath
	name  string  // how people call the server
	token paas.Secret
	http  *http.Client
}

// New makes a client of the server at an address like https://paas.example.com; no token means nobody
// is logged in yet.
func New(server string, token paas.Secret) (*Client, error) {
	base, err := url.Parse(server)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.RawQuery != "" || base.User != nil {
		return nil, fmt.Errorf("%q is not the address of a server: give one like https://paas.example.com", server)
	}
	base.Path = strings.TrimSuffix(strings.TrimRight(base.Path, "/"), basePath)
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          4,
		IdleConnTimeout:       30 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	return &Client{base: *base, name: strings.TrimRight(base.String(), "/"), token: token, http: stay(transport)}, nil
}

// stay makes an HTTP client that follows no redirect: a session's token goes to the server it is for.
func stay(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Server is the address this client talks to.
func (c *Client) Server() string { return c.name }

// WithToken returns a client of the same server as another user.
func (c *Client) WithToken(token paas.Secret) *Client {
	other := *c
	other.token = token
	return &other
}

// WithTransport returns a client of the same server whose requests go another way.
func (c *Client) WithTransport(transport http.RoundTripper) *Client {
	other := *c
	other.http = stay(transport)
	return &other
}

// request is one call: a path below the base, and what goes with it.
type request struct {
	method string
	path   []string // segments, not escaped
	query  url.Values
	body   any
	accept string
}

// call sends a request and reads the content of its answer. It is a function because methods cannot
// have type parameters.
func call[T any](ctx context.Context, c *Client, r request) (wire.Answer[T], error) {
	var answer wire.Answer[T]
	response, err := c.send(ctx, r)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer); err != nil {
		return answer, c.lost(ctx, fmt.Errorf("read the answer: %w", err))
	}
	return answer, nil
}

func content[T any](ctx context.Context, c *Client, r request) (T, error) {
	answer, err := call[T](ctx, c, r)
	return answer.Content, err
}

// send returns the response to a request that went well; its body is the caller's to close.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	sent, err := c.prepare(ctx, r)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(sent)
	if err != nil {
		return nil, c.lost(ctx, err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		defer response.Body.Close()
		return nil, c.explain(response)
	}
	return response, nil
}

func (c *Client) prepare(ctx context.Context, r request) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("write the request: %w", err)
		}
		body = bytes.NewReader(text)
	}
	address := c.base.JoinPath(append([]string{basePath}, escaped(r.path)...)...)
	address.RawQuery = r.query.Encode()
	sent, err := http.NewRequestWithContext(ctx, r.method, address.String(), body)
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	if body != nil {
		sent.Header.Set("Content-Type", "application/json")
	}
	sent.Header.Set("Accept", "application/json")
	sent.Header.Set("User-Agent", agent)
	if r.accept != "" {
		sent.Header.Set("Accept", r.accept)
	}
	if c.token != "" {
		sent.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	}
	return sent, nil
}

func escaped(segments []string) []string {
	safe := make([]string, len(segments))
	for i, segment := range segments {
		safe[i] = url.PathEscape(segment)
	}
	return safe
}

// explain turns a response that did not go well into the failure the server meant.
func (c *Client) explain(response *http.Response) error {
	var document problem.Document
	err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&document)
	if err == nil && document.Status == "error" && document.Message != "" {
		document.StatusCode = response.StatusCode
		return document.Err()
	}
	if to := response.Header.Get("Location"); to != "" {
		return &Error{Server: c.name, Message: fmt.Sprintf("The server %s sends its callers on to %s: use that address.", c.name, to)}
	}
	return &Error{Server: c.name, Message: fmt.Sprintf("What answers at %s is not PaaSTech (HTTP status %d). Check the address.", c.name, response.StatusCode)}
}
