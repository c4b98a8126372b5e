//go:build e2e

package container

import (
	"slices"
	"strings"
	"unicode"
)

// Command is a workflow command.
type Command struct {
	Name       string
	Properties map[string]string
	Data       string
}

// registered are the commands that an action may use. ExtensionManager.cs; one is for
// the runner's own plugins.
var registered = []string{
	"stop-commands", "set-env", "set-output", "save-state", "add-path", "add-mask", "add-matcher", "remove-matcher", "warning", "error", "notice", "debug",
	"group", "endgroup", "echo",
}

// The order matters: %25 is the last, otherwise the others could be unescaped twice.
var (
	dataEscapes     = []string{"%0D", "\r", "%0A", "\n", "%25", "%"}
	propertyEscapes = []string{"%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%"}
	oldEscapes      = []string{"%3B", ";", "%0D", "\r", "%0A", "\n", "%5D", "]", "%25", "%"}
)

// parseCommand parses a line as ActionCommand.cs does, either in the form ::name
// key=value,…::data at the start of the line, or in the form ##[name key=value;…]data
// anywhere in it.
//
// .NET compares prefixes by the rules of a language, which ignore some characters: to
// .NET "#\u200b#[" contains "##[". The name is then read from a fixed number of
// characters later, so that no command is found if there are ignored characters in
// between. The exact comparison used here therefore finds the same commands.
func parseCommand(line, token string) (Command, bool) {
	known := func(name string) (string, bool) {
		if token != "" && strings.EqualFold(name, token) {
			return name, true
		}
		i := slices.IndexFunc(registered, func(r string) bool { return strings.EqualFold(r, name) })
		if i < 0 {
			return "", false
		}
		return registered[i], true
	}
	if rest, ok := strings.CutPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::"); ok {
		if info, data, ok := strings.Cut(rest, "::"); ok {
			word, properties, _ := strings.Cut(info, " ")
			if name, ok := known(word); ok {
				return Command{name, parseProperties(properties, ",", propertyEscapes), unescape(data, dataEscapes)}, true
			}
		}
	}
	if _, rest, ok := strings.Cut(line, "##["); ok {
		if info, data, ok := strings.Cut(rest, "]"); ok {
			word, properties, _ := strings.Cut(info, " ")
			if name, ok := known(word); ok {
				return Command{name, parseProperties(properties, ";", oldEscapes), unescape(data, oldEscapes)}, true
			}
		}
	}
	return Command{}, false
}

func parseProperties(s, separator string, escapes []string) map[string]string {
	out := map[string]string{}
	for pair := range strings.SplitSeq(strings.TrimSpace(s), separator) {
		if key, value, ok := strings.Cut(pair, "="); ok && key != "" && value != "" {
			out[key] = unescape(value, escapes)
		}
	}
	return out
}

func unescape(s string, escapes []string) string {
	for i := 0; i < len(escapes); i += 2 {
		s = strings.ReplaceAll(s, escapes[i], escapes[i+1])
	}
	return s
}
