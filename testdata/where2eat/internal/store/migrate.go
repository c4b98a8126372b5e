package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"example.com/where2eat/db"
)

// migrate applies the missing migrations, each in its own transaction. It ignores versions that this binary
// does not know, because after a rollback an older release runs on a newer database.
func (s *Store) migrate(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (
		version    TEXT PRIMARY KEY,
		name       TEXT NOT NULL,
		applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
	) STRICT`)
	if err != nil {
		return fmt.Errorf("create schema_migrations: %w", err)
	}
	files, err := fs.Glob(db.Migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := s.apply(ctx, file); err != nil {
			return fmt.Errorf("apply %s: %w", file, err)
		}
	}
	return nil
}

func (s *Store) apply(ctx context.Context, file string) error {
	script, err := fs.ReadFile(db.Migrations, file)
	if err != nil {
		return err
	}
	version, name, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".sql"), "_")
	return s.write(ctx, func(tx *sql.Tx) error {
		// The row is inserted first: if two processes start together, the second waits here and then skips.
		result, err := tx.ExecContext(ctx, `INSERT INTO schema_migrations (version, name) VALUES (?, ?) ON CONFLICT DO NOTHING`, version, name)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		_, err = tx.ExecContext(ctx, string(script))
		return err
	})
}

// Version returns the newest migration of the database, such as "0002".
func (s *Store) Version(ctx context.Context) (string, error) {
	var version string
	err := s.db.QueryRowContext(ctx, `SELECT max(version) FROM schema_migrations`).Scan(&version)
	if err != nil {
		return "", fmt.Errorf("read schema version: %w", err)
	}
	return version, nil
}
