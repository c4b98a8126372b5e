package workflow

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// simple runs a simple command and returns what it prints.
func (s *shell) simple(c *syntax.CallExpr) string {
	if len(c.Args) == 0 {
		for _, a := range c.Assigns {
			s.assign(a)
		}
		return ""
	}
	before := map[string]string{}
	for _, a := range c.Assigns { // only for this command
		if a.Name != nil {
			if v, set := s.vars[a.Name.Value]; set {
				before[a.Name.Value] = v
			}
			s.assign(a)
		}
	}
	out := s.run(unwrapped(s.words(c.Args)), s.offset(c.Args[0].Pos()))
	for _, a := range c.Assigns {
		if a.Name == nil {
			continue
		}
		if v, set := before[a.Name.Value]; set {
			s.vars[a.Name.Value] = v
		} else {
			delete(s.vars, a.Name.Value)
		}
	}
	return out
}

// withValue lists the options of such commands that have a value.
var withValue = map[string][]string{
	"xargs": {"-I", "-n", "-P", "-L", "-d"}, "sudo": {"-u", "-g"}, "timeout": {"-s", "-k"}, "nice": {"-n"}, "env": {"-u", "-C"},
}

// silent are commands that print nothing.
var silent = []string{"true", "false", ":", "cd", "pushd", "popd", "test", "[", "exit", "return", "set", "shopt", "shift", "mkdir", "rm", "cp", "mv", "ln", "touch", "chmod", "chown", "sleep", "wait", "kill", "export", "local", "break", "continue"}

// unwrapped removes the commands that only run another one.
func unwrapped(words []string) []string {
	for len(words) > 1 {
		switch path.Base(words[0]) {
		case "sudo", "env", "command", "builtin", "exec", "nohup", "time", "nice", "timeout", "xargs", "stdbuf", "busybox":
		default:
			return words
		}
		wrapper := words[0]
		words = words[1:]
		for len(words) > 1 && (strings.HasPrefix(words[0], "-") || strings.Contains(words[0], "=") && wrapper == "env" || wrapper == "timeout" && strings.Trim(words[0], "0123456789.smh") == "") {
			if slices.Contains(withValue[wrapper], words[0]) && len(words) > 2 {
				words = words[1:]
			}
			words = words[1:]
		}
	}
	return words
}

var (
	interpreter = regexp.MustCompile(`^(?:python[\d.]*|node|deno|bun|ruby|perl|pwsh|powershell|php)$`)
	ghFields    = regexp.MustCompile(`(?i)\b(?:title|body|headRefName|head\.ref|head\.label|comments?|reviews?|commits|message\w*|files|filename|path|description|display_title|displayTitle|headBranch|head_branch)\b`)
	ghObject    = regexp.MustCompile(`\bgh\s+(?:\S+\s+)*?(?:(?:pr|issue)\s+(?:view|list|status|diff)|search\s+(?:prs|issues)|run\s+(?:view|list)|api\s.*(?:/(?:pulls|issues|comments|reviews|commits|discussions|actions/runs)\b|graphql))|\b(?:curl|wget|http)\b.*api\.github\.com/\S*/(?:pulls|issues|comments|reviews|commits)\b|\bcurl\b.*/repos/\S*/(?:pulls|issues|comments|reviews|commits)\b`)
	manyLined   = regexp.MustCompile(`(?i)body|comment|review|message|commits|description|text|files|\[\]`)
	cleanJQ     = regexp.MustCompile(`@base64\b|@sh\b|@uri\b|(?:^\.?|\|)\s*length\b|\btonumber\b|\btest\(`)
	cleanAWK    = regexp.MustCompile(`gsub\(\s*/\[\^([^\]]+)\]`)
	manyLines   = regexp.MustCompile(`^\s*(?:\\n|\n)`)
)

// run runs a command whose arguments are expanded, and returns what it prints.
func (s *shell) run(words []string, offset int) string {
	if len(words) == 0 {
		return ""
	}
	s.commands = append(s.commands, command{offset, words, s.in})
	name, args := path.Base(words[0]), words[1:]
	text := "$(" + s.show(strings.Join(words, " ")) + ")"
	all := append(slices.Clone(args), s.in)
	clean := func() string { return s.add(mark{text: text}) }
	joined := func() string {
		m := s.join(text, all...)
		s.marks[len(s.marks)-1].command = true
		return m + "\n"
	}
	if f := s.functions[name]; f != nil && s.depth < maxTaintDepth {
		before := s.args
		s.args, s.uncalled[name] = args, false
		s.depth++
		out := s.stmt(f.Body)
		s.depth--
		s.args = before
		return out
	}
	switch {
	case slices.Contains(silent, name):
		return ""
	case name == "echo":
		return s.echo(args)
	case name == "printf":
		return s.printf(args)
	case name == "cat" || name == "tac":
		return s.cat(args)
	case name == "printenv" && len(args) == 1:
		return s.variable(args[0]) + "\n"
	case name == "tee" || name == "sponge":
		for _, a := range args {
			if !strings.HasPrefix(a, "-") {
				s.write(a, s.in, offset)
			}
		}
		return s.in
	case name == "read" || name == "mapfile" || name == "readarray":
		v := s.lines(s.join("$(read)", s.in), true)
		for _, a := range args {
			if !strings.HasPrefix(a, "-") {
				s.vars[a] = v
			}
		}
		return ""
	case name == "unset":
		for _, a := range args {
			delete(s.vars, a)
		}
		return ""
	case name == "eval" || name == "trap":
		return s.nested(strings.Join(args, " "), offset)
	case slices.Contains(shells, name):
		for i, a := range args {
			if strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--") && strings.HasSuffix(a, "c") && i+1 < len(args) {
				return s.nested(args[i+1], offset)
			}
		}
		if s.in != "" && !slices.ContainsFunc(args, func(a string) bool { return !strings.HasPrefix(a, "-") }) {
			return s.nested(s.in, offset)
		}
		return joined()
	case name == "perl" && slices.ContainsFunc(args, keepsOnly), name == "git" && len(args) > 0 && slices.Contains([]string{"rev-parse", "merge-base", "rev-list", "ls-remote"}, args[0]):
		return clean()
	case interpreter.MatchString(name):
		s.otherLanguage(append(args, s.in), offset)
		return joined()
	case name == "tr":
		return s.tr(args)
	case name == "sed" || name == "gsed":
		return s.sed(args)
	case name == "grep" || name == "egrep" || name == "rg" || name == "ggrep":
		return s.grep(name, args)
	case slices.Contains([]string{"head", "tail", "sort", "uniq", "cut", "rev", "column", "fold", "nl", "xargs", "iconv", "col"}, name) && s.in != "":
		if (name == "head" || name == "tail") && regexp.MustCompile(`(?:^|\s)-(?:n\s*)?1(?:\s|$)`).MatchString(strings.Join(args, " ")) {
			return s.lines(s.in, true)
		}
		if name == "fold" || name == "xargs" {
			return s.lines(s.in, false)
		}
		return s.in
	case name == "base64" && slices.ContainsFunc(args, func(a string) bool { return a == "-d" || a == "-D" || a == "--decode" || a == "-di" }):
		return s.lines(s.join(text, all...), false)
	case strings.HasSuffix(name, "sum") || slices.Contains([]string{"base64", "base32", "shasum", "wc", "uuidgen", "date", "od", "hexdump", "mktemp", "cksum", "openssl", "seq", "pwd", "whoami"}, name):
		return clean()
	case name == "awk" || name == "gawk":
		if m := cleanAWK.FindStringSubmatch(strings.Join(args, " ")); m != nil && safeSet(m[1]) {
			return clean()
		}
		return joined()
	case name == "jq" || name == "yq" || name == "gojq":
		return s.jq(args, text)
	case ghObject.MatchString(strings.Trim(text, "$()")):
		return s.object(words, text)
	case name == "gh" && strings.Contains(text, " pr diff"):
		return s.add(mark{text: text, code: true})
	case name == "curl" || name == "wget" || name == "gh":
		return s.download(words, text)
	}
	return joined()
}

// mayEvaluate matches a script that may give a text to an interpreter.
var mayEvaluate = regexp.MustCompile(`\beval\b|\s-\w*[ce]\s`)

// evaluates returns the taints of the argument that a command runs as a script. An
// expression of the workflow in it is reported elsewhere.
func (s *shell) evaluates(c command) []taint {
	name := path.Base(c.words[0])
	var text []string
	switch {
	case name == "eval":
		text = c.words[1:]
	case slices.Contains(shells, name) || interpreter.MatchString(name):
		for i, w := range c.words[1:] {
			if regexp.MustCompile(`^-\w*[ce]$`).MatchString(w) && i+2 < len(c.words) {
				text = c.words[i+2 : i+3]
				break
			}
		}
	}
	var out []taint
	for _, m := range s.of(text...) {
		if !m.direct && !m.command {
			out = append(out, m.taints...)
		}
	}
	return out
}
