package run

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/release"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// again is the command that continues a path after its cause was fixed.
func (x *execution) again() string {
	if x.Servers != nil {
		return "goldenpath run --servers"
	}
	return "goldenpath run"
}

// end returns what the run reports last. failed is the stage whose verdict is fail, or
// that could not complete; "": none.
func (x *execution) end(ctx context.Context, failed string) report.End {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	e := report.End{Uncommitted: x.Job.Commit.Dirty, NothingNew: x.nothingNew(failed)}
	switch {
	case x.keepsPreview() && failed == "":
		x.endOfPreview(ctx, &e)
	default:
		x.endOfRelease(ctx, &e, failed)
	}
	if failed != "" {
		if rep := x.reports[failed]; rep != nil {
			e.Log, e.Causes = rep.Output("log"), causes(rep)
		}
		e.Next = x.next(failed)
	} else if e.NothingNew && e.Uncommitted > 0 {
		e.Next = []string{"git add and git commit, then " + x.again()}
	}
	return e
}

// nothingNew reports whether an earlier run had completed every requested stage.
func (x *execution) nothingNew(failed string) bool { return failed == "" && x.ran == 0 }

// endOfPreview describes the preview that the run leaves running.
func (x *execution) endOfPreview(ctx context.Context, e *report.End) {
	environment := stage.PreviewEnvironment(stage.LocalPreview)
	running, err := x.Target.Status(ctx, environment)
	rep := x.reports["preview"]
	if err != nil || !running.Alive || rep == nil {
		return
	}
	e.Environment, e.Address = environment, running.URL
	e.Remove = "goldenpath preview down --name " + stage.LocalPreview
	if x.Config.Preview.Target != x.configured.Preview.Target { // that command asks the other target
		e.Remove = "goldenpath down " + environment
	}
	if at, err := time.Parse(time.RFC3339, rep.Output("expires")); err == nil {
		e.Expires = &at
	}
}

// endOfRelease describes what runs in the last environment that the run reached, which may
// be an earlier release.
func (x *execution) endOfRelease(ctx context.Context, e *report.End, failed string) {
	environment := x.reached()
	if environment == "" {
		return
	}
	running, err := x.Target.Status(ctx, environment)
	if err != nil || !running.Alive {
		return
	}
	e.Environment, e.Address = environment, running.URL
	before := ""                                                            // the release to which a rollback returns
	_ = x.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error { // without the ledger the address is still right
		now, err := tx.Current(ctx, environment)
		if err != nil || now.Digest != running.Digest {
			return err
		}
		e.Release, before = now.ID, now.Previous
		if failed != environment { // else this run released nothing there
			e.Replaced = cmp.Or(now.Replaces, now.Previous)
		}
		return nil
	})
	e.Notes = append(e.Notes, x.findings(failed)...)
	if before != "" && failed == "" { // after a failure what runs is a good release
		e.Rollback = fmt.Sprintf("goldenpath rollback --reason %q", "WHY")
		if chain := x.configured.Chain(); environment != chain[len(chain)-1] {
			e.Rollback += " --environment " + environment
		}
		if here := x.fromHere(); here != "" {
			e.Rollback += " --repo " + here
		}
	}
}

// fromHere returns the folder of an app that is one of several, as seen from the current
// folder; "": the app is at the top of its repository, or the current folder is the app's.
func (x *execution) fromHere() string {
	here, err := os.Getwd()
	if err != nil || x.Folder == "" {
		return ""
	}
	if rel, err := filepath.Rel(here, filepath.Join(x.Repo.Dir(), filepath.FromSlash(x.Folder))); err == nil && rel != "." {
		return filepath.ToSlash(rel)
	}
	return ""
}

// findings returns what the checks of the run say that matters after it: files that the app
// stores beside its program, and advisories that the gate did not have.
func (x *execution) findings(failed string) (all []string) {
	for _, name := range append([]string{"battery"}, x.Config.Chain()...) {
		rep := x.reports[name]
		if rep == nil {
			continue
		}
		for _, c := range rep.Checks {
			if note := c.Result + "; " + c.Note; c.Name == release.DataCheck && !slices.Contains(all, note) {
				all = append(all, note)
			}
		}
	}
	lacks := func(c report.Check) bool { return c.State != report.OK && strings.Contains(c.Note, gate.UpdateCommand) }
	if rep := x.reports["security-gate"]; rep != nil && failed == "" && slices.ContainsFunc(rep.Checks, lacks) {
		all = append(all, gate.UpdateCommand+" fetches the advisories that were missing or old")
	}
	return all
}

// reached returns the last environment with a release of this run, or "".
func (x *execution) reached() string {
	chain := x.Config.Chain()
	for i := len(chain) - 1; i >= 0; i-- {
		if x.reports[chain[i]] != nil {
			return chain[i]
		}
	}
	return ""
}

// next returns what to do about a stage that stopped the run.
func (x *execution) next(failed string) []string {
	o := x.state.outcome(failed)
	fix := "fix the cause, commit the change, then " + x.again()
	switch {
	case strings.HasPrefix(o.Error, errStopped.Error()):
		return []string{x.again() + " continues with " + failed}
	case slices.Contains([]report.Reason{report.ReasonNotReady, report.ReasonDockerMissing, report.ReasonNotInImage, report.ReasonDimensionFailed}, o.Reason):
		return append(remedies(x.reports[failed]), fix)
	case o.Error != "" && o.Reason == "":
		return []string{x.again() + " continues with " + failed}
	case o.Reason == report.ReasonInvalidInput:
		return []string{"correct the input, commit it if it is a file of the repository, then " + x.again()}
	case o.Reason == report.ReasonFindings:
		return []string{"fix the findings, commit the change, then " + x.again(), "or accept what you have judged: security-gate waive --help"}
	case o.Reason == report.ReasonWasRolledBack, o.Reason == report.ReasonSoakFailed:
		all := []string{fix, "or promote the same image anyway: " + x.again() + " --again"}
		if page := lastBreach(x.Out); page != "" {
			all = append(all, "what was measured then: "+page)
		}
		return all
	}
	return []string{fix}
}

// answering returns the report of a stage without an address that no longer answers: a
// later stage may have removed the deployment or replaced it.
func (x *execution) answering(ctx context.Context, name string, r *report.Report) *report.Report {
	url := r.Output("url")
	if url == "" {
		return r
	}
	environment := name
	if name == "preview" {
		environment = stage.PreviewEnvironment(stage.LocalPreview)
	}
	running, err := x.Target.Status(context.WithoutCancel(ctx), environment)
	if err == nil && running.Alive && running.URL == url {
		return r
	}
	const gone = "an address that no longer answers"
	out := *r
	out.Title = strings.ReplaceAll(r.Title, url, gone)
	out.Checks = slices.Clone(r.Checks)
	for i := range out.Checks {
		c := &out.Checks[i]
		c.Result, c.Note = strings.ReplaceAll(c.Result, url, gone), strings.ReplaceAll(c.Note, url, gone)
		if strings.HasPrefix(c.Link, url) {
			c.Link = ""
		}
	}
	out.Outputs = slices.DeleteFunc(slices.Clone(r.Outputs), func(o report.Output) bool { return o.Name == "url" })
	return &out
}

// remedies returns what the failed checks of a report say about the way forward.
func remedies(r *report.Report) (all []string) {
	if r == nil {
		return nil
	}
	for _, c := range failedChecks(r) {
		if c.Note != "" {
			all = append(all, c.Note)
		}
	}
	return all
}

// causes returns the results of the failed checks that the title does not contain.
func causes(r *report.Report) (all []string) {
	for _, c := range failedChecks(r) {
		if !strings.Contains(r.Title, c.Result) {
			all = append(all, c.Name+": "+c.Result)
		}
	}
	return all[:min(len(all), 5)]
}

// failedChecks returns the checks that made a report fail: those that failed, and those
// without a result that the title names.
func failedChecks(r *report.Report) (all []report.Check) {
	for _, c := range r.Checks {
		if c.State == report.Failed || c.State == report.Missing && strings.Contains(r.Title, c.Name) {
			all = append(all, c)
		}
	}
	return all
}
