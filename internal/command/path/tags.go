package path

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// tag gives the image of a report a tag in the registry and reports the outcome. A clean-up of
// a registry usually deletes images without a tag, and would delete what runs. A folder of this
// machine has no such clean-up.
func (w *world) tag(ctx context.Context, r *report.Report, tag string) {
	if w.local {
		return
	}
	c := report.Check{Name: "image tag", State: report.OK, Result: tag}
	if err := w.repository.Tag(ctx, r.Digest, tag); err != nil {
		c.State, c.Result = report.Warned, "the image has no tag: "+err.Error()
		c.Note = "a clean-up of the registry could delete it while it is needed"
		if r.Verdict == report.Pass {
			r.Verdict = report.Warn
		}
	}
	r.Checks = append(r.Checks, c)
}

// tagRelease tags the image of a release, such as production-2026.11.21-1, whatever its soak
// showed: without a result of the soak, the release keeps running.
func (w *world) tagRelease(ctx context.Context, r *report.Report, environment string) {
	if id := r.Output("release"); id != "" {
		w.tag(ctx, r, environment+"-"+id)
	}
}

// tagPreview tags the image of a preview, such as pr-12-COMMIT.
func (w *world) tagPreview(ctx context.Context, r *report.Report, name string) {
	if ofPullRequest.MatchString(name) && r.Commit != "" && (r.Verdict == report.Pass || r.Verdict == report.Warn) {
		w.tag(ctx, r, name+"-"+r.Commit)
	}
}

// removals is the target of previews. It remembers which it removed.
type removals struct {
	preview.Target
	mu    sync.Mutex
	names []string
}

// removing returns the services of previews with a target that remembers what it removed.
func (p *previews) removing() (preview.Deps, *removals) {
	deps, gone := p.deps, &removals{Target: p.deps.Target}
	deps.Target = gone
	return deps, gone
}

// Down removes an environment.
func (r *removals) Down(ctx context.Context, environment string) error {
	err := r.Target.Down(ctx, environment)
	if name := strings.TrimPrefix(environment, "preview/"); err == nil && ofPullRequest.MatchString(name) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.names = append(r.names, name)
	}
	return err
}

// ofPreview matches the tags of previews.
var ofPreview = regexp.MustCompile(`^(pr-[0-9]+)-[0-9a-f]{7,64}$`)

// untag removes the tags of removed previews from the registry and reports the outcome. Tags
// that are left do not change the verdict: the previews are gone.
func (p *previews) untag(ctx context.Context, r *report.Report, names []string) {
	if p.local || p.repository == nil || len(names) == 0 { // the controller in a cluster reads no registry
		return
	}
	ours := func(tag string) bool {
		m := ofPreview.FindStringSubmatch(tag)
		return m != nil && slices.Contains(names, m[1])
	}
	before, err := p.tagged(ctx, ours)
	if err == nil && len(before) == 0 {
		return
	}
	c := report.Check{Name: "image tags", State: report.OK}
	kept := 0
	if err == nil {
		kept, err = p.deleteTags(ctx, before, ours)
	}
	left := before
	if after, listErr := p.tagged(ctx, ours); err == nil || listErr == nil {
		left, err = after, errors.Join(err, listErr)
	}
	switch {
	case err == nil && len(left) == 0:
		c.Result = english.Plural(len(before), "tag", "") + " removed"
	case errors.Is(err, artifact.ErrUnsupported):
		c.State, c.Result = report.Skipped, fmt.Sprintf("the registry deletes no tags: %s of removed previews left", english.Plural(len(left), "tag", ""))
		c.Note = "let the registry's own clean-up delete tags that begin with pr-"
	case err == nil && kept > 0:
		c.State, c.Result = report.Skipped, english.Plural(kept, "image", "")+" of removed previews kept, because another tag names the same image"
	case err == nil:
		c.State, c.Result = report.Warned, english.Plural(len(left), "tag", "")+" of removed previews left in the registry"
	default:
		c.State, c.Result = report.Warned, "tags of removed previews are left in the registry: "+err.Error()
	}
	r.Checks = append(r.Checks, c)
}

// tagged returns the tags that the function which accepts.
func (p *previews) tagged(ctx context.Context, which func(tag string) bool) ([]string, error) {
	all, err := p.repository.Tags(ctx, "pr-")
	return slices.DeleteFunc(all, func(tag string) bool { return !which(tag) }), err
}

// deleteTags deletes tags. kept is the number of images that stay because of another tag.
func (p *previews) deleteTags(ctx context.Context, tags []string, which func(tag string) bool) (kept int, err error) {
	if owner, name, is := p.repository.OnGitHub(); is && p.github != nil {
		_, kept, err = p.github.DeleteImages(ctx, owner, name, which)
		return kept, err
	}
	for _, tag := range tags {
		if err := p.repository.Untag(ctx, tag); err != nil {
			return 0, err
		}
	}
	return 0, nil
}
