package osv

import (
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
	advisories := c.goAdvisories()
	out := reached{}
	for _, file := range slices.Sorted(maps.Keys(advisories)) {
		module := reach.Module{Root: in.Dir, Folder: path.Dir(file), Advisories: advisories[file], Offline: in.Offline, Self: s.Self}
		a, err := module.Analyse(ctx)
		if errors.Is(err, reach.ErrNoGo) {
			c.reached = append(c.reached, "reachability not asked: "+err.Error())
			break
		}
		if err != nil {
			c.reached = append(c.reached, fmt.Sprintf("reachability of %s not known: %s", file, oneLine(err.Error())))
			continue
		}
		out[file] = &a
	}
	return out
}

// goAdvisories returns the advisories that govulncheck understands, by the go.mod whose
// packages they are about.
func (c *coverage) goAdvisories() map[string][]*vulnerability {
	out := map[string][]*vulnerability{}
	for s, packages := range c.packages {
		if s.ecosystem != "Go" || path.Base(s.file) != "go.mod" {
			continue
		}
		for _, p := range packages {
			for _, f := range facts(*p) {
				for _, v := range f.about {
					if reach.Asks(v) && !f.malicious() {
						out[s.file] = append(out[s.file], v)
					}
				}
			}
		}
	}
	return out
}

// lower adds to a finding whether the vulnerable code is called. If none of its advisories
// is about code that is called, the severity is at most low. Code of a malicious package
// runs wherever it is installed.
func lower(f *report.Finding, p models.PackageVulns, fact fact, module reach.Analysis) {
	if fact.malicious() {
		return
	}
	version := p.Package.Version
	if isLibrary(p) {
		version = p.Package.Inventory.Version // "1.21" is no release, and not analysed
	}
	state, asked := reach.NotCalled, false
	for _, v := range fact.about {
		if !reach.Asks(v) {
			continue
		}
		got, text := module.Of(v, p.Package.Name, version)
		if !asked || worse(got, state) {
			state, f.Reach = got, text
		}
		asked = true
	}
	if asked && state == reach.NotCalled && f.Severity.AtLeast(report.Medium) {
		f.Rated = fmt.Sprintf("low instead of %s, %s", f.Severity, f.Rated)
		f.Severity = report.Low
	}
}

// worse reports whether a is the state of a finding that has advisories of both states.
func worse(a, b reach.State) bool { return a != b && (a == reach.Called || b == reach.NotCalled) }
