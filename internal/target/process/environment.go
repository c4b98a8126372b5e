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

// lockWait is how long a second deployment waits for the first.
const lockWait = 30 * time.Second

// environment is the folder of one environment, held by this process.
type environment struct {
	dir  string
	lock *flock.Flock
	record
}

// record is environment.json.
type record struct {
	Name     string `json:"name"`
	Instance string `json:"instance"` // marks every process of the environment
	Last     int    `json:"last"`     // generation; numbers are never used twice
}

// slug is a folder name for an environment: readable, and by its hash different
// for different names, also where the file system ignores case.
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

// enter takes the lock of an environment. Where there is none, it makes one or
// returns fs.ErrNotExist.
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
				return nil, fmt.Errorf("make the environment's folder: %w", err)
			}
		}
		lock, err = acquire(ctx, path)
		if !create || !errors.Is(err, fs.ErrNotExist) {
			break // else somebody has just removed the folder
		}
	}
	if ctx.Err() != nil && lock == nil {
		return nil, fmt.Errorf("lock environment %s: process %d holds it (%w): wait until that ends, or end it", name, owner(path), ctx.Err())
	}
	if err != nil {
		return nil, fmt.Errorf("lock environment %s: %w", name, err)
	}
	e := &environment{dir: dir, lock: lock}
	if err := e.load(name, create); err != nil {
		e.leave()
		return nil, err
	}
	return e, nil
}

func (e *environment) leave() { _ = e.lock.Unlock() }

// load reads environment.json. Taking an environment down must work without it.
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
	}
	if err == nil && e.Name != name {
		err = fmt.Errorf("%s belongs to environment %s", e.dir, e.Name)
	}
	if err != nil {
		return fmt.Errorf("read environment %s: %w: take it down, then deploy again", name, err)
	}
	return os.MkdirAll(e.data(), 0o700)
}

func (e *environment) save() error {
	return writeJSON(filepath.Join(e.dir, "environment.json"), e.record)
}

func (e *environment) data() string { return filepath.Join(e.dir, "data") }

// generations lists what is unpacked, the oldest first.
func (e *environment) generations() ([]*generation, error) {
	entries, err := os.ReadDir(e.dir)
	if err != nil {
		return nil, fmt.Errorf("list generations: %w", err)
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

// current is the generation that serves, or nil.
func (e *environment) current() *generation {
	g, err := openCurrent(e.dir)
	if err != nil {
		return nil
	}
	g.marks = e.marks(g.number)
	return g
}

// tidy ends and removes what an interrupted deployment has left behind.
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
		if err := g.remove(ctx); err != nil {
			return err
		}
	}
	return nil
}
