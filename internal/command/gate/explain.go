package gate

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/trivy"
	"github.com/seed-b235b314/goldenpath/internal/git"
)

// hint returns what the report prints about waivers: for whom, and what comes after the
// file is written. The waivers that apply are those of the base, except outside GitHub
// Actions, where a person decides about their own checkout.
func (c *Scan) hint(ctx context.Context, env *command.Env, event string, p *policy) gate.Hint {
	h := gate.Hint{Command: "security-gate waive", File: cmp.Or(c.Waivers, p.Gate.Waivers), Longest: time.Duration(p.Gate.WaiverMaxAge)}
	switch event {
	case "":
		if i := strings.Index(h.File, "/.goldenpath/"); i > 0 { // of an app in a folder
			h.Command += " --dir " + gate.ShellWord(h.File[:i])
		}
		h.Then = "commit " + h.File + " and run again"
		if c.Report != "" {
			h.Command += " --from " + gate.ShellWord(short(c.Report))
		} else { // it scans again
			if c.Databases != "" && c.Databases != command.DefaultDatabases(env) {
				h.Command += " --databases " + gate.ShellWord(short(c.Databases))
			}
			if c.Offline {
				h.Command += " --offline"
			}
		}
		h.Owner = person(ctx, c.Dir)
	case "pull_request", "merge_group":
		h.Then = "commit " + h.File + " to the base branch: a change cannot waive its own findings"
	case "push":
		h.Then = "push " + h.File + ": a push is judged by the waivers before it, so they apply from the next push"
	default:
		h.Then = "commit " + h.File
	}
	if actor := env.Getenv("GITHUB_ACTOR"); event != "" && actor != "" {
		h.Owner = "@" + actor
	}
	return h
}

// person returns the name that git uses for the commits of the checkout, or "".
func person(ctx context.Context, dir string) string {
	name, err := git.Own(dir).Run(ctx, "config", "--get", "user.name")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(name)
}

// updater returns the command line that downloads the missing data into the folder of
// the scan. databases is the flag, which may be empty.
func updater(env *command.Env, databases string) string {
	line := gate.UpdateCommand
	if databases != "" && databases != command.DefaultDatabases(env) {
		line += " --to " + gate.ShellWord(databases)
	}
	return line
}

// unusedFiles returns a function that says why a Dockerfile is not part of the artifact.
// Without an artifact in the configuration, every file may be used.
func unusedFiles(cfg *config.Config) func(string) string {
	return func(name string) string {
		a := cfg.Artifact
		switch {
		case !trivy.IsDockerfile(name) || a.Dockerfile == "" && a.Pack == "":
			return ""
		case a.Dockerfile == "":
			return fmt.Sprintf("not used: %s packs %s without a Dockerfile", config.File, a.Pack)
		case path.Clean(a.Dockerfile) != name:
			return fmt.Sprintf("not used: %s builds %s", config.File, a.Dockerfile)
		}
		return ""
	}
}

// short returns a path relative to the current folder, if it is below that.
func short(name string) string {
	here, err := os.Getwd()
	if err != nil {
		return name
	}
	if rel, err := filepath.Rel(here, name); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return name
}
