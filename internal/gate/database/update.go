package database

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// item is one wanted database.
type item struct {
	kind
	name    string
	mirrors []string
	// fetch downloads the mirror's file and returns its source, or nil if the mirror has
	// the same file as have.
	fetch func(ctx context.Context, mirror string, have *Source) (*Source, error)
}

// update is one update of the databases in a folder.
type update struct {
	Options
	root   *os.Root
	client *http.Client
}

// Update updates the wanted databases one after the other and returns a result for
// each. Each file is replaced in one step, even if the update is interrupted. A second
// update of the same folder waits for the first to end.
//
// If no mirror can be used, the existing file is kept, and its Result says so. This is
// an error only if there is no existing file or it is older than MaxAge.
func Update(ctx context.Context, o Options) ([]Result, error) {
	o = o.withDefaults()
	u := &update{Options: o}
	items, err := u.items()
	if err != nil {
		return nil, fmt.Errorf("cannot update the databases: %w", err)
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot update the databases: %w", err)
	}
	lock := flock.New(filepath.Join(o.Dir, ".lock"))
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return nil, fmt.Errorf("cannot lock the databases in %s: %w", o.Dir, err)
	}
	// Unlocking fails only if the file is already closed.
	defer func() { _ = lock.Unlock() }()
	if u.root, err = os.OpenRoot(o.Dir); err != nil {
		return nil, fmt.Errorf("cannot update the databases: %w", err)
	}
	defer u.root.Close()
	client := *o.Client
	client.Transport = transport{base: client.Transport, stall: o.Stall, now: o.Now}
	u.client = &client
	var results []Result
	var errs []error
	for _, it := range items {
		if ctx.Err() != nil {
			errs = append(errs, fmt.Errorf("cannot update %s: %w", it.name, context.Cause(ctx)))
			break
		}
		r, err := u.one(ctx, it)
		results = append(results, r)
		if err != nil {
			errs = append(errs, fmt.Errorf("cannot update %s: %w", it.name, err))
		}
	}
	return results, errors.Join(errs...)
}

// items pairs each name with its mirrors. An invalid mirror is an error.
func (u *update) items() ([]item, error) {
	names, err := u.Needed()
	errs := []error{err}
	var items []item
	for _, name := range names {
		it := item{name: name}
		it.kind, _ = kindOf(name)
		switch name {
		case TrivyDB:
			it.mirrors, it.fetch = u.TrivyMirrors, u.artifact(trivyDB(u.limits))
		case TrivyJavaDB:
			it.mirrors, it.fetch = u.JavaMirrors, u.artifact(javaDB(u.limits))
		case Exploited:
			it.mirrors, it.fetch = u.KEVMirrors, u.file(name, u.limits.text, u.checkKEV)
		case Scores:
			it.mirrors, it.fetch = u.EPSSMirrors, u.file(name, u.limits.text, u.checkEPSS)
		default:
			eco := url.PathEscape(strings.TrimPrefix(name, "osv/"))
			for _, m := range u.OSVMirrors {
				if !strings.Contains(m, "<ecosystem>") {
					errs = append(errs, fmt.Errorf("mirror %s does not contain the placeholder <ecosystem>", label(m)))
				}
				it.mirrors = append(it.mirrors, strings.ReplaceAll(m, "<ecosystem>", eco))
			}
			it.fetch = u.file(name, u.limits.zip, u.checkZip)
		}
		items = append(items, it)
	}
	return items, errors.Join(errs...)
}

// one updates one database.
func (u *update) one(ctx context.Context, it item) (Result, error) {
	have, err := intact(u.root, it.name)
	var notes []string
	if err != nil { // the file will be replaced
		notes = append(notes, plainError(err))
	}
	if have != nil && u.young(*have, u.Refresh) {
		return u.result(it, Kept, have, nil), nil
	}
	state := Stale
	for _, m := range it.mirrors {
		got := have
		err := u.retry(ctx, func() (err error) {
			got, err = it.fetch(ctx, m, have)
			return err
		})
		if err != nil {
			notes = append(notes, label(m)+": "+plainError(err))
			switch {
			case ours(err):
				return u.result(it, leftOf(have), have, notes), err
			case ctx.Err() != nil:
				return u.result(it, leftOf(have), have, notes), context.Cause(ctx)
			}
			continue
		}
		state = Fetched
		if got == nil {
			checked := *have
			checked.Checked = u.Now().UTC()
			if err := writeSource(u.root, checked); err != nil {
				return u.result(it, Stale, have, notes), err
			}
			got, state = &checked, Unchanged
		}
		have = got
		if age, _ := have.Age(u.Now()); age <= u.MaxAge {
			break
		}
		// The next mirror may have a newer one.
		state = Stale
		notes = append(notes, label(m)+": the mirror's data is of "+have.Upstream.Format(time.DateOnly))
	}
	if state != Stale {
		return u.result(it, state, have, notes), nil
	}
	return u.leftover(it, have, notes)
}

// leftover returns the result for a database that no mirror could deliver.
func (u *update) leftover(it item, have *Source, notes []string) (Result, error) {
	r, why := u.result(it, leftOf(have), have, notes), ""
	if have != nil {
		switch age, known := have.Age(u.Now()); {
		case !known:
			why = "the age of the existing copy is unknown; "
		case age > u.MaxAge:
			why = fmt.Sprintf("the existing copy is %s old (at most %s); ", days(age), days(u.MaxAge))
		default:
			return r, nil
		}
	}
	return r, fmt.Errorf("%s%s\n  try: again later, or use your own mirror (--mirror-osv, --mirror-trivy)", why, strings.Join(notes, "; "))
}

// leftOf returns the state of a database that was not downloaded.
func leftOf(have *Source) State {
	if have == nil {
		return Missing
	}
	return Stale
}

// young reports whether a mirror confirmed the database within the refresh time and the
// database is not stale.
func (u *update) young(s Source, refresh time.Duration) bool {
	age, known := s.Age(u.Now())
	since := u.Now().Sub(s.Checked)
	return known && s.Digest != "" && age <= u.MaxAge && since >= 0 && since < refresh
}

func (u *update) result(it item, state State, s *Source, notes []string) Result {
	r := Result{State: state, Errors: notes}
	r.Name = it.name
	if s != nil {
		r.Database, r.From, r.Size = s.Database(), s.From, s.Size
		r.Age, _ = s.Age(u.Now())
	}
	return r
}
