package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/text"
)

// maxLock is the maximum lifetime of a lock, even if the lock's own expiry is later.
const maxLock = 7 * 24 * time.Hour

// maxSkew is how far the clock of another machine may be ahead of this machine's clock.
const maxSkew = time.Hour

// Lock reserves an environment for one process.
type Lock struct {
	Environment string    `json:"environment"`
	Digest      string    `json:"digest"`  // of the artifact that is promoted; "": none
	Purpose     string    `json:"purpose"` // promote, promote and soak, soak, rollback, down
	By          string    `json:"by"`
	Process     Process   `json:"process"`
	Acquired    time.Time `json:"acquired"`
	Expires     time.Time `json:"expires"`
}

// LockedError reports that another process holds the lock.
type LockedError struct{ Lock Lock }

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s is locked by %s since %s (%s %s, until %s at the latest)", e.Lock.Environment, e.Lock.By,
		e.Lock.Acquired.Format(time.RFC3339), e.Lock.Purpose, text.Short(e.Lock.Digest), e.Lock.Expires.Format(time.RFC3339))
}

func lockPath(environment string) string { return path.Join("locks", environment+".json") }

// Acquire takes the lock of an environment, which expires after life. If another process
// holds the lock, the error is a *LockedError. Acquire takes over a lock that has
// expired, or whose process ran on this machine and has ended. A process that already
// holds the lock for the same digest extends it.
func (l *Ledger) Acquire(ctx context.Context, want Lock, life time.Duration) error {
	if !validName.MatchString(want.Environment) {
		return badName(want.Environment)
	}
	want.Process = thisProcess()
	return l.Update(ctx, "lock "+want.Environment, func(ctx context.Context, tx *Tx) error {
		now := l.Now().UTC()
		held, err := tx.lock(ctx, want.Environment)
		switch {
		case errors.Is(err, ErrNone):
		case err != nil:
			return err
		case held.Process == want.Process && held.Digest == want.Digest:
			if held.lasts(now, life) {
				return nil // nothing to write
			}
		case held.Process.gone() || held.ended(now):
		default:
			return &LockedError{held}
		}
		want.Acquired, want.Expires = now, now.Add(life)
		return tx.putLock(want)
	})
}

// fresh is the age up to which a lock is not extended.
const fresh = 15 * time.Minute

// lasts reports whether the lock was taken recently for at least life, so that its holder
// need not extend it. Every caller asks for more time than it needs, by more than fresh.
func (l Lock) lasts(now time.Time, life time.Duration) bool {
	age := now.Sub(l.Acquired)
	return age >= 0 && age < min(fresh, life/2) && l.Expires.Sub(l.Acquired) >= life
}

// ended reports whether the lock is no longer valid: it has expired, it is older than
// maxLock, or its time of acquisition is more than maxSkew in the future.
func (l Lock) ended(now time.Time) bool {
	return now.After(l.Expires) || now.After(l.Acquired.Add(maxLock)) || l.Acquired.After(now.Add(maxSkew))
}

// Holds returns an error unless this process holds the lock of an environment.
func (tx *Tx) Holds(ctx context.Context, environment string) error {
	held, err := tx.lock(ctx, environment)
	if err != nil {
		return fmt.Errorf("the lock of environment %s was lost: %w: run again", environment, err)
	}
	if held.Process != thisProcess() {
		return &LockedError{held}
	}
	return nil
}

// Unlock releases the lock of an environment in the same commit as the rest of the
// change.
func (tx *Tx) Unlock(environment string) { tx.Delete(lockPath(environment)) }

// Release releases the lock of an environment if this process holds it.
func (l *Ledger) Release(ctx context.Context, environment string) error {
	return l.Update(ctx, "unlock "+environment, func(ctx context.Context, tx *Tx) error {
		if tx.Holds(ctx, environment) == nil {
			tx.Unlock(environment)
		}
		return nil
	})
}

func (tx *Tx) lock(ctx context.Context, environment string) (Lock, error) {
	b, err := tx.Read(ctx, lockPath(environment))
	if err != nil {
		return Lock{}, err
	}
	var lock Lock
	if err := json.Unmarshal(b, &lock); err != nil {
		return Lock{}, changedByHand(tx.prefix+lockPath(environment), err)
	}
	return lock, nil
}

func (tx *Tx) putLock(l Lock) error {
	b, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	tx.Write(lockPath(l.Environment), append(b, '\n'))
	return nil
}
