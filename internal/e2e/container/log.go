//go:build e2e

package container

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// The limits of what GitHub keeps of a step. ExecutionContext.cs.
const (
	issuesPerLevel = 10
	issueMessage   = 4096
)

// Annotation is an annotation that GitHub keeps and shows.
type Annotation struct {
	Level, Message string
	Data           map[string]string // file, line, title…
}

// log processes the lines of an action as the runner does. OutputManager.cs and
// ActionCommandManager.cs.
type log struct {
	job    *Job
	result *Result
	paths  []mount
	mu     sync.Mutex
	stop   string // the token that ends ::stop-commands::
	echo   bool
	print  func(string)
}

func (l *log) line(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.result.Said += s + "\n"
	if l.print != nil {
		l.print(s)
	}
	if c, ok := parseCommand(s, l.stop); ok && l.command(s, c) {
		return
	}
	for _, marker := range []string{"start-action", "end-action"} {
		s = strings.ReplaceAll(s, "##["+marker, `##[\`+marker)
	}
	l.output(s)
}

func (l *log) output(s string) { l.result.Log = append(l.result.Log, mask(l.job.Secrets, s)) }

// command processes a command. It returns false if the line must be shown instead.
func (l *log) command(line string, c Command) bool {
	if l.stop != "" {
		if !strings.EqualFold(c.Name, l.stop) {
			return false
		}
		l.stop = ""
		l.output(line)
		return true
	}
	l.result.Commands = append(l.result.Commands, c)
	if l.echo && !slices.Contains([]string{"debug", "warning", "error", "notice", "add-mask"}, c.Name) {
		l.output(line)
	}
	switch c.Name {
	case "stop-commands":
		if c.Data == "" || slices.Contains(registered, c.Data) || c.Data == "pause-logging" {
			l.refuse(line, "You cannot use a endToken that is an empty string, the string 'pause-logging', or another workflow command.")
			break
		}
		l.stop = c.Data
		if len(c.Data) > 6 {
			l.job.Secrets = append(l.job.Secrets, c.Data)
		}
		l.output(line)
	case "error", "warning", "notice":
		l.issue(c)
	case "add-mask":
		l.mask(c.Data)
	case "set-output":
		if c.Properties["name"] == "" {
			l.refuse(line, "Required field 'name' is missing in ##[set-output] command.")
			break
		}
		l.result.Outputs[c.Properties["name"]] = c.Data
	case "save-state":
		if c.Properties["name"] == "" {
			l.refuse(line, "Required field 'name' is missing in ##[save-state] command.")
			break
		}
		l.result.State[c.Properties["name"]] = c.Data
	case "set-env", "add-path":
		l.refuse(line, "The `"+c.Name+"` command is disabled.")
	case "group", "endgroup":
		l.output("##[" + c.Name + "]" + c.Data)
	case "echo":
		l.echo = strings.EqualFold(strings.TrimSpace(c.Data), "on")
	case "debug", "add-matcher", "remove-matcher":
		// These leave nothing in the result of a step.
	}
	return true
}

func (l *log) mask(data string) {
	for _, s := range append(strings.FieldsFunc(data, func(r rune) bool { return r == '\r' || r == '\n' }), data) {
		if s = strings.TrimSpace(s); s != "" {
			l.job.Secrets = append(l.job.Secrets, s)
		}
	}
}

// refuse records the runner's error about a command and fails the step.
func (l *log) refuse(line, why string) {
	l.result.Failed = true
	l.result.complain("Unable to process command '%s' successfully.", line)
	l.result.complain("%s", why)
}

// issue keeps an annotation, with its file relative to the repository.
func (l *log) issue(c Command) {
	if file := c.Properties["file"]; file != "" {
		if l.paths != nil {
			file = toHost(l.paths, file)
		}
		if rel, err := filepath.Rel(l.job.Workspace, file); err == nil && !strings.HasPrefix(rel, "../") {
			file = rel
		}
		c.Properties["file"] = file
	}
	message := mask(l.job.Secrets, c.Data)
	for n, i := 0, 0; i < len(message); n++ { // counts characters, not bytes
		if n == issueMessage {
			message = message[:i]
			break
		}
		_, size := utf8.DecodeRuneInString(message[i:])
		i += size
	}
	same := 0
	for _, a := range l.result.Annotations {
		if a.Level == c.Name {
			same++
		}
	}
	if same < issuesPerLevel {
		l.result.Annotations = append(l.result.Annotations, Annotation{Level: c.Name, Message: message, Data: c.Properties})
	}
	l.output("##[" + c.Name + "]" + message)
}

// mask replaces secrets, longest first.
func mask(secrets []string, s string) string {
	all := slices.Clone(secrets)
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range all {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "***")
		}
	}
	return s
}

// lines splits a stream where .NET's ReadLine does.
type lines struct {
	log    *log
	rest   string
	afterR bool
}

func (w *lines) Write(b []byte) (int, error) {
	for _, c := range b {
		switch {
		case c == '\n' && w.afterR:
		case c == '\n', c == '\r':
			w.log.line(w.rest)
			w.rest = ""
		default:
			w.rest += string([]byte{c})
		}
		w.afterR = c == '\r'
	}
	return len(b), nil
}

func (w *lines) end() {
	if w.rest != "" {
		w.log.line(w.rest)
		w.rest = ""
	}
}
