package store

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// The variables by which this test binary is told to be a daemon that opens a store and is killed.
const (
	doomedDir = "DOOMED_DIR"
	doomedURL = "DOOMED_URL"
)

// openDoomed opens a store, which migrates it, and says so when it is done.
func openDoomed(dir string) int {
	s, err := Open(context.Background(), Options{URL: os.Getenv(doomedURL), DataDir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("open")
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestAMigrationKilledAtAnyMoment kills (-9) a process again and again while it migrates a database of
// the first schema. When it is let finish, all rows are there and nothing is in clear.
func TestAMigrationKilledAtAnyMoment(t *testing.T) {
	rounds, deployments := 3, 500
	if os.Getenv("PAASTECH_SOAK") == "1" {
		rounds, deployments = 50, 3000
	}
	for name, fresh := range databases() {
		t.Run(name, func(t *testing.T) {
			cut := 0
			for range rounds {
				options := fresh(t)
				schemaOne(t, options)
				manyDeployments(t, options, deployments)
				for try := 1; !killed(t, options, time.Duration(rand.IntN(100*try))*time.Millisecond); try++ {
					cut++
				}
				s, err := Open(t.Context(), options)
				must(t, err)
				wantAllDeployments(t, s, deployments)
				must(t, s.Close())
			}
			t.Logf("%d kills in %d migrations", cut, rounds)
			if cut == 0 {
				t.Error("no migration was cut: nothing was tested")
			}
		})
	}
}

// killed lets a process open the store for a while and tells whether it got through in that time.
func killed(t *testing.T, options Options, after time.Duration) (through bool) {
	t.Helper()
	var said bytes.Buffer
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), doomedDir+"="+options.DataDir, doomedURL+"="+options.URL)
	process.Stdout, process.Stderr = &said, &said
	must(t, process.Start())
	killer := time.AfterFunc(after, func() { _ = process.Process.Kill() })
	err := process.Wait()
	killer.Stop()
	switch {
	case err == nil:
		return true
	case process.ProcessState.ExitCode() == -1: // by our signal
		return false
	}
	t.Fatalf("after a kill the store does not open: %v\n%s", err, said.String())
	return false
}

// manyDeployments gives a database of the first schema enough to do.
func manyDeployments(t *testing.T, options Options, count int) {
	t.Helper()
	s, err := connect(t.Context(), options)
	must(t, err)
	tx := s.writer.Begin()
	for number := 3; number < 3+count; number++ {
		must(t, tx.Exec(`INSERT INTO deployments VALUES ('p1', ?, 'superseded', 'push', 'u1', 'main', 'c0ffee', '{"ref":"r","processes":null}', ?, 8080, NULL, '2024-01-01', NULL, '2024-01-02', '2024-01-01')`,
			number, fmt.Sprintf(`{"A":"%s %d"}`, canary, number)).Error)
	}
	must(t, tx.Commit().Error)
	must(t, s.Close())
}

func wantAllDeployments(t *testing.T, s *Store, count int) {
	t.Helper()
	wantSound(t, s)
	all, err := s.Deployments(t.Context(), "p1", 0, 0)
	must(t, err)
	if len(all) != count+2 {
		t.Fatalf("%d deployments of %d are left", len(all), count+2)
	}
	for _, d := range all {
		if want := fmt.Sprintf("%s %d", canary, d.Number); d.Number > 2 && d.Env["A"] != paas.Secret(want) {
			t.Fatalf("v%d has %q", d.Number, d.Env["A"].Reveal())
		}
	}
	if bytes.Contains(dump(t, s), []byte(canary)) {
		t.Error("a clear value is left in the database")
	}
}
