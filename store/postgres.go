package store

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/driver/postgres"
)

// postgresConnections leaves most of PostgreSQL's usual hundred to others.
const postgresConnections = 16

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// openPostgres opens one pool for everything. Errors of the driver do not contain the password.
func openPostgres(ctx context.Context, url string) (*Store, error) {
	db, err := open(ctx, postgres.Open(url))
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL database: %w", err)
	}
	return &Store{writer: db, reader: db}, limitPool(db, postgresConnections)
}
