// Package osv looks for vulnerable dependencies with osv-scanner.
package osv

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/google/osv-scanner/v2/pkg/osvscanner"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// Scanner matches what lock files and manifests name against advisories: those
// in Input.Databases when offline, else those of osv.dev.
type Scanner struct {
	Client *http.Client // of online queries; nil is http.DefaultClient
}

// Name is "osv-scanner".
func (Scanner) Name() string { return "osv-scanner" }

// Kind is what it looks for.
func (Scanner) Kind() string { return "dependencies" }

// Select returns every file once a changed one may be a lock file.
func (Scanner) Select(files []gate.File, changed gate.Changes) ([]gate.File, bool) {
	return files, changed.Any(files)
}

// Version is the version of the linked library.
func (Scanner) Version() string { return gate.ModuleVersion("github.com/google/osv-scanner/v2") }

// config stands in for every osv-scanner.toml of the repository, by which a
// change could loosen its own gate. It keeps what go.mod says of Go's version.
const config = "ScanGoModVersion = true\n"

// Scan reads every lock file and manifest below in.Dir. What .gitignore names is
// read too: it may be committed all the same.
func (s Scanner) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	dir, err := filepath.Abs(in.Dir)
	if err != nil {
		return gate.Result{}, err
	}
	temp, err := os.MkdirTemp("", "osv")
	if err != nil {
		return gate.Result{}, err
	}
	defer os.RemoveAll(temp)
	artifact, err := readBuilt(in.Artifact, filepath.Join(temp, "built"))
	if err != nil {
		return gate.Result{}, err
	}
	actions := osvscanner.ScannerActions{
		DirectoryPaths: []string{dir}, Recursive: true, NoIgnore: true, ShowAllPackages: true, ShowAllVulns: true,
		ConfigOverridePath: filepath.Join(temp, "osv-scanner.toml"),
		CompareOffline:     in.Offline, PluginNetworkDisabled: in.Offline, LocalDBPath: temp,
	}
	if len(artifact.versions) > 0 {
		actions.DirectoryPaths = append(actions.DirectoryPaths, artifact.dir)
	}
	actions.HTTPClient = s.Client
	// Resolving what a manifest without a lock file would install needs a registry
	// and today's answer: the same commit would get another tomorrow.
	actions.TransitiveScanning.Disabled = true
	actions.ExcludePatterns = excludes(dir, in.Exclude)
	if err := os.WriteFile(actions.ConfigOverridePath, []byte(config), 0o600); err != nil {
		return gate.Result{}, err
	}
	if in.Offline {
		if err := overlay(temp, in.Databases); err != nil {
			return gate.Result{}, fmt.Errorf("prepare advisories of %s: %w", in.Databases, err)
		}
	}
	found, said, err := doScan(ctx, actions)
	if err != nil && !errors.Is(err, osvscanner.ErrVulnerabilitiesFound) && !errors.Is(err, osvscanner.ErrNoPackagesFound) {
		return gate.Result{}, fmt.Errorf("scan dependencies: %w", err)
	}
	t := tree{dir: dir, exclude: in.Exclude, built: artifact}
	res := gate.Result{Findings: t.findings(found)}
	if res.Missing, err = t.unread(said); err != nil {
		return gate.Result{}, fmt.Errorf("match dependencies with advisories: %w", err)
	}
	c := t.count(found)
	if in.Offline {
		if err := c.match(ctx, in.Databases, &res); err != nil {
			return gate.Result{}, err
		}
	}
	res.Covered = c.String()
	return res, nil
}

// excludes are patterns of folders not to walk, besides git's own. The library
// matches them against paths relative to the root of the file system.
func excludes(dir string, prefixes []string) []string {
	from := "^" + regexp.QuoteMeta(strings.TrimPrefix(filepath.ToSlash(dir), "/")) + "/"
	patterns := []string{"r:" + from + `(?:.*/)?\.git$`}
	for _, p := range prefixes {
		patterns = append(patterns, "r:"+from+regexp.QuoteMeta(strings.Trim(p, "/"))+"$")
	}
	return patterns
}

// tree relates what the library says to the repository.
type tree struct {
	dir     string
	exclude []string
	built   built
}

// relative is the path below dir, and false where it is not below or excluded.
func (t tree) relative(name string) (string, bool) {
	rel, err := filepath.Rel(t.dir, filepath.Join("/", name))
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	rel = filepath.ToSlash(rel)
	for _, e := range t.exclude {
		e = strings.Trim(e, "/")
		if rel == e || strings.HasPrefix(rel, e+"/") {
			return "", false
		}
	}
	return rel, true
}

// place is where the package is named.
func (t tree) place(p models.PackageVulns) (file string, line int, ok bool) {
	at := p.Package.Inventory.Location.Descriptor
	if at == nil || at.File == nil {
		return "", 0, false
	}
	isLibrary := p.Package.Ecosystem == "Go" && p.Package.Name == "stdlib"
	if t.built.below(at.File.Path) {
		return "go.mod", 0, isLibrary
	}
	if isLibrary && len(t.built.versions) > 0 {
		return "", 0, false
	}
	file, ok = t.relative(at.File.Path)
	return file, at.File.LineNumber, ok
}
