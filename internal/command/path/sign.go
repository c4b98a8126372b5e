package path

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// Push is `goldenpath push`.
type Push struct {
	From     string `help:"Folder of the embedded registry that goldenpath package wrote." placeholder:"DIR" required:"" type:"path"`
	Digest   string `help:"Digest of the image to push, sha256:…." required:"" placeholder:"DIGEST"`
	Unsigned bool   `help:"Do not sign provenance. Previews accept an image without provenance; environments do not."`
	Signing
	Where
	command.Output
}

// Help is shown by --help.
func (Push) Help() string {
	return "Copies an image by digest to the registry that artifact.image names, and signs its provenance (SLSA v1)."
}

// Do pushes the image.
func (c *Push) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	if err := checkDigest(c.Digest); err != nil {
		return nil, err
	}
	return c.do(ctx, env, c.Where, !c.Unsigned, func(j *stage.Job) (*report.Report, error) { return stage.Push(ctx, j, c.From, c.Digest) })
}

// Attest is `goldenpath attest`.
type Attest struct {
	Digest  string   `help:"Digest of the image that the reports are about, sha256:…." required:"" placeholder:"DIGEST"`
	Reports []string `arg:"" help:"JSON reports from test, security-gate, battery and scorecard." placeholder:"FILE" type:"path"`
	Only    []string `help:"Accept only reports from these commands, comma-separated. A job that ran repository code could have forged any report, including the command name in it. Default: accept all." placeholder:"COMMAND"`
	Signing
	Where
	command.Output
}

// Help is shown by --help.
func (Attest) Help() string {
	return "Signs reports from other jobs as evidence about an image, and stores the evidence next to the image in the registry. Promotion requires this evidence. If a report is about another commit or image, nothing is signed. The image is looked up in the registry that artifact.image names; for one that only goldenpath package has on this machine, pass --registry .git/goldenpath/registry."
}

// Do signs the reports.
func (c *Attest) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	if err := checkDigest(c.Digest); err != nil {
		return nil, err
	}
	var all []*report.Report
	for _, file := range c.Reports {
		r, err := command.ReadReport(file)
		if err != nil {
			return nil, err
		}
		if err := c.accept(r, file, all); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return c.do(ctx, env, c.Where, true, func(j *stage.Job) (*report.Report, error) { return stage.Attest(ctx, j, c.Digest, all) })
}

// accept refuses a report of a command that --only does not list. It also refuses a
// second report from security-gate or scorecard: promotion uses only the newest of them, and
// a forged report could claim to be the newest.
func (c *Attest) accept(r *report.Report, file string, before []*report.Report) error {
	if len(c.Only) > 0 && !slices.Contains(c.Only, r.Name) {
		return report.Usage(fmt.Sprintf("%s is a report from %q; --only accepts reports from %s", file, report.LogLine(r.Name), strings.Join(c.Only, ", ")))
	}
	if r.Name == "security-gate" || r.Name == "scorecard" {
		if slices.ContainsFunc(before, func(b *report.Report) bool { return b.Name == r.Name }) {
			return report.Usage(fmt.Sprintf("%s is a second report from %s: pass only one", file, r.Name))
		}
	}
	return nil
}

// do runs a stage that signs evidence about an image in the registry of artifact.image.
func (s Signing) do(ctx context.Context, env *command.Env, where Where, sign bool, run func(*stage.Job) (*report.Report, error)) (*report.Report, error) {
	where.Registry = cmp.Or(where.Registry, remoteRegistry)
	w, err := where.open(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	d := w.deps()
	if sign {
		if d.Signer, err = w.keys().Signer(ctx, s.Key); err != nil {
			return nil, err
		}
	}
	return w.do(ctx, os.TempDir(), d, run)
}
