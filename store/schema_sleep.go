package store

// sleepSchema is schema 7: which projects sleep, and since when.
func sleepSchema() migration {
	return migration{
		version: 7,
		statements: []string{
			`ALTER TABLE projects ADD COLUMN depth varchar(10) NOT NULL DEFAULT ''`,
			`ALTER TABLE projects ADD COLUMN slept_at timestamp`,
		},
	}
}
