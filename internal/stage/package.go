package stage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/seed-b235b314/goldenpath/internal/battery"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// buildTimeout bounds artifact.build, docker build and docker save.
const buildTimeout = 30 * time.Minute

// Package builds the commit and puts its image into Job.Image. It signs nothing,
// because the build runs code of the repository: Push does that in another job.
func Package(ctx context.Context, j *Job) (*report.Report, error) {
	r := j.report("package")
	r.Verdict, r.Reason = report.Pass, report.ReasonPackaged
	if j.Config.Artifact.Build != "" {
		if _, err := j.install(ctx, r); err != nil || r.Verdict == report.Fail {
			return r, err
		}
		if err := j.build(ctx, r); err != nil || r.Verdict == report.Fail {
			return r, err
		}
	}
	if c, lacks, err := j.absentCheck(ctx); err != nil {
		return nil, err
	} else if lacks {
		r.Checks = append(r.Checks, c)
		r.Verdict = report.Warn
	}
	start := j.Now()
	m, err := j.makeImage(ctx, r)
	if err != nil || r.Verdict == report.Fail {
		return r, err
	}
	defer m.close()
	img, err := j.Image.Push(ctx, m.index)
	if err != nil {
		return nil, err
	}
	r.Checks = append(r.Checks, report.Check{
		Name: "image", State: report.OK, Seconds: j.Now().Sub(start).Seconds(), Note: img.Digest,
		Result: fmt.Sprintf("%s, %s, %s", m.content, humanize.Bytes(uint64(img.Size)), img.Platform),
	})
	if m.entrypoint.State == report.Warned {
		r.Verdict = report.Warn
	}
	if m.entrypoint.Name != "" {
		r.Checks = append(r.Checks, m.entrypoint)
	}
	r.Digest = img.Digest
	r.Title = fmt.Sprintf("%s@%.19s", j.Config.Artifact.Image, img.Digest)
	r.Set("digest", img.Digest)
	r.Set("platform-digest", img.PlatformDigest)
	return r, nil
}

// build runs artifact.build.
func (j *Job) build(ctx context.Context, r *report.Report) error {
	line := j.Config.Artifact.Build
	variables, err := j.variables("build")
	if err != nil {
		return err
	}
	j.Say("build: " + line)
	log, err := os.Create(filepath.Join(j.Out, "build.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	res, err := tool.Command{
		Argv: tool.Shell(line), Dir: j.Dir, Env: append(lines(variables), "GOLDENPATH_COMMIT="+j.Commit.ID), Timeout: buildTimeout, Guard: j.Guard,
		Transcript: log, Secrets: hidden(variables, nil),
	}.Run(ctx)
	return built(ctx, r, "build", log.Name(), res, err)
}

// built adds the result of a build command to the report. log is the file with its whole
// output; "": there is none.
func built(ctx context.Context, r *report.Report, name, log string, res tool.Result, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c := report.Check{Name: name, State: report.OK, Result: "ok", Seconds: res.Elapsed.Seconds()}
	if err != nil {
		c.State, c.Result = report.Failed, err.Error()
		r.Sections = append(r.Sections, report.Section{Title: "end of the " + name + "'s output", Open: true, Text: battery.Output(res.Tail)})
		if c.Note = tool.UnsetVariable(res.Tail); log != "" {
			c.Note = strings.TrimPrefix(c.Note+"; the whole output: "+log, "; ")
			r.Set("log", log)
		}
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonBuildFailed, "the "+name+" failed: "+err.Error()
	}
	r.Checks = append(r.Checks, c)
	return nil
}

// insideCheckout returns the real path of artifact.pack. It must be a folder of the
// checkout, and not the git directory.
func insideCheckout(checkout, pack string) (string, error) {
	real, err := filepath.EvalSymlinks(filepath.Join(checkout, filepath.FromSlash(pack)))
	if err != nil {
		return "", report.Usage(fmt.Sprintf("artifact.pack: %s does not exist after the build: change artifact.build so that it creates this folder", pack))
	}
	top, err := filepath.EvalSymlinks(checkout)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(top, real)
	switch {
	case err != nil || !filepath.IsLocal(rel):
		return "", report.Usage(fmt.Sprintf("artifact.pack: %s links to a folder outside the repository: pack a folder inside it", pack))
	case rel == ".git" || strings.HasPrefix(rel, ".git"+string(filepath.Separator)):
		return "", report.Usage(fmt.Sprintf("artifact.pack: %s is the git directory: pack a folder that the build creates", pack))
	}
	return real, nil
}
