package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// refs maps the names of the remote's refs to commit ids.
type refs map[string]string

func (r *release) readRefs(ctx context.Context) (refs, error) {
	text, err := r.git(ctx, "ls-remote", "--refs", r.o.Remote)
	if err != nil {
		return nil, fmt.Errorf("cannot read the refs of %s: %w", r.o.Remote, err)
	}
	all := refs{}
	for line := range strings.Lines(text) {
		if id, ref, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok {
			all[ref] = id
		}
	}
	return all, nil
}

func (o Options) tag() string    { return "refs/tags/" + o.Version }
func (o Options) branch() string { return "refs/heads/" + o.line() }
func (o Options) moving() string { return "refs/tags/" + semver.Major(o.Version) }

// newest reports whether the version is the newest of its major version. Only then does
// the moving tag move; a candidate never moves it.
func (o Options) newest(remote refs) bool {
	if semver.Prerelease(o.Version) != "" {
		return false
	}
	for ref := range remote {
		v, ok := strings.CutPrefix(ref, "refs/tags/")
		if ok && semver.Canonical(v) == v && semver.Prerelease(v) == "" && semver.Major(v) == semver.Major(o.Version) && semver.Compare(v, o.Version) > 0 {
			return false
		}
	}
	return true
}

// pushRefs creates the branch and the version's tag in one transaction, and forces neither.
func pushRefs(ctx context.Context, r *release) ([]string, error) {
	want := map[string]string{r.o.tag(): r.pinned}
	tip := r.remote[r.o.branch()]
	has := false
	if tip != "" {
		var err error
		if has, err = r.has(ctx, tip, r.starters); err != nil {
			return nil, err
		}
	}
	if !has {
		want[r.o.branch()] = r.starters
	}
	args := []string{"push", "--quiet", "--atomic"}
	var specs, lines []string
	for _, ref := range slices.Sorted(maps.Keys(want)) {
		switch r.remote[ref] {
		case want[ref]:
			lines = append(lines, fmt.Sprintf("%s is %s already", ref, want[ref][:12]))
			continue
		case "":
			lines = append(lines, fmt.Sprintf("%s %s", ref, want[ref][:12]))
		default:
			lines = append(lines, fmt.Sprintf("%s %s → %s", ref, r.remote[ref][:12], want[ref][:12]))
		}
		specs = append(specs, want[ref]+":"+ref)
	}
	if has {
		lines = append(lines, fmt.Sprintf("%s has %s already", r.o.branch(), r.starters[:12]))
	}
	if len(specs) == 0 {
		return lines, nil
	}
	if r.o.DryRun {
		return would(lines), nil
	}
	if _, err := r.git(ctx, append(append(args, r.o.Remote), specs...)...); err != nil {
		return nil, fmt.Errorf("cannot push to %s: %w\n  try: run the command again; if the remote still refuses, someone else made a release or a ruleset forbids the push (docs/releasing.md)", r.o.Remote, err)
	}
	return lines, r.readBack(ctx, want)
}

// move moves the tag of the major version to an existing release. It is a step of its own,
// because people use that tag, and a release is only a draft until its notes are published. The
// tag only moves forward, and only if it still is where it was read.
func (r *release) move(ctx context.Context) (string, error) {
	remote, err := r.readRefs(ctx)
	if err != nil {
		return "", err
	}
	r.remote = remote
	from, to := remote[r.o.moving()], remote[r.o.tag()]
	switch {
	case to == "":
		return "", fmt.Errorf("%s has no tag %s\n  try: make the release first, without --move", r.o.Remote, r.o.Version)
	case semver.Prerelease(r.o.Version) != "":
		return r.o.moving() + " stays: " + r.o.Version + " is a candidate", nil
	case !r.o.newest(remote):
		return r.o.moving() + " stays: a newer release exists", nil
	case from == to:
		return r.o.moving() + " is " + to[:12] + " already", nil
	}
	line := fmt.Sprintf("%s %.12s → %.12s", r.o.moving(), cmp.Or(from, "new"), to)
	if r.o.DryRun {
		return would([]string{line})[0], nil
	}
	if _, err := r.fetch(ctx, r.o.tag()); err != nil {
		return "", err
	}
	if _, err := r.git(ctx, "push", "--quiet", "--force-with-lease="+r.o.moving()+":"+from, r.o.Remote, to+":"+r.o.moving()); err != nil {
		return "", fmt.Errorf("cannot move %s of %s: %w\n  try: run the command again; if the remote still refuses, a ruleset forbids it (docs/releasing.md)", r.o.moving(), r.o.Remote, err)
	}
	return line, r.readBack(ctx, map[string]string{r.o.moving(): to})
}

func (r *release) readBack(ctx context.Context, want map[string]string) error {
	now, err := r.readRefs(ctx)
	if err != nil {
		return err
	}
	var problems []error
	for ref, id := range want {
		if now[ref] != id {
			problems = append(problems, fmt.Errorf("the ref %s is %q after the push, want commit %s", ref, now[ref], id))
		}
	}
	return errors.Join(problems...)
}

// would marks the lines about changes that a dry run did not make.
func would(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = "would: " + l
	}
	return out
}
