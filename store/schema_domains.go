package store

// domainsSchema is schema 8: names that applications are to answer at beside their own. Any project may
// claim one, and one has proven it.
func domainsSchema() migration {
	return migration{
		version: 8,
		statements: []string{
			`CREATE TABLE domains (
				name       varchar(253) NOT NULL,
				project_id varchar(36) NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
				token      varchar(64) NOT NULL,
				redirect   varchar(253) NOT NULL,
				created_at timestamp NOT NULL,
				checked_at timestamp NOT NULL,
				proven_at  timestamp,
				trouble    text NOT NULL,
				PRIMARY KEY (name, project_id)
			)`,
			`CREATE UNIQUE INDEX domains_proven ON domains (name) WHERE proven_at IS NOT NULL`,
		},
	}
}
