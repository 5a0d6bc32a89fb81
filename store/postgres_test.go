package store

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/paastech-cloud/paastech/store/postgrestest"
)

// server is the PostgreSQL that this package's tests share; each test has an empty database in it.
var server *postgrestest.Server

func TestMain(m *testing.M) {
	if dir := os.Getenv(doomedDir); dir != "" {
		os.Exit(openDoomed(dir))
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	runtime.LockOSThread() // the server dies with this thread
	var err error
	if server, err = postgrestest.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "private PostgreSQL:", err)
		return 1
	}
	code := m.Run()
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "private PostgreSQL:", err)
		return 1
	}
	return code
}
