package workflow

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize/english"
	"golang.org/x/sync/errgroup"

	"github.com/seed-b235b314/goldenpath/internal/gate/origin"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

const (
	lookUpTime  = 20 * time.Second // for all repositories together
	lookUpLimit = 6                // repositories at the same time
)

// lookUp runs the rules that compare a reference with the repository that it names. It
// returns what it found, and a sentence for the row: how many repositories it read, and
// which it did not and why. Nothing that it cannot read changes the verdict.
func (s Scanner) lookUp(ctx context.Context, offline bool, t *Tree) ([]report.Finding, string) {
	pins := map[string][]pin{}
	for _, f := range t.files {
		for _, p := range f.pins() {
			pins[p.repo] = append(pins[p.repo], p)
		}
	}
	switch {
	case s.Origin == nil || len(pins) == 0:
		return nil, ""
	case offline:
		return nil, "; " + repositories(len(pins)) + " of actions not looked up on GitHub: the scan is offline"
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lookUpTime, fmt.Errorf("it took longer than %s", lookUpTime))
	defer cancel()
	var mu sync.Mutex
	var out []report.Finding
	missing := map[string][]string{} // by reason
	var g errgroup.Group
	g.SetLimit(lookUpLimit)
	for _, name := range slices.Sorted(maps.Keys(pins)) {
		g.Go(func() error {
			found, err := checkPins(ctx, s.Origin, name, pins[name])
			mu.Lock()
			defer mu.Unlock()
			out = append(out, found...)
			if err != nil {
				missing[err.Error()] = append(missing[err.Error()], short(name))
			}
			return nil
		})
	}
	_ = g.Wait() // no error: what was not read is in missing
	read := len(pins)
	said := ""
	for _, why := range slices.Sorted(maps.Keys(missing)) {
		const most = 5
		names := missing[why]
		slices.Sort(names)
		read -= len(names)
		if rest := len(names) - most; rest > 0 {
			names = append(names[:most:most], fmt.Sprintf("%d more", rest))
		}
		said += fmt.Sprintf("; not looked up: %s (%s)", english.WordSeries(names, "and"), why)
	}
	return out, "; " + repositories(read) + " of actions looked up on GitHub" + said
}

func repositories(n int) string { return english.Plural(n, "repository", "repositories") }

// checkPins checks all references to one repository. An error means that one at least
// could not be decided.
func checkPins(ctx context.Context, all *origin.Repositories, name string, pins []pin) ([]report.Finding, error) {
	r, err := all.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	var out []report.Finding
	add := func(p pin, rule string, severity report.Severity, message, fix string) {
		f := report.Finding{
			Rule: rule, Severity: severity, At: p.file.at(p.uses.Pos), Message: message, Fix: fix,
			Fingerprint: strings.Join([]string{rule, p.file.Path, short(p.uses.Value), p.claim}, " "),
		}
		if i := slices.IndexFunc(out, func(o report.Finding) bool { return o.Fingerprint == f.Fingerprint }); i >= 0 {
			out[i].Also = append(out[i].Also, f.At)
			return
		}
		out = append(out, f)
	}
	var undecided error
	for _, p := range pins {
		if !commitRef.MatchString(p.ref) {
			_, ref, _ := strings.Cut(p.uses.Value, "@") // p.ref is in lower case
			if r.Branches[ref] != "" && r.Tags[ref] != nil {
				add(p, "ref-confusion", report.Medium, fmt.Sprintf("%s is a branch and a tag of %s: it is not evident which of them runs", short(ref), p.repo), "pin the full commit id and put the version in a comment")
			}
			continue
		}
		switch in, err := r.Contains(ctx, p.ref); {
		case err != nil:
			undecided = fmt.Errorf("commit %.7s: %w", p.ref, err)
		case !in:
			add(p, "impostor-commit", report.High, fmt.Sprintf("no branch or tag of %s leads to commit %.12s: GitHub also finds the commits of forks there, so anyone may have written it", p.repo, p.ref),
				"pin the commit of a release, and look at what this commit did")
		}
		if p.claim == "" {
			continue
		}
		if why := misnamed(r, p.ref, p.claim); why != "" {
			add(p, "ref-version-mismatch", report.Medium, fmt.Sprintf("the comment says %s of %s, but %s", short(p.claim), p.repo, why), "correct the comment, or pin the commit of that version")
		}
	}
	return out, undecided
}

var (
	// claimWord matches the version in a comment that is nothing but a version, with a
	// note behind it at most: "v1.2.3 (2024-01-01)".
	claimWord    = regexp.MustCompile(`^[^#]*#\s*(?:(?:tag|version|ver)\s*[=:]\s*|ratchet:\S+?@|pin@)?([vV]?\d[\w.+-]*)\s*(?:$|[(#,;])`)
	plainVersion = regexp.MustCompile(`^[vV]?(\d+(?:\.\d+)*)$`)
	lastVersion  = regexp.MustCompile(`(?:^|[/@_-])[vV]?(\d+(?:\.\d+)*)$`) // also of codeql-bundle-v2.20.0
)

// misnamed returns what contradicts the version that a comment gives to a commit, or
// "". A version of one or two numbers, such as v4, is a tag that moves on: it
// contradicts only a commit that has other versions.
func misnamed(r *origin.Repository, commit, claim string) string {
	plain := plainVersion.FindStringSubmatch(claim)
	tags := r.TagsOf(commit)
	other := ""
	for _, tag := range tags {
		if sameTag(tag, claim) {
			return ""
		}
		if m := lastVersion.FindStringSubmatch(tag); m != nil && plain != nil && strings.HasPrefix(m[1]+".", plain[1]+".") {
			return ""
		}
		if plainVersion.MatchString(tag) && len(tag) >= len(other) {
			other = tag
		}
	}
	if plain != nil && strings.Count(plain[1], ".") < 2 {
		if other == "" {
			return ""
		}
		return "the commit is " + short(other)
	}
	for _, tag := range slices.Sorted(maps.Keys(r.Tags)) {
		if sameTag(tag, claim) {
			if other != "" {
				other = ", and this one is " + short(other)
			}
			return fmt.Sprintf("that tag is commit %.12s%s", r.Tags[tag][0], other)
		}
	}
	return ""
}

// sameTag compares two names without the v before a version.
func sameTag(a, b string) bool {
	cut := func(s string) string { return strings.TrimPrefix(strings.ToLower(s), "v") }
	return cut(a) == cut(b)
}

// replaced returns the findings without those that say less than one of found: a
// version that the repository of the action contradicts, and not only another comment.
func replaced(findings, found []report.Finding) []report.Finding {
	return slices.DeleteFunc(findings, func(f report.Finding) bool {
		return slices.ContainsFunc(found, func(o report.Finding) bool {
			return o.Rule == f.Rule && (o.At == f.At || slices.Contains(o.Also, f.At))
		})
	})
}
