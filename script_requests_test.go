package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdFetch gets the application of the repository in the current directory: `fetch STATUS REGEXP
// [PATH]`; the status must be this and the body must match.
func cmdFetch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fetch STATUS REGEXP [PATH [HEADER: VALUE]...]")
	}
	if wrong := fetched(ts, args); wrong != "" {
		ts.Fatalf("%s", wrong)
	}
}

// cmdAnswers is fetch for an application that is on its way: it asks again, for a minute.
func cmdAnswers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: answers STATUS REGEXP [PATH [HEADER: VALUE]...]")
	}
	await(ts, time.Minute, fmt.Sprintf("it answers %v", args), func() bool { return fetched(ts, args) == "" })
}

// fetched says how the application's answer is another one than wanted.
func fetched(ts *testscript.TestScript, args []string) (wrong string) {
	ts.Check(ts.Exec("paastech", "open", "--print"))
	address := strings.TrimSpace(ts.ReadFile("stdout"))
	if len(args) > 2 {
		address += args[2]
	}
	status, body, err := get(ts, address, args[min(3, len(args)):])
	ts.Check(err)
	if strconv.Itoa(status) != args[0] || !regexp.MustCompile(args[1]).Match(body) {
		return fmt.Sprintf("%s answered %d, not %s like %q:\n%s", address, status, args[0], args[1], body)
	}
	return ""
}

// get dials the ingress whatever the name in the address: no resolver needs to know *.localhost.
func get(ts *testscript.TestScript, address string, headers []string) (int, []byte, error) {
	ingress := ts.Getenv("PAASTECH_INGRESS_LISTEN")
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, ingress)
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, err
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}
