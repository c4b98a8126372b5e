package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// commit is a commit of the repository.
type commit struct {
	id   string
	time time.Time
}

func (c commit) short() string { return c.id[:12] }

// release is the state that the steps share.
type release struct {
	o       Options
	scratch string
	source  commit
	remote  refs // at the start of the run

	ground   map[string]v1.Image // base, by platform
	baseName string
	binaries []binary
	images   []image

	pinned, starters string // commits: images by digest; starters on top of it
	sum              []byte // section of the changelog
}

// begin reads the source commit and the remote's refs.
func begin(ctx context.Context, o Options) (*release, error) {
	o = o.complete()
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &release{o: o}
	id, err := r.git(ctx, "rev-parse", "--verify", "HEAD^{commit}")
	if err != nil {
		return nil, fmt.Errorf("cannot read the repository %s: %w", o.Repo, err)
	}
	text, err := r.git(ctx, "show", "--no-patch", "--format=%cI", id)
	if err != nil {
		return nil, err
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, err
	}
	r.source = commit{id, at.UTC()}
	r.scratch, err = os.MkdirTemp("", "publish-*")
	return r, err
}

// checkSource checks that the source is a commit on a branch of the remote.
func checkSource(ctx context.Context, r *release) ([]string, error) {
	dirty, err := r.git(ctx, "status", "--porcelain", "--untracked-files=normal")
	if err != nil {
		return nil, err
	}
	if dirty != "" {
		return nil, fmt.Errorf("%s has uncommitted changes:\n%s\n  try: commit them, or release from a fresh clone", r.o.Repo, dirty)
	}
	if r.remote, err = r.readRefs(ctx); err != nil {
		return nil, err
	}
	where, err := r.reached(ctx)
	if err != nil {
		return nil, err
	}
	if r.sum, err = r.section(ctx); err != nil {
		return nil, err
	}
	return []string{fmt.Sprintf("%s, %s, is on %s of %s; nothing is changed beside it", r.source.id, r.source.time.Format(time.DateOnly), where, r.o.Remote)}, nil
}

// reached returns the branch of the remote that contains the source.
func (r *release) reached(ctx context.Context) (string, error) {
	for _, branch := range []string{r.o.Branch, r.o.line()} {
		tip, err := r.fetch(ctx, "refs/heads/"+branch)
		if err != nil {
			return "", err
		}
		if tip == "" {
			continue
		}
		has, err := r.has(ctx, tip, r.source.id)
		if err != nil || has {
			return branch, err
		}
	}
	return "", fmt.Errorf("%s is on neither %s nor %s of %s\n  try: push the commit, or check out a commit of one of these branches", r.source.short(), r.o.Branch, r.o.line(), r.o.Remote)
}

// section returns the version's section of the changelog.
func (r *release) section(ctx context.Context) ([]byte, error) {
	text, err := r.file(ctx, r.source.id, "CHANGELOG.md")
	if err != nil {
		return nil, err
	}
	heading := regexp.MustCompile(`(?m)^## \[` + regexp.QuoteMeta(r.o.number()) + `\] - (unreleased|\d{4}-\d\d-\d\d)\n`)
	at := heading.FindIndex(text)
	if at == nil {
		return nil, fmt.Errorf("CHANGELOG.md has no heading \"## [%s] - unreleased\"\n  try: add the heading with the changes of the version, and merge it", r.o.number())
	}
	rest := text[at[1]:]
	if next := regexp.MustCompile(`(?m)^(## |\[[^\]]+\]: )`).FindIndex(rest); next != nil {
		rest = rest[:next[0]]
	}
	if strings.TrimSpace(string(rest)) == "" {
		return nil, errors.New("CHANGELOG.md describes no changes for " + r.o.number())
	}
	return rest, nil
}
