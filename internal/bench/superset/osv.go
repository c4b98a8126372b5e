package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// advisories is the report of osv-scanner.
type advisories struct {
	Results []struct {
		Source   struct{ Path string }
		Packages []struct {
			Package         struct{ Name, Version, Ecosystem string }
			Groups          []struct{ IDs, Aliases []string }
			Vulnerabilities []struct{ ID string }
		}
	}
}

// osv runs osv-scanner. A fact is one of its groups: what several advisories say of
// a package in other words.
func osv(ctx context.Context, r *repository) ([]fact, error) {
	text, err := r.start(ctx, 1, []string{"OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY=" + r.databases},
		filepath.Join(r.upstream, "osv-scanner"), "scan", "source", "--offline", "--recursive", "--all-vulns",
		"--no-call-analysis=all", "--verbosity", "error", "--format", "json", ".")
	if err != nil {
		return nil, err
	}
	var rep advisories
	if err := json.Unmarshal(text, &rep); err != nil {
		return nil, fmt.Errorf("cannot read the report of osv-scanner: %w", err)
	}
	var out []fact
	for _, result := range rep.Results {
		name, err := filepath.Rel(r.dir, result.Source.Path)
		if err != nil {
			return nil, err
		}
		for _, p := range result.Packages {
			for _, g := range p.Groups {
				f := fact{rule: g.IDs[0], names: slices.Concat(g.IDs, g.Aliases), path: filepath.ToSlash(name),
					pkg: p.Package.Name + "@" + p.Package.Version}
				for _, v := range p.Vulnerabilities {
					if slices.Contains(g.IDs, v.ID) {
						f.times++
					}
				}
				out = append(out, f)
			}
		}
	}
	return out, nil
}

func samePackage(f fact, o report.Finding) bool {
	if o.At.Path != f.path || !f.named(o) {
		return false
	}
	u, err := packageurl.FromString(o.Package)
	if err != nil {
		return false
	}
	version := "@" + strings.TrimPrefix(u.Version, "v")
	return slices.ContainsFunc([]string{u.Name, u.Namespace + "/" + u.Name, u.Namespace + ":" + u.Name},
		func(name string) bool { return strings.EqualFold(name+version, f.pkg) })
}

// named reports whether a finding has any of the names.
func (f fact) named(o report.Finding) bool {
	return slices.ContainsFunc(f.names, func(id string) bool { return id == o.Rule || slices.Contains(o.Aliases, id) })
}
