package command

import (
	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"
)

// Completion is the command `completion` of both binaries.
type Completion struct {
	Shell string `arg:"" help:"Shell to print the script for: bash, zsh or fish. Default: your login shell." enum:"bash,zsh,fish," default:""`
	Code  bool   `short:"c" help:"Print the completion script itself instead of the command that loads it."`
}

// Help is shown by --help.
func (Completion) Help() string {
	return "Prints the command that loads tab completion into the current shell. To load it in every shell, add that command to the start-up file of the shell, such as ~/.bashrc."
}

// Run prints the script, or the command that loads the script.
func (c *Completion) Run(ctx *kong.Context) error {
	return (&kongcompletion.Completion{Shell: c.Shell, Code: c.Code}).Run(ctx)
}
