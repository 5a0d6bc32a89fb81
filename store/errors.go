package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/glebarez/go-sqlite"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

// SQLite's result codes (sqlite.org/rescode.html).
const (
	sqliteBusy            = 5
	sqliteInterrupt       = 9
	sqliteFull            = 13
	sqliteForeignKey      = 787
	sqlitePrimaryKey      = 1555
	sqliteUnique          = 2067
	sqliteWrite           = 778  // the system's write(2) failed, as on a full disk
	sqliteSharedMemory    = 4874 // its index of the log could not grow, as on a full disk
	sqlitePrimaryCodeMask = 0xff
)

// PostgreSQL's SQLSTATEs (appendix A of its manual).
const (
	postgresForeignKey   = "23503"
	postgresUnique       = "23505"
	postgresBadText      = "22021"
	postgresTooLong      = "22001"
	postgresSerialize    = "40001"
	postgresDeadlock     = "40P01"
	postgresDiskFull     = "53100"
	postgresNoConnection = "08"
	postgresShutdown     = "57P"
)

// translate turns what gorm and the two databases say into the hub's errors; what has no meaning to
// a caller keeps its cause, after what was being done. It is the only place that does.
func translate(what string, err error) error {
	if err == nil {
		return nil
	}
	if _, ours := errors.AsType[*paas.Error](err); ours {
		return err
	}
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return notThere()
	}
	if errors.Is(err, sql.ErrTxDone) {
		// Nothing here ends a transaction twice: the end of its context did.
		return fmt.Errorf("%s: %w: %w", what, context.Canceled, err)
	}
	var known error
	if postgres, ok := errors.AsType[*pgconn.PgError](err); ok {
		known = translatePostgres(postgres)
	} else if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		known = translateSQLite(lite)
	}
	if known != nil {
		return known
	}
	return fmt.Errorf("%s: %w", what, err)
}

func translateSQLite(err *sqlite.Error) error {
	switch err.Code() {
	case sqliteUnique, sqlitePrimaryKey:
		return taken(sqliteConstraint(err.Error())).Because(err)
	case sqliteForeignKey:
		return notThere().Because(err)
	case sqliteWrite, sqliteSharedMemory:
		return paas.NoSpace(err)
	}
	switch err.Code() & sqlitePrimaryCodeMask {
	case sqliteFull:
		return paas.NoSpace(err)
	case sqliteBusy:
		return unavailable().Because(err)
	case sqliteInterrupt:
		return fmt.Errorf("%w: %w", context.Canceled, err)
	}
	return nil
}

func translatePostgres(err *pgconn.PgError) error {
	switch err.Code {
	case postgresUnique:
		return taken(err.ConstraintName).Because(err)
	case postgresForeignKey:
		return notThere().Because(err)
	case postgresBadText:
		return paas.Errorf(paas.Invalid, paas.EInvalid, "The input has characters that cannot be stored: it must be UTF-8 without NUL.").Because(err)
	case postgresTooLong:
		return paas.Errorf(paas.Invalid, paas.EInvalid, "A part of the input is too long.").Because(err)
	case postgresSerialize, postgresDeadlock:
		return unavailable().Because(err)
	case postgresDiskFull:
		return paas.NoSpace(err)
	}
	if strings.HasPrefix(err.Code, postgresNoConnection) || strings.HasPrefix(err.Code, postgresShutdown) {
		return unavailable().Because(err)
	}
	return nil
}

// sqliteConstraint makes PostgreSQL's name of a constraint from SQLite's list of its columns:
// "users.email_folded" is users_email_folded_key.
func sqliteConstraint(message string) string {
	_, list, _ := strings.Cut(message, "UNIQUE constraint failed: ")
	list, _, _ = strings.Cut(list, " (") // the result code follows
	name := ""
	for column := range strings.SplitSeq(list, ", ") {
		table, column, _ := strings.Cut(column, ".")
		if name == "" {
			name = table
		}
		name += "_" + column
	}
	return name + "_key"
}

func taken(constraint string) *paas.Error {
	field, message := "", "This exists already."
	switch constraint {
	case "users_username_folded_key":
		field, message = "username", "This username is taken; choose another."
	case "users_email_folded_key":
		field, message = "email", "There is an account with this e-mail address already."
	case "ssh_keys_fingerprint_key":
		field, message = "value", "This key is registered already; a key belongs to one account."
	case "projects_user_id_name_key":
		field, message = "name", "You have a project of this name already; choose another."
	case "users_email_nonce_key", "users_password_nonce_key", "users_pending_nonce_key", "api_tokens_hash_key", "invites_hash_key":
		message = "This link or token exists already." // of 128 random bits and more: somebody stored it twice
	}
	conflict := paas.Errorf(paas.Conflict, paas.ETaken, "%s", message)
	if field != "" {
		conflict.Details = []paas.Detail{{Field: field, Message: message}}
	}
	return conflict
}

func notThere() *paas.Error {
	return paas.Errorf(paas.NotFound, paas.ENotFound, "What was asked for is not there, or is not yours.")
}

func unavailable() *paas.Error {
	return paas.Errorf(paas.Unavailable, paas.EUnavailable, "The database does not answer; try again in a moment.")
}
