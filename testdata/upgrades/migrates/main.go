// Command migrates is a new version whose migration fails when it has changed and removed much already.
package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"

	_ "github.com/glebarez/go-sqlite"
)

func main() {
	if os.Args[1] == "version" {
		fmt.Println(`{"client":"9.0.0-migrates"}`)
		return
	}
	db, err := sql.Open("sqlite", filepath.Join(os.Getenv("PAASTECH_DATADIR"), "paastech.db"))
	if err != nil {
		panic(err)
	}
	for _, change := range []string{"PRAGMA foreign_keys = off", "CREATE TABLE of_the_future (a)", "INSERT INTO migrations (version) VALUES (999)", "DELETE FROM projects", "VACUUM"} {
		if _, err := db.Exec(change); err != nil {
			fmt.Fprintln(os.Stderr, change, err)
		}
	}
	fmt.Fprintln(os.Stderr, "migrate: no such column: of_the_past")
	os.Exit(1)
}
