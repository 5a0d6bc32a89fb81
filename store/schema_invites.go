package store

// invitesSchema is schema 10: invitations that make administrators.
func invitesSchema() migration {
	return migration{
		version:    10,
		statements: []string{`ALTER TABLE invites ADD COLUMN admin boolean NOT NULL DEFAULT false`},
	}
}
