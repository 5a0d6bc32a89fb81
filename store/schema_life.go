package store

// lifeSchema is schema 3: how applications run, what they use, and what ran by the clock.
func lifeSchema() migration {
	return migration{
		version: 3,
		statements: []string{
			`ALTER TABLE projects ADD COLUMN app jsonb`,
			`ALTER TABLE projects ADD COLUMN formation jsonb`,

			// A deployment of an earlier schema has no formation: it ran one container.
			`ALTER TABLE deployments ADD COLUMN app jsonb`,
			`ALTER TABLE deployments ADD COLUMN formation jsonb`,
			`ALTER TABLE deployments ADD COLUMN restores integer NOT NULL DEFAULT 0`,

			// A line is known by its hash: commands are longer than what PostgreSQL takes into an index.
			`CREATE TABLE cron_runs (
				project_id varchar(36) NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
				line       varchar(64) NOT NULL,
				due        timestamp NOT NULL,
				schedule   text NOT NULL,
				command    text NOT NULL,
				started_at timestamp NOT NULL,
				ended_at   timestamp,
				exit_code  integer NOT NULL,
				note       text NOT NULL,
				PRIMARY KEY (project_id, line, due)
			)`,
		},
		sqlite:   []string{samplesTable + " WITHOUT ROWID"}, // the rows in the key's index, instead of beside it
		postgres: []string{samplesTable},
	}
}

// samplesTable has a column for each bucket of the latency, so that the database can add them up. A
// span is in seconds.
const samplesTable = `CREATE TABLE samples (
	project_id   varchar(36) NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
	span         integer NOT NULL,
	at           timestamp NOT NULL,
	readings     bigint NOT NULL,
	cpu          double precision NOT NULL,
	memory       bigint NOT NULL,
	memory_limit bigint NOT NULL,
	received     bigint NOT NULL,
	sent         bigint NOT NULL,
	restarts     bigint NOT NULL,
	requests     bigint NOT NULL,
	errors       bigint NOT NULL,
	answered     bigint NOT NULL,
	l0  bigint NOT NULL, l1  bigint NOT NULL, l2  bigint NOT NULL, l3  bigint NOT NULL, l4  bigint NOT NULL,
	l5  bigint NOT NULL, l6  bigint NOT NULL, l7  bigint NOT NULL, l8  bigint NOT NULL, l9  bigint NOT NULL,
	l10 bigint NOT NULL, l11 bigint NOT NULL, l12 bigint NOT NULL, l13 bigint NOT NULL, l14 bigint NOT NULL,
	PRIMARY KEY (project_id, span, at)
)`
