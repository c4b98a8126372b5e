package preview

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// hostile is 4 KB of everything that somebody would act on.
var hostile = strings.Repeat("$(touch pwned)`touch pwned`;touch pwned\n::error::pwned\r\n##[command]pwned\x1b[2J\x1b]0;pwned\x07"+
	"\n- {a: !!python/object:pwned}\n---\n](https://pwned.example)<img src=x onerror=pwned>|@everyone\n<!-- pwned -->\x00../../../pwned\u202e%0Apwned", 20)[:4096]

// TestHostile proves GP-SAFE-2 for GP-PREV-1 to 8: whatever a pull request, an image
// or a label says, nothing of it becomes a name, a path, a command or an output.
func TestHostile(t *testing.T) {
	b := newBench(t)
	b.prices(1)
	b.policy.PerDay = 100
	b.Repository = relabelled{b.Repository}
	b.github.SetPull(githubtest.Pull{
		Number: 12, Head: commit(0), Branch: hostile, Author: hostile, Title: hostile, Body: hostile,
		Labels: []string{hostile, "preview-extend-" + hostile, "preview-ok-" + hostile, "preview-pin" + hostile},
	})
	o := b.options(0)
	o.Head = commit(0) // of the pull request; what the image says is another
	o.CostCentre = hostile
	var reports []*report.Report
	reports = append(reports, b.up(o))
	b.deploy("preview/pr-99", 0, target.Tags{Owner: hostile, Repository: hostile, CostCentre: hostile, PullRequest: -5, PerHour: -1e300})
	b.deploy("preview/"+hostile, 0, target.Tags{Owner: hostile})
	b.target.Change("preview/pr-99", func(r *target.Running) {
		r.Commit, r.Digest, r.URL, r.Notes = hostile, hostile, hostile, []string{hostile}
	})
	list, err := List(t.Context(), b.Deps, b.policy)
	if err != nil {
		t.Fatal(err)
	}
	swept, err := Sweep(t.Context(), b.Deps, SweepOptions{Policy: b.policy})
	if err == nil || fates(t, swept)["pr-12"] != "stays" || fates(t, swept)["pr-99"] != "stays" || fates(t, swept)[hostile] != "error" {
		t.Errorf("%v, %v", fates(t, swept), err)
	}
	b.clock.Add(5 * time.Hour)
	again, _ := Sweep(t.Context(), b.Deps, SweepOptions{Policy: b.policy})
	if fates(t, again)["pr-12"] != "removed expired" || fates(t, again)["pr-99"] != "removed expired" {
		t.Errorf("%v", fates(t, again))
	}
	daily, err := Daily(t.Context(), b.Deps, b.policy, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range append(reports, list, swept, again, daily) {
		b.clean(r)
	}
	b.cleanLedger()
	if b.seeds() != 1 {
		t.Errorf("seeded %d times", b.seeds())
	}
}

// relabelled are images whose label says which commit they are of, and lies.
type relabelled struct{ Repository }

func (r relabelled) Resolve(ctx context.Context, reference string, platform v1.Platform) (artifact.Artifact, error) {
	a, err := r.Repository.Resolve(ctx, reference, platform)
	a.Labels = map[string]string{"org.opencontainers.image.revision": strings.ReplaceAll(hostile, "\x00", "")}
	return a, err
}

// clean fails the test when an output holds outside text, or a surface has what a
// terminal or a runner acts on. What Markdown makes of it package report proves.
func (b *bench) clean(r *report.Report) {
	b.t.Helper()
	for _, o := range r.Outputs {
		if strings.Contains(o.Value, "pwned") {
			b.t.Errorf("%s: output %s = %q", r.Name, o.Name, o.Value)
		}
	}
	for name, write := range map[string]func(io.Writer) error{
		"log": r.WriteLog, "annotations": r.WriteAnnotations, "json": r.WriteJSON,
		"summary": func(w io.Writer) error { return r.WriteSummary(w, 1<<20) },
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			b.t.Errorf("%s: %s: %v", r.Name, name, err)
		}
		bad := []string{"\x1b", "\x07", "\x00", "\r"}
		if name == "log" || name == "annotations" {
			bad = append(bad, "\u202e", "##[command]", "\n::error::pwned")
		}
		for _, s := range bad {
			if strings.Contains(out.String(), s) {
				b.t.Errorf("%s: the %s has %q", r.Name, name, s)
			}
		}
	}
}

// cleanLedger fails the test when a path or a message of the ledger is not of our own
// making.
func (b *bench) cleanLedger() {
	b.t.Helper()
	git := func(args ...string) string {
		out, err := exec.Command("git", append([]string{"-C", b.Ledger.Git.Dir()}, args...)...).Output()
		if err != nil {
			b.t.Fatal(err)
		}
		return string(out)
	}
	path := regexp.MustCompile(`^(README\.md|previews/[-a-z0-9]+\.json|spend/\d{4}/\d\d/\d\d\.json|entries/preview/[-a-z0-9]+/\d{4}/\d\d/[0-9.]+-\d+\.preview\.json)$`)
	for name := range strings.SplitSeq(strings.TrimRight(git("log", "--all", "--format=", "--name-only", "-z"), "\x00\n"), "\x00") {
		if name = strings.TrimSpace(name); name != "" && !path.MatchString(name) {
			b.t.Errorf("path %q", name)
		}
	}
	subject := regexp.MustCompile(`^(preview preview/[-a-z0-9]+: [ -~\x{fffd}\x{200b}]{1,60}|sweep: extended or found)$`)
	for line := range strings.SplitSeq(strings.TrimSpace(git("log", "--all", "--format=%s")), "\n") {
		if !subject.MatchString(line) {
			b.t.Errorf("subject %q", line)
		}
	}
	body := regexp.MustCompile(`^\s*\[skip ci\]\s+Append: [A-Z0-9]+\s*$`)
	for text := range strings.SplitSeq(strings.TrimRight(git("log", "--all", "--format=%b", "-z"), "\x00\n"), "\x00") {
		if !body.MatchString(text) {
			b.t.Errorf("message %q", text)
		}
	}
}
