package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/change"
	"github.com/seed-b235b314/goldenpath/internal/gate/runtime"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// policy is what decides: the configuration, the waivers, the list of
// dependencies and the Rego. A change cannot loosen its own gate: with a base, all
// of it is the base's.
type policy struct {
	*config.Config
	dir          string // where its files are
	waivers      []gate.Waiver
	dependencies gate.Policy

	trusted  string // commit it was read from; "": the checkout
	compared string // commit that the change is compared with; "": none
	diff     string // how the checkout's differs from it
	broken   error  // what the gate would say of the checkout's after the merge
}

func (c *Scan) policy(ctx context.Context, found *change.Change, now time.Time) (*policy, error) {
	dir, err := found.Policy(ctx, config.File)
	if err != nil {
		return nil, fmt.Errorf("read the policy of the base: %w", err)
	}
	cfg, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	if c.Waivers != "" && !filepath.IsLocal(c.Waivers) {
		return nil, report.Usage(fmt.Sprintf("--waivers %s: name a file of the repository, relative to its top: it is read from the base", c.Waivers))
	}
	names := []string{config.File, cmp.Or(c.Waivers, cfg.Gate.Waivers)}
	for _, name := range []string{cfg.Gate.AllowedDependencies, cfg.Gate.Policy} {
		if name != "" {
			names = append(names, name)
		}
	}
	if dir, err = found.Policy(ctx, names...); err != nil {
		return nil, fmt.Errorf("read the policy of the base: %w", err)
	}
	p, err := c.readPolicy(dir, cfg, now)
	if err != nil || found.Trusted == "" {
		return p, err
	}
	p.trusted = found.Trusted
	if p.diff, err = found.Diff(ctx, names...); err != nil {
		return nil, fmt.Errorf("compare the policy with the base's: %w", err)
	}
	if p.diff != "" {
		next, err := readConfig(c.Dir)
		if err == nil {
			_, err = c.readPolicy(c.Dir, next, now)
		}
		if err == nil && next.Gate.Policy != "" {
			err = runtime.CheckPolicy(c.Dir, next.Gate.Policy)
		}
		p.broken = err
	}
	return p, nil
}

func readConfig(dir string) (*config.Config, error) {
	cfg, err := config.Read(dir)
	if errors.Is(err, config.ErrMissing) {
		return config.Default(""), nil
	}
	return cfg, err
}

func (c *Scan) readPolicy(dir string, cfg *config.Config, now time.Time) (*policy, error) {
	p := &policy{Config: cfg, dir: dir}
	var errs [3]error
	if name := cmp.Or(c.Waivers, cfg.Gate.Waivers); name != config.Default("").Gate.Waivers {
		if _, err := os.Lstat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
			errs[0] = report.Usage(fmt.Sprintf("%s:1:1 is named as the file of waivers, and is not there", name))
			return p, errs[0]
		}
	}
	p.waivers, errs[0] = gate.ReadWaivers(dir, cmp.Or(c.Waivers, cfg.Gate.Waivers), time.Duration(cfg.Gate.WaiverMaxAge), now)
	p.dependencies.Allow, p.dependencies.Deny = cfg.Gate.Licences.Allow, cfg.Gate.Licences.Deny
	errs[1] = p.dependencies.Check()
	if name := cfg.Gate.AllowedDependencies; name != "" {
		p.dependencies.Dependencies, errs[2] = gate.ReadAllowed(dir, name)
	}
	return p, errors.Join(errs[:]...)
}

// maxDiff is how much of a change of the policy is shown.
const maxDiff = 16 << 10

// tell puts into the report whose policy decided, and what the change would make
// of it.
func (p *policy) tell(rep *report.Report, redact func(string) string) {
	if p.trusted == "" {
		return
	}
	row := report.Check{Name: "policy", State: report.OK, Result: fmt.Sprintf("of the base %.7s", p.trusted)}
	if p.diff != "" {
		row.Note = "changed here: what is below counts after the merge"
		// First without secrets, then cut: half a secret is one that no rule knows.
		text := redact(p.diff[:min(len(p.diff), 64*maxDiff)])
		if len(text) > maxDiff {
			text = strings.ToValidUTF8(text[:maxDiff], "") + "\n… and more"
		}
		rep.Sections = append(rep.Sections, report.Section{Title: "policy that this change brings (it counts after the merge)", Open: true, Text: text})
	}
	if p.broken != nil {
		row.State, row.Note = report.Warned, "changed here, and after the merge the gate would refuse it"
		rep.Sections = append(rep.Sections, report.Section{Title: "mistakes in the policy that this change brings", Open: true, Text: redact(p.broken.Error())})
	}
	rep.Checks = slices.Insert(rep.Checks, 0, row)
	if rep.Verdict == report.Pass && row.State == report.Warned {
		rep.Verdict, rep.Reason = report.Warn, report.ReasonPolicyWarning
		rep.Title += "; the policy this change brings has a mistake"
	}
}
