package store

// migrations lists the schema's steps in order. The statements are in the SQL that SQLite and
// PostgreSQL share; timestamps are UTC. Unique constraints keep PostgreSQL's names for them,
// because errors.go knows them.
func migrations() []migration {
	return []migration{firstSchema(), accountsSchema(), lifeSchema(), noteSchema(), sessionsSchema(), eventsSchema(), sleepSchema(), domainsSchema(), receptionSchema(), invitesSchema()}
}

func firstSchema() migration {
	return migration{version: 1, statements: []string{
		// The folded columns are the lower-case forms, so that uniqueness means the same in both
		// databases whatever their locale. A user is verified when email_nonce is null.
		`CREATE TABLE users (
			id              varchar(36) PRIMARY KEY,
			username        varchar(40) NOT NULL,
			username_folded varchar(40) NOT NULL UNIQUE,
			email           varchar(100) NOT NULL,
			email_folded    varchar(100) NOT NULL UNIQUE,
			password        varchar(255) NOT NULL,
			is_admin        boolean NOT NULL DEFAULT false,
			email_nonce     varchar(36) UNIQUE,
			created_at      timestamp NOT NULL,
			updated_at      timestamp NOT NULL
		)`,

		`CREATE TABLE ssh_keys (
			id           varchar(36) PRIMARY KEY,
			user_id      varchar(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
			name         varchar(30) NOT NULL,
			value        text NOT NULL,
			fingerprint  varchar(64) NOT NULL UNIQUE,
			created_at   timestamp NOT NULL,
			last_used_at timestamp
		)`,
		`CREATE INDEX ssh_keys_user_id ON ssh_keys (user_id)`,

		`CREATE TABLE sessions (
			id         varchar(36) PRIMARY KEY,
			user_id    varchar(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
			created_at timestamp NOT NULL,
			expires_at timestamp NOT NULL
		)`,
		`CREATE INDEX sessions_user_id ON sessions (user_id)`,
		`CREATE INDEX sessions_expires_at ON sessions (expires_at)`,

		// The rows of a user go with the user; containers, images and repositories have gone before.
		`CREATE TABLE projects (
			id            varchar(36) PRIMARY KEY,
			user_id       varchar(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
			name          varchar(40) NOT NULL,
			config        jsonb NOT NULL,
			deploy_branch text NOT NULL,
			stopped       boolean NOT NULL DEFAULT false,
			created_at    timestamp NOT NULL,
			updated_at    timestamp NOT NULL,
			UNIQUE (user_id, name)
		)`,

		// Who asked for a deployment may be gone before it.
		`CREATE TABLE deployments (
			project_id varchar(36) NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
			number     integer NOT NULL,
			state      varchar(20) NOT NULL,
			reason     varchar(20) NOT NULL,
			user_id    varchar(36) REFERENCES users (id) ON DELETE SET NULL,
			branch     text NOT NULL,
			commit_id  varchar(64) NOT NULL,
			image      jsonb NOT NULL,
			env        jsonb NOT NULL,
			port       integer NOT NULL,
			diagnosis  jsonb,
			created_at timestamp NOT NULL,
			built_at   timestamp,
			ended_at   timestamp,
			live_at    timestamp,
			PRIMARY KEY (project_id, number)
		)`,
		`CREATE INDEX deployments_user_id ON deployments (user_id)`,
		`CREATE INDEX deployments_state ON deployments (state)`,
		`CREATE UNIQUE INDEX deployments_live ON deployments (project_id) WHERE state = 'live'`,
	}}
}
