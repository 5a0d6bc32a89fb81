package store

// receptionSchema is schema 9: projects that let no requests in for a while.
func receptionSchema() migration {
	return migration{
		version: 9,
		statements: []string{
			`ALTER TABLE projects ADD COLUMN admission varchar(20) NOT NULL DEFAULT ''`,
			`ALTER TABLE projects ADD COLUMN notice text NOT NULL DEFAULT ''`,
		},
	}
}
