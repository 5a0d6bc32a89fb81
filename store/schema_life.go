package store

// lifeSchema is schema 3: how applications run, what they use, and what ran by the clock.
func lifeSchema() migration {
	return migration{version: 3, statements: []string{
		`ALTER TABLE projects ADD COLUMN app jsonb`,
		`ALTER TABLE projects ADD COLUMN formation jsonb`,

		// A deployment of an earlier schema has no formation: it ran one container.
		`ALTER TABLE deployments ADD COLUMN app jsonb`,
		`ALTER TABLE deployments ADD COLUMN formation jsonb`,
		`ALTER TABLE deployments ADD COLUMN restores integer NOT NULL DEFAULT 0`,

		`CREATE TABLE samples (
			project_id varchar(36) NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
			span       integer NOT NULL,
			at         timestamp NOT NULL,
			readings   integer NOT NULL,
			cpu        double precision NOT NULL,
			memory     bigint NOT NULL,
			memory_limit bigint NOT NULL,
			received   bigint NOT NULL,
			sent       bigint NOT NULL,
			restarts   integer NOT NULL,
			traffic    jsonb NOT NULL,
			PRIMARY KEY (project_id, span, at)
		)`,
		`CREATE INDEX samples_age ON samples (span, at)`,

		`CREATE TABLE cron_runs (
			project_id varchar(36) NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
			schedule   varchar(200) NOT NULL,
			command    text NOT NULL,
			due        timestamp NOT NULL,
			started_at timestamp NOT NULL,
			ended_at   timestamp,
			exit_code  integer NOT NULL,
			note       text NOT NULL,
			PRIMARY KEY (project_id, schedule, command, due)
		)`,
	}}
}
