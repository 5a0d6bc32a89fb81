package main

import (
	"net"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/paastech-cloud/paastech/ingress/pebbletest"
)

// cmdACME starts a CA that asks the DNS server of the script, and this daemon's ingress at its ports: `acme`, after
// `dns` and before `serve`. What it signs is trusted with $WORK/roots.pem.
func cmdACME(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: acme")
	}
	port := func(variable string) int {
		_, text, err := net.SplitHostPort(ts.Getenv(variable))
		ts.Check(err)
		number, err := strconv.Atoi(text)
		ts.Check(err)
		return number
	}
	pebble, err := pebbletest.Start(pebbletest.Options{
		Dir: ts.Getenv("WORK"), DNS: ts.Getenv("DNS"), HTTPPort: port("PAASTECH_INGRESS_LISTEN"), TLSPort: port("PAASTECH_INGRESS_LISTENTLS"),
	})
	ts.Check(err)
	ts.Defer(pebble.Stop)
	trusted := ts.MkAbs("ca-server.pem")
	ts.Check(os.WriteFile(trusted, pebble.Certificate, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("roots.pem"), pebble.Roots, 0o600))
	for name, value := range map[string]string{
		"PAASTECH_TLS_ISSUER": "acme", "PAASTECH_TLS_CA": pebble.Directory, "PAASTECH_TLS_ROOTS": trusted, "PAASTECH_TLS_RESOLVER": ts.Getenv("DNS"),
	} {
		ts.Setenv(name, value)
	}
}
