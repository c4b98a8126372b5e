// Package osv finds vulnerable dependencies with osv-scanner.
package osv

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/google/osv-scanner/v2/pkg/osvscanner"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Scanner matches the packages of lock files and manifests with advisories: with those
// in Input.Databases if offline, otherwise with those of the service osv.dev.
type Scanner struct {
	Client *http.Client // for online queries; nil is a client that gives up on an unresponsive host
	Built  bool         // an artifact was built: its Go release is matched in every run
	Self   string       // path of security-gate, which analyses Go modules; "": they are not analysed
}

// Name is "osv-scanner".
func (Scanner) Name() string { return "osv-scanner" }

// Kind is "dependencies".
func (Scanner) Kind() string { return "dependencies" }

// Version is the version of the linked library.
func (Scanner) Version() string { return gate.ModuleVersion("github.com/google/osv-scanner/v2") }

// config replaces every osv-scanner.toml of the repository, with which a change could
// loosen its own gate. It keeps the Go version of go.mod.
const config = "ScanGoModVersion = true\n"

// Scan matches three things with advisories: the packages of the lock files and
// manifests in in.Files, and the Go standard library that in.Artifact was built with.
func (s Scanner) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	temp, err := os.MkdirTemp("", "osv")
	if err != nil {
		return gate.Result{}, err
	}
	defer os.RemoveAll(temp)
	if temp, err = filepath.Abs(temp); err != nil {
		return gate.Result{}, err
	}
	stage, err := newStage(ctx, in, filepath.Join(temp, "stage"))
	if err != nil {
		return gate.Result{}, fmt.Errorf("cannot copy the lock files of %s: %w", in.Dir, err)
	}
	artifact, err := readBuilt(in.Artifact, filepath.Join(temp, "built"))
	if err != nil {
		return gate.Result{}, err
	}
	t := tree{stage: stage, built: artifact}
	res := gate.Result{Findings: []report.Finding{}, Missing: stage.gaps}
	manifests := stage.manifests()
	found, err := s.library(ctx, t, in.Offline, temp, &res)
	if err != nil {
		return gate.Result{}, err
	}
	c := t.cover(found)
	c.updater = in.Updater()
	if len(artifact.versions) == 0 && len(stage.minimum) > 0 {
		c.toolchain = stage.toolchain.describe()
	}
	if in.Offline {
		if err := c.match(ctx, in.Databases, &res); err != nil {
			return gate.Result{}, err
		}
		c.rateByAlias(in.Databases)
	}
	reached := s.reach(ctx, in, c)
	select {
	case <-ctx.Done():
		return gate.Result{}, ctx.Err()
	case m := <-manifests:
		if m.err != nil {
			return gate.Result{}, m.err
		}
		t.report(found, m.files, reached, &res)
	}
	res.Covered, res.Unsure = c.String(), c.nameless > c.lookedUp()
	return res, nil
}

// library runs osv-scanner over the stage. Online, osv-scanner queries osv.dev.
// Offline, this package matches the packages itself, because osv-scanner would hold
// every advisory in memory and silently ignore some.
func (s Scanner) library(ctx context.Context, t tree, offline bool, temp string, res *gate.Result) (models.VulnerabilityResults, error) {
	if len(t.stage.names) == 0 && len(t.built.versions) == 0 {
		return models.VulnerabilityResults{}, ctx.Err()
	}
	actions := osvscanner.ScannerActions{
		DirectoryPaths: []string{t.stage.dir}, Recursive: true, NoIgnore: true, ShowAllPackages: true, ShowAllVulns: true,
		ConfigOverridePath: filepath.Join(temp, "osv-scanner.toml"),
		CompareOffline:     offline, PluginNetworkDisabled: offline,
	}
	if len(t.built.versions) > 0 {
		actions.DirectoryPaths = append(actions.DirectoryPaths, t.built.dir)
	}
	if err := os.WriteFile(actions.ConfigOverridePath, []byte(config), 0o600); err != nil {
		return models.VulnerabilityResults{}, err
	}
	// Resolving a manifest without a lock file would query a registry, and the same commit
	// would have another result tomorrow.
	actions.TransitiveScanning.Disabled = true
	if offline {
		actions.PluginsDisabled = []string{"vulnmatch/osvlocal"}
	}
	client, network := newOnline(ctx, s.Client)
	actions.HTTPClient = client
	found, said, err := doScan(ctx, actions)
	if down := network.state(); down != nil && ctx.Err() == nil {
		return found, fmt.Errorf("cannot match dependencies with advisories: %w", down)
	}
	if err != nil && !errors.Is(err, osvscanner.ErrVulnerabilitiesFound) && !errors.Is(err, osvscanner.ErrNoPackagesFound) {
		return found, fmt.Errorf("cannot scan dependencies: %w", err)
	}
	gaps, err := t.stage.unread(said)
	if err != nil {
		return found, fmt.Errorf("cannot match dependencies with advisories: %w", err)
	}
	lost, unasked := t.describe(found)
	res.Missing = append(append(res.Missing, gaps...), lost...)
	if offline {
		return found, nil
	}
	err = query(ctx, client, unasked)
	if down := network.state(); down != nil && ctx.Err() == nil {
		err = down
	}
	if err != nil {
		return found, fmt.Errorf("cannot match dependencies with advisories: %w", err)
	}
	return found, nil
}

// tree translates the paths in the library's results to paths in the repository.
type tree struct {
	stage *stage
	built built
}

// place returns the file and line that name the package.
func (t tree) place(p models.PackageVulns) (file string, line int, ok bool) {
	at := p.Package.Inventory.Location.Descriptor
	if at == nil || at.File == nil {
		return "", 0, false
	}
	if t.built.below(at.File.Path) {
		return "go.mod", 0, isLibrary(p)
	}
	if isLibrary(p) && len(t.built.versions) > 0 {
		return "", 0, false
	}
	file, ok = t.stage.original(at.File.Path)
	return file, at.File.LineNumber, ok
}
