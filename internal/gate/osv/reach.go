package osv

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/google/osv-scanner/v2/pkg/models"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/reach"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// reached has the analysis of each go.mod that could be analysed.
type reached map[string]*reach.Analysis

// reach analyses the modules that have vulnerabilities, and states in the row what could
// not be analysed. All modules together take at most half of the time that is left.
func (s Scanner) reach(ctx context.Context, in gate.Input, c *coverage) reached {
	if s.Self == "" || in.Part {
		return nil
	}
	if end, ok := ctx.Deadline(); ok {
		limited, cancel := context.WithTimeoutCause(ctx, time.Until(end)/2, errors.New("the time limit of the scan leaves no time for it"))
		defer cancel()
		ctx = limited
	}
	known, otherGo := c.goVulnerabilities(), ""
	out := reached{}
	for _, file := range slices.Sorted(maps.Keys(known)) {
		module := reach.Module{Root: in.Dir, Folder: path.Dir(file), Known: known[file], Offline: in.Offline, Self: s.Self}
		a, err := module.Analyse(ctx)
		if errors.Is(err, reach.ErrNoGo) {
			c.reached = append(c.reached, "reachability not asked: "+err.Error())
			break
		}
		if err != nil {
			c.reached = append(c.reached, fmt.Sprintf("reachability of %s not known: %s", file, oneLine(err.Error())))
			continue
		}
		out[file], otherGo = &a, cmp.Or(otherGo, a.OtherGo)
	}
	if otherGo != "" {
		c.reached = append(c.reached, "reachability of the standard library not asked: the go command is of another release, "+otherGo)
	}
	return out
}

// goVulnerabilities returns what govulncheck can be asked, by the go.mod that requires the
// packages.
func (c *coverage) goVulnerabilities() map[string][]reach.Vulnerability {
	out := map[string][]reach.Vulnerability{}
	for s, packages := range c.packages {
		if s.ecosystem != "Go" || path.Base(s.file) != "go.mod" {
			continue
		}
		for _, p := range packages {
			for _, f := range facts(*p) {
				out[s.file] = append(out[s.file], f.questions(*p)...)
			}
		}
	}
	maps.DeleteFunc(out, func(_ string, all []reach.Vulnerability) bool { return len(all) == 0 })
	return out
}

// questions returns what govulncheck can be asked about a fact: nothing about a malicious
// package, whose code runs wherever it is installed.
func (f fact) questions(p models.PackageVulns) (out []reach.Vulnerability) {
	version := p.Package.Version
	if isLibrary(p) {
		version = p.Package.Inventory.Version // as go.mod or the build names it
	}
	for _, v := range f.about {
		if reach.Asks(v) && !f.malicious() {
			out = append(out, reach.Vulnerability{Advisory: v, Module: p.Package.Name, Version: version})
		}
	}
	return out
}

// lower adds to a finding whether the vulnerable code is called. If none of its advisories
// is about code that is called, the severity is at most low.
func lower(f *report.Finding, questions []reach.Vulnerability, module reach.Analysis) {
	state := reach.NotCalled
	for i, q := range questions {
		if got, text := module.Of(q); i == 0 || worse(got, state) {
			state, f.Reach = got, text
		}
	}
	if len(questions) > 0 && state == reach.NotCalled && f.Severity.AtLeast(report.Medium) {
		f.Rated = fmt.Sprintf("low instead of %s, %s", f.Severity, f.Rated)
		f.Severity = report.Low
	}
}

// worse reports whether a is the state of a finding that has advisories of both states.
func worse(a, b reach.State) bool { return a != b && (a == reach.Called || b == reach.NotCalled) }
