package process

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// lockWait is how long a deployment waits for another deployment of the same
// environment.
const lockWait = 30 * time.Second

// environment is the folder of one environment. This process holds its lock.
type environment struct {
	dir  string
	lock *flock.Flock
	record
}

// record is the content of environment.json.
type record struct {
	Name     string `json:"name"`
	Instance string `json:"instance"`          // in the environment of every process
	Last     int    `json:"last"`              // number of the last generation; never reused
	Stopped  bool   `json:"stopped,omitempty"` // nothing is deployed; the data are kept
}

// slug returns the folder name of an environment. It is readable, and its hash makes
// it unique, also on a file system that ignores case.
func slug(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	sum := sha256.Sum256([]byte(name))
	return strings.Trim(safe[:min(len(safe), 40)], "-") + fmt.Sprintf("-%x", sum[:4])
}

// enter takes the lock of an environment. If the environment does not exist, enter
// creates it (create is true) or returns fs.ErrNotExist.
func (t *Target) enter(ctx context.Context, name string, create bool) (*environment, error) {
	dir, err := t.folder(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	path := filepath.Join(dir, "lock")
	var lock *flock.Flock
	for {
		if create {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return nil, fmt.Errorf("cannot create the environment's folder: %w", err)
			}
		}
		lock, err = acquire(ctx, path)
		if !create || !errors.Is(err, fs.ErrNotExist) {
			break // else another process has just removed the folder
		}
	}
	if ctx.Err() != nil && lock == nil {
		return nil, fmt.Errorf("cannot lock environment %s: process %d holds it (%w): wait until that process ends, or stop it", name, owner(path), ctx.Err())
	}
	if err != nil {
		return nil, fmt.Errorf("cannot lock environment %s: %w", name, err)
	}
	e := &environment{dir: dir, lock: lock}
	if err := e.load(name, create); err != nil {
		e.leave()
		return nil, err
	}
	return e, nil
}

func (e *environment) leave() { _ = e.lock.Unlock() }

// load reads environment.json. A missing file is not an error, because an environment
// can be taken down without it.
func (e *environment) load(name string, create bool) error {
	err := readJSON(filepath.Join(e.dir, "environment.json"), &e.record)
	if !create {
		e.Name = name
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		e.record = record{Name: name, Instance: rand.Text()}
		if gens, _ := e.generations(); len(gens) > 0 {
			e.Last = gens[len(gens)-1].number // the record was lost
		}
		err = e.save()
	} else if err == nil && e.Stopped {
		e.Stopped = false
		err = e.save()
	}
	if err == nil && e.Name != name {
		err = fmt.Errorf("%s belongs to environment %s", e.dir, e.Name)
	}
	if err != nil {
		return fmt.Errorf("cannot read environment %s: %w: take it down, then deploy again", name, err)
	}
	return os.MkdirAll(e.data(), 0o700)
}

func (e *environment) save() error {
	return writeJSON(filepath.Join(e.dir, "environment.json"), e.record)
}

// expire sets when the environment ends by itself. The zero time means never.
func (e *environment) expire(at time.Time) error {
	name := filepath.Join(e.dir, "expires")
	if at.IsZero() {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return writeJSON(name, at.UTC())
}

func (e *environment) data() string { return filepath.Join(e.dir, "data") }

// service returns the generation-like folder of a service.
func (e *environment) service(name string) *generation {
	m := e.marks(0)
	m.all = []string{serviceMark + name}
	return &generation{dir: filepath.Join(e.dir, servicesFolder, name), marks: m}
}

// stopServices stops what runs beside the application.
func (e *environment) stopServices(ctx context.Context) error {
	var errs error
	for _, p := range programs {
		errs = errors.Join(errs, e.service(p.Name).stop(ctx))
	}
	return errs
}

// generations lists the unpacked generations, the oldest first.
func (e *environment) generations() ([]*generation, error) {
	entries, err := os.ReadDir(e.dir)
	if err != nil {
		return nil, fmt.Errorf("cannot list generations: %w", err)
	}
	var gens []*generation
	for _, f := range entries {
		if n, ok := number(f.Name()); ok {
			gens = append(gens, &generation{dir: filepath.Join(e.dir, f.Name()), number: n, marks: e.marks(n)})
		}
	}
	slices.SortFunc(gens, func(a, b *generation) int { return a.number - b.number })
	return gens, nil
}

// current returns the generation that serves requests, or nil if there is none.
func (e *environment) current() *generation {
	g, err := openCurrent(e.dir)
	if err != nil {
		return nil
	}
	g.marks = e.marks(g.number)
	return g
}

// tidy removes the generations that an interrupted deployment left.
func (e *environment) tidy(ctx context.Context) error {
	gens, err := e.generations()
	if err != nil {
		return err
	}
	current := e.current()
	for _, g := range gens {
		if current != nil && g.number == current.number {
			continue
		}
		if _, _, err := e.end(ctx, g); err != nil {
			return err
		}
	}
	return nil
}
