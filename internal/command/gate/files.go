package gate

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/sbom"
	"github.com/seed-b235b314/goldenpath/internal/gate/vex"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// removeOld removes the result files of an earlier run, so that they are not mistaken for
// results of this run.
func (c *Scan) removeOld(env *command.Env) error {
	names := []string{c.SBOM, c.VEX, c.Report, c.Summary}
	if c.Report == "" {
		names = append(names, env.Runner.ReportPath("security-gate"))
	}
	if c.SARIF != "" {
		old, err := os.ReadDir(c.SARIF)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range old {
			names = append(names, filepath.Join(c.SARIF, e.Name()))
		}
	}
	for _, name := range names {
		if name == "" || !ours(name) {
			continue
		}
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove the result of an earlier run: %w", err)
		}
	}
	return nil
}

// ours reports whether the gate wrote the file name. The gate removes no other files.
func ours(name string) bool {
	if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 64<<10))
	return err == nil && slices.ContainsFunc([]string{
		`"goldenpath.security-gate/v1"`, `"https://github.com/seed-b235b314/goldenpath"`, `"goldenpath security-gate"`, "### goldenpath security-gate",
	}, func(mark string) bool { return bytes.Contains(head, []byte(mark)) })
}

// write writes the requested documents.
func (c *Scan) write(rep *report.Report, packages []gate.Package, o gate.Options) error {
	var errs []error
	if c.SARIF != "" {
		rep.Set("sarif", c.SARIF)
		errs = append(errs, writeSARIF(c.SARIF, rep, o))
	}
	if c.SBOM != "" {
		about := sbom.About{Name: cmp.Or(rep.Subject, "app"), Version: rep.Commit, PURL: vex.Product(rep), Tool: command.Version(), Time: o.Now}
		rep.Set("sbom", c.SBOM)
		errs = append(errs, create(c.SBOM, func(w io.Writer) error { return sbom.Write(w, about, packages) }))
	}
	if c.VEX != "" {
		waivers := slices.Clone(o.Waivers)
		for i := range waivers {
			waivers[i].Reason, waivers[i].Owner = o.Secrets.Conceal(waivers[i].Reason), o.Secrets.Conceal(waivers[i].Owner)
		}
		err := create(c.VEX, func(w io.Writer) error { return vex.Write(w, rep, waivers, o.Now) })
		if !errors.Is(err, vex.ErrNothing) {
			rep.Set("vex", c.VEX)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// writeSARIF writes a file for each tool that ran. A file without results closes the
// tool's alerts in code scanning, so a tool that could not complete has none: what it did
// not read is not fixed. A gap that the base has too closes nothing.
func writeSARIF(dir string, rep *report.Report, o gate.Options) error {
	d, err := report.DataOf[gate.Data](rep)
	if err != nil {
		return err
	}
	tools := []string{}
	for _, s := range o.Scanners {
		tools = append(tools, s.Name())
	}
	for _, f := range rep.Findings {
		tools = append(tools, f.Tools...)
	}
	for _, s := range d.Scanners {
		if s.Error != "" || slices.ContainsFunc(s.Gaps, func(g gate.Gap) bool { return !g.Known }) {
			tools = slices.DeleteFunc(tools, func(tool string) bool { return tool == s.Name })
		}
	}
	slices.Sort(tools)
	each := *rep // code scanning has an alert for each place
	each.Findings = gate.Copies(rep.Findings)
	for _, tool := range slices.Compact(tools) {
		if err := create(filepath.Join(dir, tool+".sarif"), func(w io.Writer) error { return each.WriteSARIF(w, tool) }); err != nil {
			return err
		}
	}
	return nil
}

// create writes a file completely or not at all, and creates its folder.
func create(name string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return files.WriteWith(name, 0o644, write)
}
