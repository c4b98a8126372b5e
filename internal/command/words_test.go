package command

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/runner"
)

type leaf struct {
	Place  string `help:"Where." near:"to,environment"`
	Number int    `help:"How many."`
}

func (leaf) Do(context.Context, *Env) (*report.Report, error) { return nil, report.Usage("done") }

// NEWCOMER 14: help, help COMMAND and version work, and a mistake names the help of its
// command.
func TestWords(t *testing.T) {
	type cli struct {
		Go    leaf `cmd:"" help:"Goes."`
		Group struct {
			Show leaf `cmd:"" help:"Shows."`
		} `cmd:"" help:"Groups."`
		Version kong.VersionFlag `help:"Print the version."`
	}
	for line, want := range map[string]string{
		"help":                        "0 Usage: app <command>",
		"help go":                     "0 Usage: app go [flags]",
		"help group show":             "0 Usage: app group show [flags]",
		"version":                     "0 app ",
		"help nothing":                "2 app: unexpected argument nothing\n  try: app --help",
		"og":                          "2 app: unexpected argument og, did you mean \"go\"?\n  try: app --help",
		"go --to x":                   "2 app: unknown flag --to, did you mean \"--place\"?\n  try: app go --help",
		"go --plaice x":               "2 app: unknown flag --plaice, did you mean \"--place\"?\n  try: app go --help",
		"group show --number x":       "2 app: --number: ",
		"group show --number x --oth": "\n  try: app group show --help",
		"group shwo":                  "did you mean \"show\"?\n  try: app group --help",
	} {
		var out bytes.Buffer
		none := func(string) string { return "" }
		env := &Env{Args: strings.Fields(line), Stdout: &out, Stderr: &out, Getenv: none, Runner: runner.New(none, &out)}
		code := Main(t.Context(), env, App{Name: "app", Help: "Does.", CLI: &cli{}})
		if got := string(rune('0'+code)) + " " + out.String(); !strings.Contains(got, want) {
			t.Errorf("%s: %q is not in %q", line, want, got)
		}
	}
}
