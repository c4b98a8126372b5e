package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/change"
	"github.com/seed-b235b314/goldenpath/internal/gate/runtime"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/workflows"
)

// policy holds the files that decide which findings block: the configuration, the waivers,
// the list of allowed dependencies and the Rego rules. A change cannot loosen its own gate:
// if there is a base commit, all of these files are read from it.
type policy struct {
	*config.Config
	dir          string // folder of its files
	waivers      []gate.Waiver
	past         []gate.Waiver // under which the base was accepted
	dependencies gate.Policy
	baseline     []gate.Accepted

	origin   string // commit it was read from; "": the checkout
	waivedBy string // commit that the waivers were read from; "": the checkout
	compared string // commit that the change is compared with; "": none
	diff     []change.Difference
	callers  int   // how many workflows call goldenpath
	broken   error // why the gate would refuse the checkout's own policy
}

// guards names the files that decide who may change the policy and whose signatures are
// trusted. No scanner examines these files, so the report shows changes to them.
var guards = []string{".goldenpath/evidence.pub", "CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS"}

// Workflows that call one of these workflows and actions decide whether the gate runs at all.
const (
	workflowFolder = ".github/workflows"
	maxCallers     = 20 // more are counted, and their differences not shown
)

func (c *Scan) policy(ctx context.Context, found *change.Change, now time.Time) (*policy, error) {
	file := path.Join(c.folder, config.File)
	dir, err := found.At(ctx, found.Policy, file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the policy of the base commit: %w", err)
	}
	cfg, err := readConfig(dir, c.folder)
	if err != nil {
		return nil, err
	}
	if c.Waivers != "" && !filepath.IsLocal(c.Waivers) {
		return nil, report.Usage(fmt.Sprintf("--waivers %s is not a file of the repository: write a path relative to the top of the repository, because the file is read from the base commit", c.Waivers))
	}
	waivers := cmp.Or(c.Waivers, cfg.Gate.Waivers)
	names := []string{file}
	for _, name := range []string{cfg.Gate.AllowedDependencies, cfg.Gate.Policy} {
		if name != "" {
			names = append(names, name)
		}
	}
	if dir, err = found.At(ctx, found.Policy, names...); err != nil {
		return nil, fmt.Errorf("cannot read the policy of the base commit: %w", err)
	}
	waiversDir, err := found.At(ctx, found.Waivers, waivers, c.baseline())
	if err != nil {
		return nil, fmt.Errorf("cannot read the waivers of the base commit: %w", err)
	}
	p, err := c.readPolicy(dir, waiversDir, cfg, now)
	if err != nil {
		return p, err
	}
	versions, err := found.Accepted(ctx, waivers)
	if err != nil {
		return nil, err
	}
	for _, b := range versions {
		p.past = append(p.past, gate.PastWaivers(b)...)
	}
	if found.Policy == "" {
		return p, nil
	}
	p.origin, p.waivedBy = found.Policy, found.Waivers
	callers, err := found.Containing(ctx, workflowFolder, workflows.Repository()+"/")
	if err != nil {
		return nil, fmt.Errorf("cannot find the workflows that call goldenpath: %w", err)
	}
	p.callers = len(callers)
	names = append(names, waivers, c.baseline())
	if p.diff, err = found.Diff(ctx, slices.Concat(names, guards, callers[:min(len(callers), maxCallers)])...); err != nil {
		return nil, fmt.Errorf("cannot compare the policy with the policy of the base commit: %w", err)
	}
	if slices.ContainsFunc(p.diff, func(d change.Difference) bool { return slices.Contains(names, d.Name) }) {
		p.broken = c.checkNext(now)
	}
	return p, nil
}

// checkNext reports why the gate would refuse the policy in the checkout.
func (c *Scan) checkNext(now time.Time) error {
	next, err := readConfig(c.Dir, c.folder)
	if err != nil {
		return err
	}
	if _, err := c.readPolicy(c.Dir, c.Dir, next, now); err != nil {
		return err
	}
	if next.Gate.Policy == "" {
		return nil
	}
	return runtime.CheckPolicy(c.Dir, next.Gate.Policy)
}

// baseline is the baseline of the app, relative to the top of the checkout.
func (c *Scan) baseline() string { return path.Join(c.folder, gate.BaselineFile) }

// readConfig reads the configuration of the app in a folder of a checkout. The paths that
// concern the gate become relative to the top of the checkout.
func readConfig(dir, folder string) (*config.Config, error) {
	cfg, err := config.Read(filepath.Join(dir, filepath.FromSlash(folder)))
	if errors.Is(err, config.ErrMissing) {
		cfg, err = config.Default(""), nil
	}
	if err != nil || folder == "" {
		return cfg, err
	}
	in := func(name *string) {
		if *name != "" {
			*name = path.Join(folder, *name)
		}
	}
	g := &cfg.Gate
	for _, name := range []*string{&g.Waivers, &g.AllowedDependencies, &g.Policy, &cfg.Artifact.Dockerfile} {
		in(name)
	}
	for i := range g.Exclude {
		in(&g.Exclude[i])
	}
	for i := range g.Runtime {
		r := &g.Runtime[i]
		for _, name := range []*string{&r.Chart, &r.Kustomize, &r.Manifests, &r.Plan} {
			in(name)
		}
		for i := range r.Values {
			in(&r.Values[i])
		}
	}
	return cfg, nil
}

// readPolicy reads the files that the configuration names: the waivers and the baseline
// from one folder, the other files from another.
func (c *Scan) readPolicy(dir, waiversDir string, cfg *config.Config, now time.Time) (*policy, error) {
	p := &policy{Config: cfg, dir: dir}
	var errs [4]error
	if name := cmp.Or(c.Waivers, cfg.Gate.Waivers); name != path.Join(c.folder, config.Default("").Gate.Waivers) {
		if _, err := os.Lstat(filepath.Join(waiversDir, name)); errors.Is(err, fs.ErrNotExist) {
			return p, report.Usage(fmt.Sprintf("%s:1:1 is named as the waiver file and does not exist: add the file, or remove gate.waivers", name))
		}
	}
	p.waivers, errs[0] = gate.ReadWaivers(waiversDir, cmp.Or(c.Waivers, cfg.Gate.Waivers), time.Duration(cfg.Gate.WaiverMaxAge), now)
	p.dependencies.Allow, p.dependencies.Deny = cfg.Gate.Licences.Allow, cfg.Gate.Licences.Deny
	errs[1] = p.dependencies.Check()
	if name := cfg.Gate.AllowedDependencies; name != "" {
		p.dependencies.Dependencies, errs[2] = gate.ReadAllowed(dir, name)
	}
	p.baseline, errs[3] = gate.ReadBaseline(filepath.Join(waiversDir, filepath.FromSlash(c.folder)))
	return p, errors.Join(errs[:]...)
}
