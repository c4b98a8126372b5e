package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/text"
)

// maxLock is how long a lock of which nothing was heard is valid at most, even if its own
// expiry is later.
const maxLock = 24 * time.Hour

// maxSkew is how far the clock of another machine may be ahead of this machine's clock.
const maxSkew = time.Hour

// Lock reserves an environment for one process.
type Lock struct {
	Environment string     `json:"environment"`
	Digest      string     `json:"digest"`  // of the artifact that is promoted; "": none
	Purpose     string     `json:"purpose"` // promote, promote and soak, soak, rollback, down
	By          string     `json:"by"`
	Process     Process    `json:"process"`
	Acquired    time.Time  `json:"acquired"`
	Seen        time.Time  `json:"seen"` // the holder was alive then; zero: at Acquired
	Expires     time.Time  `json:"expires"`
	Over        *TakenOver `json:"over,omitempty"`
}

// TakenOver says from whom a lock was taken that was still valid, and why.
type TakenOver struct {
	By       string    `json:"by"`
	Purpose  string    `json:"purpose"`
	Acquired time.Time `json:"acquired"`
	Reason   string    `json:"reason"`
}

// PurposeSoak is the purpose of a lock whose holder deploys nothing any more: it watches.
const PurposeSoak = "soak"

// LockedError reports that another process holds the lock.
type LockedError struct{ Lock Lock }

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s is locked by %s since %s (%s %s, until %s unless that run goes on)", e.Lock.Environment, e.Lock.By,
		e.Lock.Acquired.Format(time.RFC3339), e.Lock.Purpose, text.Short(e.Lock.Digest), e.Lock.Expires.Format(time.RFC3339))
}

func lockPath(environment string) string { return path.Join("locks", environment+".json") }

// Acquire takes the lock of an environment, which expires after life unless its holder
// acquires it again. If another process holds the lock, the error is a *LockedError. Acquire
// takes over a lock that has expired, or whose process ran on this machine and has ended, and
// one of which over, if it is not nil, says why. A process that already holds the lock for
// the same digest extends it. It returns from whom a valid lock was taken, or nil.
func (l *Ledger) Acquire(ctx context.Context, want Lock, life time.Duration, over func(held Lock) (reason string, may bool)) (*TakenOver, error) {
	if !validName.MatchString(want.Environment) {
		return nil, badName(want.Environment)
	}
	want.Process = thisProcess()
	err := l.Update(ctx, "lock "+want.Environment, func(ctx context.Context, tx *Tx) error {
		now := l.Now().UTC()
		want.Acquired, want.Seen, want.Expires, want.Over = now, now, now.Add(life), nil
		held, err := tx.lock(ctx, want.Environment)
		switch {
		case errors.Is(err, ErrNone):
		case err != nil:
			return err
		case held.Process == want.Process && held.Digest == want.Digest:
			if held.lasts(now, life) && held.Purpose == want.Purpose {
				return nil // nothing to write
			}
			want.Acquired, want.Over = held.Acquired, held.Over
		case held.Process.gone(now.Sub(held.seen())) || held.ended(now):
		default:
			var reason string
			may := false
			if over != nil {
				reason, may = over(held)
			}
			if !may {
				return &LockedError{held}
			}
			want.Over = &TakenOver{By: held.By, Purpose: held.Purpose, Acquired: held.Acquired, Reason: reason}
		}
		return tx.putLock(want)
	})
	return want.Over, err
}

// Renew says that the holder of a lock is alive, and gives it life from now on and another
// purpose, unless that is "". If this process does not hold the lock any more, the error is a
// *LockedError or wraps ErrNone: a lock that was lost is never taken back, because somebody may
// have released something since.
func (l *Ledger) Renew(ctx context.Context, environment, purpose string, life time.Duration) error {
	return l.Update(ctx, "lock "+environment, func(ctx context.Context, tx *Tx) error { return tx.Renew(ctx, environment, purpose, life) })
}

// Renew does the same in the commit of a larger change.
func (tx *Tx) Renew(ctx context.Context, environment, purpose string, life time.Duration) error {
	if err := tx.Holds(ctx, environment); err != nil {
		return err
	}
	held, err := tx.lock(ctx, environment)
	now := tx.ledger.Now().UTC()
	if err != nil || purpose == "" && held.lasts(now, life) {
		return err
	}
	held.Purpose, held.Seen, held.Expires = cmp.Or(purpose, held.Purpose), now, now.Add(life)
	return tx.putLock(held)
}

// fresh is the age up to which a lock is not extended.
const fresh = 4 * time.Minute

// seen returns when the holder was last heard of.
func (l Lock) seen() time.Time {
	if l.Seen.IsZero() {
		return l.Acquired
	}
	return l.Seen
}

// lasts reports whether the holder was heard of recently, with at least life from then on, so
// that it need not extend the lock.
func (l Lock) lasts(now time.Time, life time.Duration) bool {
	age := now.Sub(l.seen())
	return age >= 0 && age < min(fresh, life/2) && l.Expires.Sub(l.seen()) >= life
}

// ended reports whether the lock has become invalid: it has expired, nothing was heard of its
// holder for maxLock, or that is more than maxSkew in the future.
func (l Lock) ended(now time.Time) bool {
	return now.After(l.Expires) || now.After(l.seen().Add(maxLock)) || l.seen().After(now.Add(maxSkew))
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
