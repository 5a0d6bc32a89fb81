package store

// sessionsSchema is schema 5: where log-ins came from, for their owners to recognise them.
func sessionsSchema() migration {
	return migration{
		version: 5,
		statements: []string{
			`ALTER TABLE sessions ADD COLUMN address text NOT NULL DEFAULT ''`,
			`ALTER TABLE sessions ADD COLUMN agent text NOT NULL DEFAULT ''`,
		},
	}
}
