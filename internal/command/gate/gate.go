// Package gate is the command line of security-gate. It links the scanners, and
// has no access to deploy credentials.
package gate

import (
	"context"

	"github.com/alecthomas/kong"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/gate/reach"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// CLI is the command line.
type CLI struct {
	Scan     Scan     `cmd:"" default:"withargs" help:"Scan a checkout and decide whether it may pass."`
	Waive    Waive    `cmd:"" help:"Accept findings until a date, in the waiver file."`
	Baseline Baseline `cmd:"" help:"Accept the findings that the repository has now."`
	Database Database `cmd:"" help:"Download advisory data, or import it."`

	Completion command.Completion `cmd:"" help:"Print the shell completion script."`
	Version    kong.VersionFlag   `help:"Print the version."`
}

// New returns the command line.
func New() command.App {
	return command.App{
		Name: "security-gate", CLI: &CLI{},
		Help: "One verdict from four scanners: secrets (gitleaks), dependencies (osv-scanner), configuration and images (trivy), workflows (actionlint), with rules of its own.",
	}
}

// Main runs security-gate. The hidden commands are processes that it starts itself.
func Main(ctx context.Context, env *command.Env) int {
	if len(env.Args) > 0 {
		switch env.Args[0] {
		case "guard":
			return tool.Guard(ctx, env.Args[1:])
		case reach.Command:
			return reach.Govulncheck(ctx, env.Args[1:])
		}
	}
	return command.Main(ctx, env, New())
}
