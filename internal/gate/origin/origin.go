// Package origin reads the branches, tags and commits of the repositories that actions
// come from: with git, over the network, and without a token.
package origin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// maxHistory is how much the commits of one repository may need on the disk, in bytes.
var maxHistory int64 = 256 << 20

// errAbsent is the same for both, because the server does not tell which.
var errAbsent = errors.New("it does not exist or is not public")

// Repositories are those of one server. Each is read once. Several goroutines may use
// the same Repositories.
type Repositories struct {
	Server string // https://github.com

	mu    sync.Mutex
	known map[string]*Repository
}

// Repository has the branches and tags of a repository.
type Repository struct {
	Branches map[string]string   // commit by name
	Tags     map[string][]string // ids by name: the commit, and that of the tag itself if it is annotated

	server, url string
	mu          sync.Mutex
	commits     string // ids of all commits, one a line; "": not read yet
}

var slug = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$`)

// Open reads the branches and tags of owner/name. The text of an error continues the
// sentence "it was not looked up:" and is one line.
func (r *Repositories) Open(ctx context.Context, name string) (*Repository, error) {
	owner, repo, _ := strings.Cut(name, "/")
	if !slug.MatchString(name) || strings.Trim(owner, ".") == "" || strings.Trim(repo, ".") == "" {
		return nil, errors.New("this is not the name of a repository")
	}
	r.mu.Lock()
	one := r.known[name]
	r.mu.Unlock()
	if one != nil {
		return one, nil
	}
	one = &Repository{Branches: map[string]string{}, Tags: map[string][]string{}, server: r.Server, url: strings.TrimSuffix(r.Server, "/") + "/" + name}
	err := one.with(ctx, func(ctx context.Context, dir string) error {
		out, err := one.git(dir).Run(ctx, "ls-remote", "--quiet", "--heads", "--tags", one.url)
		for line := range strings.Lines(out) {
			one.add(strings.TrimSuffix(line, "\n"))
		}
		if err == nil && len(one.Branches)+len(one.Tags) == 0 { // git accepts any page as an empty list
			err = errors.New("it has no branch and no tag")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[string]*Repository{}
	}
	r.known[name] = one
	return one, nil
}

// add takes a line of ls-remote. A name ends in ^{} if the line has the commit of an
// annotated tag.
func (r *Repository) add(line string) {
	id, ref, _ := strings.Cut(line, "\t")
	if name, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
		r.Branches[name] = id
	} else if name, ok := strings.CutPrefix(ref, "refs/tags/"); ok {
		name = strings.TrimSuffix(name, "^{}")
		r.Tags[name] = append([]string{id}, r.Tags[name]...)
	}
}

// TagsOf returns the names of the tags that are this commit, sorted.
func (r *Repository) TagsOf(id string) []string {
	var out []string
	for name, ids := range r.Tags {
		if slices.Contains(ids, id) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Contains reports whether a branch or tag leads to a commit. If none is the commit
// itself, Contains downloads the commits of the repository, without its files. The
// server would answer the direct question with yes for the commits of every fork.
func (r *Repository) Contains(ctx context.Context, id string) (bool, error) {
	for _, tip := range r.Branches {
		if tip == id {
			return true, nil
		}
	}
	if len(r.TagsOf(id)) > 0 {
		return true, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.commits == "" {
		err := r.with(ctx, func(ctx context.Context, dir string) error {
			if _, err := r.git(dir).Run(ctx, "clone", "--quiet", "--bare", "--template=", "--filter=tree:0", r.url, "commits"); err != nil {
				return err
			}
			out, err := r.git(filepath.Join(dir, "commits")).Run(ctx, "rev-list", "--all")
			if err != nil {
				return err
			}
			r.commits = "\n" + out + "\n"
			for _, tip := range r.Branches {
				if r.has(tip) {
					return nil
				}
			}
			r.commits = "" // a history without a branch is not this one
			return errors.New("its history could not be read")
		})
		if err != nil {
			return false, err
		}
	}
	return r.has(id), nil
}

// has reports whether a commit is in the history that was read.
func (r *Repository) has(id string) bool { return strings.Contains(r.commits, "\n"+id+"\n") }

// git runs in an own folder, so that no configuration of the checkout applies. It uses
// no other protocol than the server's address does, also behind a redirect.
func (r *Repository) git(dir string) git.Repository {
	scheme, _, _ := strings.Cut(r.server, "://")
	return git.Foreign(dir).WithEnv("GIT_ALLOW_PROTOCOL=" + scheme)
}

// with calls do with an empty folder, which must not become larger than maxHistory.
func (r *Repository) with(ctx context.Context, do func(context.Context, string) error) error {
	dir, err := os.MkdirTemp("", "origin-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		for size(dir) <= maxHistory {
			select {
			case <-ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
		cancel(fmt.Errorf("its history has more than %d MiB", maxHistory>>20))
	}()
	err = do(ctx, dir)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return explain(err)
}

// size adds up what is in a folder. Files may come and go while it counts.
func size(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

var (
	absent   = regexp.MustCompile(`could not read Username|Authentication failed|repository '[^']*' not found|returned error: 40[14]`)
	address  = regexp.MustCompile(`unable to access '[^']*': `)
	complain = regexp.MustCompile(`(?m)^fatal: (.*)$`)
)

// explain shortens what git prints, so that the same cause has the same text for every
// repository.
func explain(err error) error {
	var e *git.Error
	switch {
	case !errors.As(err, &e):
		return err
	case absent.MatchString(e.Stderr):
		return errAbsent
	}
	said := e.Stderr
	if m := complain.FindStringSubmatch(said); m != nil {
		said = m[1]
	}
	return errors.New(text.OneLine(text.WithoutEscapes(address.ReplaceAllString(said, "")), 120))
}
