package gate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Source says where waive and baseline get their findings from.
type Source struct {
	Dir       string `help:"Checkout to scan, and to write the file to." default:"." type:"path" placeholder:"DIR"`
	From      string `help:"Take the findings from this JSON report of security-gate instead of scanning." placeholder:"FILE" type:"path"`
	Databases string `help:"Folder with advisory data. Default: goldenpath/databases in the user's cache folder." placeholder:"DIR" type:"path"`
	Artifact  string `help:"Folder that was packed into the image." placeholder:"DIR" type:"path"`
	Offline   bool   `help:"Use only the advisory data in the folder, without the network."`

	folder string // of the app in Dir
}

// findings returns the findings and the configuration of the checkout. incomplete is the
// reason why the scan did not see everything, or nil.
func (s *Source) findings(ctx context.Context, env *command.Env) (rep *report.Report, cfg *config.Config, incomplete, err error) {
	if s.Dir, s.folder, err = findCheckout(env, s.Dir); err != nil {
		return nil, nil, nil, err
	}
	cfg, err = readConfig(s.Dir, s.folder)
	if err != nil {
		return nil, nil, nil, err
	}
	if s.From != "" {
		rep, err = command.ReadReport(s.From)
		if err == nil && rep.Name != "security-gate" {
			err = report.Usage(fmt.Sprintf("--from %s is a report of %s: name a report of security-gate", s.From, report.LogLine(rep.Name)))
		}
		return rep, cfg, nil, err
	}
	scan := &Scan{Dir: s.Dir, folder: s.folder, Databases: s.Databases, Artifact: s.Artifact, Offline: s.Offline, MissingDatabase: "warn", Timeout: 10 * time.Minute}
	got, err := scan.examine(ctx, env, s.Dir)
	if got == nil {
		return nil, nil, nil, err
	}
	return got.report, cfg, err, nil
}

// Waive is `security-gate waive`.
type Waive struct {
	IDs           []string `arg:"" optional:"" name:"id" help:"Findings to waive: rule ids such as DS-0002, ids of vulnerabilities, or fingerprints from the JSON report. A secret in the files needs its fingerprint."`
	All           bool     `help:"Waive every finding that blocks, except secrets in the files and exploited vulnerabilities."`
	Owner         string   `help:"Person or team that reviews the waiver." required:"" placeholder:"NAME"`
	Reason        string   `help:"Why this is acceptable until then, in ten characters or more." required:"" placeholder:"TEXT"`
	Until         string   `help:"Last day on which the waiver applies, such as 2026-12-31." required:"" placeholder:"DATE"`
	Ticket        string   `help:"Ticket about the fix." placeholder:"TEXT"`
	Justification string   `help:"OpenVEX justification, if the app is not affected." placeholder:"TEXT"`
	Source
	command.Output
}

// Help is shown by --help.
func (Waive) Help() string {
	return `Adds waivers to .goldenpath/waivers.yml, or to the file that gate.waivers names, and keeps comments and waivers that the file has. A waiver names a vulnerability in its package, or a rule in a file. Running the command again changes nothing. Commit the file: on GitHub the waivers of the base branch apply.`
}

// Do adds the waivers.
func (c *Waive) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	switch {
	case len(c.IDs) == 0 && !c.All:
		return nil, report.Usage("nothing to waive: name ids of findings, or use --all")
	case len(c.IDs) > 0 && c.All:
		return nil, report.Usage("--all waives every finding that blocks: leave the ids out, or leave --all out")
	}
	start := env.Now()
	if day, err := time.Parse(time.DateOnly, c.Until); err == nil && !start.Before(day.AddDate(0, 0, 1)) {
		return nil, report.Usage(fmt.Sprintf("--until %s is in the past: name the last day on which the waiver applies", c.Until))
	}
	found, cfg, incomplete, err := c.findings(ctx, env)
	if err != nil {
		return nil, err
	}
	chosen, left, err := c.choose(found.Findings)
	if err != nil {
		return nil, err
	}
	var waivers []gate.Waiver
	for _, f := range chosen {
		w := gate.WaiverOf(f)
		if slices.Contains(c.IDs, gate.ID(f)) || slices.Contains(c.IDs, f.Fingerprint) { // this finding, and no other of its rule
			w = gate.Waiver{Fingerprint: gate.ID(f)}
		}
		w.Reason, w.Owner, w.Expires, w.Ticket, w.Justification = c.Reason, c.Owner, c.Until, c.Ticket, c.Justification
		if !slices.Contains(waivers, w) {
			waivers = append(waivers, w)
		}
	}
	name := cfg.Gate.Waivers
	text, all, err := gate.AddWaivers(c.Dir, name, waivers, time.Duration(cfg.Gate.WaiverMaxAge), start)
	if err != nil {
		return nil, err
	}
	rep := waived(name, all, left)
	if rep.Reason == report.ReasonWaived {
		if err := write(c.Dir, name, text); err != nil {
			return nil, err
		}
	}
	if incomplete != nil {
		rep.Checks = append(rep.Checks, incompleteRow(incomplete))
	}
	rep.Commit, rep.Started, rep.Seconds = found.Commit, start.UTC(), env.Now().Sub(start).Seconds()
	return rep, nil
}

// choose returns the findings to waive, and those that --all leaves out.
func (c *Waive) choose(all []report.Finding) (chosen, left []report.Finding, err error) {
	if c.All {
		for _, f := range all {
			switch {
			case !f.Blocking:
			case f.Secret == report.SecretPresent || f.Exploited != "":
				left = append(left, f)
			default:
				chosen = append(chosen, f)
			}
		}
		return chosen, left, nil
	}
	var problems []string
	for _, id := range c.IDs {
		named := func(f report.Finding) bool {
			return id == gate.ID(f) || id == f.Fingerprint || id == f.Rule || slices.Contains(f.Aliases, id)
		}
		mine := filter(all, named)
		if blocking := filter(mine, func(f report.Finding) bool { return f.Blocking }); len(blocking) > 0 {
			mine = blocking
		}
		secrets := filter(mine, func(f report.Finding) bool {
			return f.Secret == report.SecretPresent && id != f.Fingerprint && id != gate.ID(f)
		})
		switch {
		case len(mine) == 0:
			problems = append(problems, fmt.Sprintf("%q is not the id of a finding%s", report.LogLine(id), known(all)))
		case len(secrets) > 0:
			problems = append(problems, fmt.Sprintf("%q names %s in the files: revoke and rotate them; if one is harmless, name its fingerprint: %s", report.LogLine(id), english.Plural(len(secrets), "secret", ""), fingerprints(secrets)))
		default:
			chosen = append(chosen, mine...)
		}
	}
	if len(problems) > 0 {
		return nil, nil, report.Usage(strings.Join(problems, "\n"))
	}
	return chosen, nil, nil
}

func filter(all []report.Finding, keep func(report.Finding) bool) []report.Finding {
	return slices.DeleteFunc(slices.Clone(all), func(f report.Finding) bool { return !keep(f) })
}

// known names the ids of findings, for an error.
func known(all []report.Finding) string {
	const most = 10
	var ids []string
	for _, f := range all {
		if id := report.LogLine(f.Rule); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	switch {
	case len(ids) == 0:
		return ": nothing was found"
	case len(ids) > most:
		return fmt.Sprintf(": the findings are %s and %d more", strings.Join(ids[:most], ", "), len(ids)-most)
	}
	return ": the findings are " + strings.Join(ids, ", ")
}

func fingerprints(all []report.Finding) string {
	const most = 5
	var ids []string
	for _, f := range all[:min(most, len(all))] {
		ids = append(ids, gate.ID(f))
	}
	return strings.Join(ids, ", ")
}

// waived is the report on what happened to the file.
func waived(name string, all []gate.Added, left []report.Finding) *report.Report {
	rep := &report.Report{Name: "waive", Verdict: report.Pass, Reason: report.ReasonUnchanged, Title: name + " was not changed"}
	added := 0
	for _, a := range all {
		c := report.Check{Name: a.Waiver.Name(), State: report.OK, Result: fmt.Sprintf("waived until %s by %s", a.Waiver.Expires, a.Waiver.Owner)}
		if a.Before == nil {
			added++
		} else {
			c.State, c.Result = report.Skipped, fmt.Sprintf("line %d waives it until %s by %s", a.Line, a.Before.Expires, a.Before.Owner)
			c.Note = "to change that, edit the line"
		}
		rep.Checks = append(rep.Checks, c)
	}
	if added > 0 {
		rep.Reason, rep.Title = report.ReasonWaived, fmt.Sprintf("%s added to %s: commit it", english.Plural(added, "waiver was", "waivers were"), name)
	}
	for _, f := range left {
		why := "a secret in the files: revoke and rotate it"
		if f.Secret == "" {
			why = "known to be exploited since " + f.Exploited
		}
		rep.Checks = append(rep.Checks, report.Check{Name: f.Rule, State: report.Warned, Result: "not waived, " + why, Note: "--all leaves it out; if it is harmless: security-gate waive " + gate.ShellWord(gate.ID(f))})
	}
	if len(left) > 0 {
		rep.Verdict = report.Warn
		rep.Title += fmt.Sprintf("; %s not waived", english.Plural(len(left), "finding was", "findings were"))
	}
	return rep
}

// incompleteRow states that the scan did not see everything, so that there may be more
// findings.
func incompleteRow(err error) report.Check {
	return report.Check{Name: "scan", State: report.Warned, Result: "not everything could be checked", Note: err.Error()}
}

// write writes a file of the checkout. It does not write through a link.
func write(dir, name string, text []byte) error {
	if !filepath.IsLocal(name) {
		return report.Usage(fmt.Sprintf("%s is not a file of the repository: write a path relative to the top of the repository", name))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	folder := filepath.Dir(name)
	if err := root.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("cannot create %s: %w", folder, err)
	}
	if info, err := root.Stat(folder); err != nil || !info.IsDir() { // a link out of the repository is an error of root
		return errors.Join(err, fs.ErrInvalid)
	}
	return files.Write(filepath.Join(dir, name), text)
}
