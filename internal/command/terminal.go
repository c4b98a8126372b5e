package command

import (
	"os"

	"golang.org/x/term"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// screen describes a file that a person may look at.
func screen(f *os.File, getenv func(string) string) report.Screen {
	terminal := term.IsTerminal(int(f.Fd())) && getenv("TERM") != "dumb"
	s := report.Screen{Colour: coloured(terminal, getenv)}
	if terminal {
		s.Columns = func() int {
			columns, _, err := term.GetSize(int(f.Fd()))
			if err != nil {
				return 0
			}
			return columns
		}
	}
	return s
}

// coloured decides whether to use colours. A person who wants none is always obeyed
// (no-color.org), also if something else forces colours (bixense.com/clicolors, and
// FORCE_COLOR of the Node ecosystem).
func coloured(terminal bool, getenv func(string) string) bool {
	if getenv("NO_COLOR") != "" {
		return false
	}
	for _, name := range []string{"CLICOLOR_FORCE", "FORCE_COLOR"} {
		switch getenv(name) {
		case "":
		case "0", "false":
			if name == "FORCE_COLOR" {
				return false
			}
		default:
			return true
		}
	}
	return terminal && getenv("CLICOLOR") != "0"
}
