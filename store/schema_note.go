package store

// noteSchema is schema 4: what the commit of a deployment says of itself, and when its build began.
func noteSchema() migration {
	return migration{
		version: 4,
		statements: []string{
			`ALTER TABLE deployments ADD COLUMN subject text NOT NULL DEFAULT ''`,
			`ALTER TABLE deployments ADD COLUMN author text NOT NULL DEFAULT ''`,
			`ALTER TABLE deployments ADD COLUMN begun_at timestamp`,
		},
	}
}
