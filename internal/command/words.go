package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// words rewrites the words that people type where the parser knows only flags: help,
// help COMMAND and version.
func words(args []string) []string {
	if len(args) == 0 {
		return args
	}
	switch args[0] {
	case "help":
		return append(slices.Clone(args[1:]), "--help")
	case "version":
		if len(args) == 1 {
			return []string{"--version"}
		}
	}
	return args
}

// mistake returns the text of a parser's error, with the command whose help answers it.
func mistake(app App, err error) string {
	text, command := unquoted(err), app.Name
	var parse *kong.ParseError
	if errors.As(err, &parse) {
		node := parse.Context.Model.Node
		for _, p := range parse.Context.Path {
			if p.Command != nil {
				node = p.Command
				command += " " + p.Command.Name
			}
		}
		text = meant(text, node)
	}
	return text + "\n  try: " + command + " --help"
}

// meant adds the flag that a person meant by a flag of another command. A flag lists such
// names in its tag "near".
func meant(text string, node *kong.Node) string {
	name, ok := strings.CutPrefix(text, "unknown flag --")
	if !ok {
		return text
	}
	name, _, _ = strings.Cut(name, ",")
	for _, group := range node.AllFlags(true) {
		for _, flag := range group {
			if slices.Contains(strings.Split(flag.Tag.Get("near"), ","), name) {
				return fmt.Sprintf("unknown flag --%s, did you mean \"--%s\"?", name, flag.Name)
			}
		}
	}
	return text
}
