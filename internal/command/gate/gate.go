// Package gate is the command line of security-gate. It alone links the
// scanners, and it never meets a deploy credential.
package gate

import (
	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"

	"github.com/seed-b235b314/goldenpath/internal/command"
)

// CLI is the command line.
type CLI struct {
	Scan     Scan     `cmd:"" default:"withargs" help:"Scan a checkout and decide."`
	Database Database `cmd:"" help:"Fetch advisory data, or import it."`

	Completion kongcompletion.Completion `cmd:"" help:"Print the code that makes your shell complete security-gate."`
	Version    kong.VersionFlag          `help:"Print the version."`
}

// New returns the command line.
func New() command.App {
	return command.App{
		Name: "security-gate", CLI: &CLI{},
		Help: "One verdict from four scanners: secrets (gitleaks), dependencies (osv-scanner), configuration and images (trivy), workflows (actionlint), with rules of its own.",
	}
}
