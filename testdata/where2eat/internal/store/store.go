// Package store keeps polls and votes in one SQLite file.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"

	_ "modernc.org/sqlite" // the driver "sqlite", without cgo

	"example.com/where2eat/internal/poll"
)

// Store is safe for concurrent use, even by several processes on one file.
type Store struct {
	db *sql.DB
}

// Open opens or creates the file and applies missing migrations.
func Open(ctx context.Context, path string) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	// Transactions take the write lock at the start: a transaction that writes after reading could not wait for
	// the lock and would fail. Temporary tables are in memory, since the container's file system is read-only.
	options := url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(ON)", "temp_store(MEMORY)"},
	}
	dsn := url.URL{Scheme: "file", Path: abs, RawQuery: options.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	s := &Store{db}
	if err := s.migrate(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	return s, nil
}

// Close waits for running queries and writes the log back to the file.
func (s *Store) Close() error { return s.db.Close() }

// Create stores a poll that has an id and reports whether it is new. The same poll again is not an error;
// a different one under the same id is poll.ErrTaken.
func (s *Store) Create(ctx context.Context, p poll.Poll) (created bool, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO polls (id, title) VALUES (?, ?) ON CONFLICT DO NOTHING`, p.ID, p.Title)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return err
		}
		if created = n == 1; !created {
			return same(ctx, tx, p)
		}
		for i, option := range p.Options {
			if _, err := tx.ExecContext(ctx, `INSERT INTO options (poll_id, position, name) VALUES (?, ?, ?)`, p.ID, i, option); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("create poll %s: %w", p.ID, err)
	}
	return created, nil
}

// Vote records the voter's choice and replaces an earlier one.
func (s *Store) Vote(ctx context.Context, v poll.Vote) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		var hasPoll, hasOption bool
		err := tx.QueryRowContext(ctx, `SELECT
			EXISTS (SELECT 1 FROM polls WHERE id = ?1),
			EXISTS (SELECT 1 FROM options WHERE poll_id = ?1 AND name = ?2)`, v.Poll, v.Option).Scan(&hasPoll, &hasOption)
		switch {
		case err != nil:
			return err
		case !hasPoll:
			return poll.ErrUnknownPoll
		case !hasOption:
			return poll.ErrUnknownOption
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO votes (poll_id, voter, option) VALUES (?, ?, ?)
			ON CONFLICT (poll_id, voter) DO UPDATE SET option = excluded.option, voted_at = excluded.voted_at`,
			v.Poll, v.Voter, v.Option)
		return err
	})
	if err != nil {
		return fmt.Errorf("vote in poll %s: %w", v.Poll, err)
	}
	return nil
}

// Results counts a poll in one query, so that the result is consistent while others vote.
func (s *Store) Results(ctx context.Context, id string) (poll.Results, error) {
	p, votes, err := count(ctx, s.db, id)
	if err != nil {
		return poll.Results{}, fmt.Errorf("count poll %s: %w", id, err)
	}
	return poll.Tally(p, votes), nil
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func count(ctx context.Context, q queryer, id string) (poll.Poll, map[string]int, error) {
	p, votes := poll.Poll{ID: id}, map[string]int{}
	rows, err := q.QueryContext(ctx, `SELECT p.title, o.name, count(v.voter)
		FROM polls p
		JOIN options o ON o.poll_id = p.id
		LEFT JOIN votes v ON v.poll_id = o.poll_id AND v.option = o.name
		WHERE p.id = ?
		GROUP BY o.position
		ORDER BY o.position`, id)
	if err != nil {
		return p, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var option string
		var n int
		if err := rows.Scan(&p.Title, &option, &n); err != nil {
			return p, nil, err
		}
		p.Options = append(p.Options, option)
		votes[option] = n
	}
	if err := rows.Err(); err != nil {
		return p, nil, err
	}
	if len(p.Options) == 0 {
		return p, nil, poll.ErrUnknownPoll
	}
	return p, votes, nil
}

func same(ctx context.Context, tx *sql.Tx, p poll.Poll) error {
	stored, _, err := count(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	if stored.Title != p.Title || !slices.Equal(stored.Options, p.Options) {
		return poll.ErrTaken
	}
	return nil
}

func (s *Store) write(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}
