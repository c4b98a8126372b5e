package terraform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Limits on how much of a command's output is kept.
const (
	maxLine     = 4 << 20
	maxProblems = 20
	maxSaid     = 10
)

// events reads the output of a command with -json: a JSON object on each line.
type events struct {
	rest     []byte
	skip     bool // the line is too long
	problems []problem
	said     []string // last output lines of provisioners
	done     int      // resources created, changed or removed
	busy     []string // resources whose operation has begun and has not succeeded
}

// problem is one error that Terraform reported.
type problem struct {
	Summary string
	Detail  string
	Address string
	File    string
	Line    int
}

// event is the part of https://developer.hashicorp.com/terraform/internals/machine-readable-ui
// that this package reads.
type event struct {
	Type       string `json:"type"`
	Diagnostic struct {
		Severity string `json:"severity"`
		Summary  string `json:"summary"`
		Detail   string `json:"detail"`
		Address  string `json:"address"`
		Range    struct {
			Filename string `json:"filename"`
			Start    struct {
				Line int `json:"line"`
			} `json:"start"`
		} `json:"range"`
	} `json:"diagnostic"`
	Hook struct {
		Resource struct {
			Addr string `json:"addr"`
		} `json:"resource"`
		Output string `json:"output"`
	} `json:"hook"`
}

func (e *events) Write(p []byte) (int, error) {
	n := len(p)
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			if len(e.rest)+len(p) > maxLine {
				e.rest, e.skip = nil, true
			}
			if !e.skip {
				e.rest = append(e.rest, p...)
			}
			return n, nil
		}
		if !e.skip {
			e.read(append(e.rest, p[:i]...))
		}
		e.rest, e.skip, p = e.rest[:0], false, p[i+1:]
	}
}

func (e *events) read(line []byte) {
	var ev event
	if json.Unmarshal(line, &ev) != nil {
		return // warnings about the CLI configuration are not JSON
	}
	switch ev.Type {
	case "diagnostic":
		d := ev.Diagnostic
		if d.Severity == "error" && len(e.problems) < maxProblems {
			e.problems = append(e.problems, problem{d.Summary, d.Detail, d.Address, d.Range.Filename, d.Range.Start.Line})
		}
	case "provision_progress":
		e.said = append(e.said, ev.Hook.Resource.Addr+": "+ev.Hook.Output)
		e.said = e.said[max(0, len(e.said)-maxSaid):]
	case "apply_start":
		e.busy = append(e.busy, plain(ev.Hook.Resource.Addr, 200))
	case "apply_complete":
		if i := slices.Index(e.busy, plain(ev.Hook.Resource.Addr, 200)); i >= 0 {
			e.busy = slices.Delete(e.busy, i, i+1)
		}
		e.done++
	}
}

// readProblems reads the output of a command with -no-color and without -json.
func readProblems(text string) []problem {
	var all []problem
	var loose []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimLeft(line, "╷│╵ "))
		last := len(all) - 1
		summary, isError := strings.CutPrefix(line, "Error: ")
		var file string
		var number int
		switch {
		case isError && len(all) < maxProblems:
			all = append(all, problem{Summary: summary})
		case line == "" || strings.HasPrefix(line, "exit status "):
		case last < 0:
			loose = append(loose, line)
		case all[last].File == "" && scan(line, &file, &number):
			all[last].File, all[last].Line = file, number
		default:
			all[last].Detail += line + "\n"
		}
	}
	if len(all) == 0 && len(loose) > 0 {
		all = []problem{{Summary: strings.Join(loose[max(0, len(loose)-3):], " ")}}
	}
	return all
}

// scan parses a line such as "on main.tf line 12, in resource …:".
func scan(line string, file *string, number *int) bool {
	n, err := fmt.Sscanf(line, "on %s line %d", file, number)
	return n == 2 && err == nil
}

// last keeps the last bytes of a stream.
type last struct {
	b   []byte
	max int
}

func (l *last) Write(p []byte) (int, error) {
	l.b = append(l.b, p...)
	l.b = l.b[max(0, len(l.b)-l.max):]
	return len(p), nil
}

func (l *last) String() string { return string(l.b) }
