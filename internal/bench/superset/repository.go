package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// repository is a clone, and what was found in it.
type repository struct {
	dir, upstream, gate, databases, scratch string
	newer                                   string // newer versions of the commands; empty compares none
	treeOnly                                bool

	name, commit string
	history      map[string]bool // commits that led to commit
	ours         []report.Finding
	checks       []report.Check
	aside        map[string]bool // what the gate found and set aside: its tool, and gate.Aside
	excepted     []fact          // what gitleaks finds when the repository's exceptions do not count
}

// fact is what a command reports, however often it does.
type fact struct {
	rule    string   // as the command names it
	names   []string // of a vulnerability or a check: any of them will do
	path    string
	line    int // 0: of the whole file
	column  int
	pkg     string // name@version
	message string
	times   int // how often it was reported

	marks   []string // of a secret: what finding.Fingerprint may end in
	end     int      // of a secret: the last line
	commits []string // of a secret: those that hold it; "" is the tree
}

// scanner is one of the four: how it is run, and when one of our findings is the
// same.
type scanner struct {
	title string // how it is run, in words
	name  string // as in Finding.Tools
	facts func(context.Context, *repository) ([]fact, error)
	same  func(fact, report.Finding) bool
}

func scanners() []scanner {
	return []scanner{
		{"gitleaks git, gitleaks dir", "gitleaks", gitleaks(false), sameSecret},
		{"the same, without the repository's exceptions", "gitleaks", gitleaks(true), sameSecret},
		{"osv-scanner", "osv-scanner", osv, samePackage},
		{"trivy config", "trivy", trivy, sameCheck},
		{"actionlint", "actionlint", actionlint, sameLint},
	}
}

// compare runs everything and prints what came of it.
func (r *repository) compare(ctx context.Context, out io.Writer) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.scan(ctx); err != nil {
		return err
	}
	all := scanners()
	found := make([][]fact, len(all))
	for i, s := range all {
		var err error
		if found[i], err = s.facts(ctx, r); err != nil {
			return fmt.Errorf("cannot run %s: %w", s.title, err)
		}
	}
	r.excepted = found[1]
	var rows []row
	for i, s := range all {
		rows = append(rows, r.row(s, found[i]))
	}
	err := print(out, r, rows)
	if r.newer != "" {
		err = errors.Join(err, r.differ(ctx, r.newer, found, out))
	}
	return err
}

// open reads which commit is checked out.
func (r *repository) open(ctx context.Context) error {
	changed, err := r.git(ctx, "status", "--porcelain")
	if err != nil {
		return err
	}
	if len(changed) > 0 {
		return errors.New("the checkout has changes: commit or remove them")
	}
	commits, err := r.git(ctx, "rev-list", "HEAD")
	if err != nil {
		return err
	}
	r.history = map[string]bool{}
	for _, c := range commits {
		r.history[c] = true
	}
	r.commit, r.name = commits[0], filepath.Base(r.dir)
	return nil
}

func (r *repository) git(ctx context.Context, args ...string) ([]string, error) {
	out, err := r.start(ctx, 0, nil, append([]string{"git"}, args...)...)
	return strings.Fields(string(out)), err
}

// scan runs the gate.
func (r *repository) scan(ctx context.Context) error {
	name := filepath.Join(r.scratch, "report.json")
	_, err := r.start(ctx, 1, nil, r.gate, "scan", "--everything", "--offline", "--missing-database", "warn", "--databases", r.databases, "--report", name)
	if err != nil {
		return fmt.Errorf("cannot run the gate: %w", err)
	}
	var rep report.Report
	if err := readJSON(name, &rep); err != nil {
		return err
	}
	data, err := report.DataOf[gate.Data](&rep)
	if err != nil {
		return err
	}
	r.ours, r.checks, r.aside = gate.Copies(rep.Findings), rep.Checks, map[string]bool{}
	for _, s := range data.Scanners {
		for _, id := range s.SetAside {
			r.aside[s.Name+" "+id] = true
		}
	}
	return nil
}

func (r *repository) start(ctx context.Context, most int, env []string, argv ...string) ([]byte, error) {
	return start(ctx, r.dir, most, env, argv...)
}

// start runs a program in a folder. Exit codes above most are errors: below, the
// program uses to report that it found something.
func start(ctx context.Context, dir string, most int, env []string, argv ...string) ([]byte, error) {
	res, err := tool.Command{Argv: argv, Dir: dir, Env: env}.Run(ctx)
	var exit *tool.ExitError
	if errors.As(err, &exit) && exit.Code <= most {
		err = nil
	}
	return res.Stdout, err
}

// readJSON reads what a program wrote, and removes it.
func readJSON(name string, to any) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := os.Remove(name); err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}
