package workflow

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

func (s *shell) echo(args []string) string {
	escaped, end := false, "\n"
	for len(args) > 0 && regexp.MustCompile(`^-[neE]+$`).MatchString(args[0]) {
		if escaped = escaped || strings.Contains(args[0], "e"); strings.Contains(args[0], "n") {
			end = ""
		}
		args = args[1:]
	}
	out := strings.Join(args, " ") + end
	if escaped {
		return s.lines(escapes.Replace(out), false)
	}
	return out
}

func (s *shell) printf(args []string) string {
	if len(args) > 2 && args[0] == "-v" {
		s.vars[args[1]] = s.printf(args[2:])
		return ""
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return ""
	}
	format, rest := args[0], args[1:]
	var b strings.Builder
	for {
		n := len(rest)
		for i := 0; i < len(format); i++ {
			if format[i] != '%' || i+1 == len(format) {
				b.WriteByte(format[i])
				continue
			}
			for i++; i < len(format)-1 && strings.IndexByte("0123456789.-+ #", format[i]) >= 0; i++ {
			}
			v := ""
			if format[i] != '%' && len(rest) > 0 {
				v, rest = rest[0], rest[1:]
			}
			switch format[i] {
			case '%':
				v = "%"
			case 's', 'c':
			case 'b':
				v = s.lines(escapes.Replace(v), false)
			default: // a number, or quoted for the shell
				v = s.add(mark{text: v})
			}
			b.WriteString(v)
		}
		if len(rest) == 0 || len(rest) == n || b.Len() > maxValue {
			return s.bounded(escapes.Replace(b.String()))
		}
	}
}

func (s *shell) cat(args []string) string {
	var b strings.Builder
	read := false
	for _, a := range args {
		if a == "-" || a == "/dev/stdin" {
			b.WriteString(s.in)
		} else if !strings.HasPrefix(a, "-") {
			b.WriteString(s.content(a))
		}
		read = read || a == "-" || !strings.HasPrefix(a, "-")
	}
	if !read {
		return s.in
	}
	return b.String()
}

// content returns what is in a file: what the script wrote there, or a mark.
func (s *shell) content(file string) string {
	if v, written := s.files[path.Clean(s.show(file))]; written {
		return v
	}
	return s.join("$(cat "+s.show(file)+")", file) + "\n"
}

func (s *shell) tr(args []string) string {
	var flags string
	var sets []string
	for _, a := range args {
		if strings.HasPrefix(a, "-") && len(a) > 1 && len(sets) == 0 {
			flags += strings.NewReplacer("--delete", "d", "--complement", "c", "--squeeze-repeats", "s", "-", "").Replace(a)
		} else {
			sets = append(sets, a)
		}
	}
	if len(sets) == 0 {
		return s.in
	}
	to := strings.Join(sets[1:], "")
	switch line := manyLines.MatchString(sets[0]) || strings.Contains(sets[0], `\n`); {
	case strings.ContainsAny(flags, "cC") && safeSet(sets[0]) && (strings.Contains(flags, "d") || to == `\n` || safeSet(to)):
		return s.add(mark{text: "$(tr)"})
	case strings.Contains(to, `\n`) || strings.Contains(to, "\n"):
		return s.lines(s.in, false)
	case line && !strings.ContainsAny(flags, "cC") && (strings.Contains(flags, "d") || to != ""):
		return s.lines(strings.ReplaceAll(s.in, "\n", " "), true)
	}
	return s.in
}

func (s *shell) sed(args []string) string {
	var scripts, files []string
	flags := ""
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case (a == "-e" || a == "--expression") && i+1 < len(args):
			i++
			scripts = append(scripts, args[i])
		case strings.HasPrefix(a, "-"):
			flags += a
		case len(scripts) == 0:
			scripts = append(scripts, a)
		default:
			files = append(files, a)
		}
	}
	out := s.in
	if len(files) > 0 {
		out = s.cat(files)
	}
	for _, text := range scripts {
		for _, one := range append(strings.Split(text, ";"), text) {
			if keepsOnly(one) || strings.Contains(flags, "n") && extracts(one) {
				return s.add(mark{text: "$(sed)"})
			}
		}
		out += s.without(text)
	}
	if slices.ContainsFunc(scripts, func(t string) bool { _, to, _, _ := substitutes(t); return strings.Contains(to, `\n`) }) {
		return s.lines(out, false)
	}
	return out
}

func (s *shell) grep(name string, args []string) string {
	flags, pattern := "", ""
	var files []string
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case (a == "-e" || a == "-m" || a == "-A" || a == "-B" || a == "-C") && i+1 < len(args):
			if i++; a == "-e" {
				pattern = args[i]
			}
		case strings.HasPrefix(a, "--"):
			flags += map[string]string{"--only-matching": "o", "--quiet": "q", "--count": "c", "--line-regexp": "x"}[a]
		case strings.HasPrefix(a, "-") && len(a) > 1:
			flags += a[1:]
		case pattern == "":
			pattern = a
		default:
			files = append(files, a)
		}
	}
	out := s.in
	if len(files) > 0 {
		out = s.cat(files)
	}
	whole := strings.Contains(flags, "o") || strings.Contains(flags, "x") || strings.HasPrefix(pattern, "^") && strings.HasSuffix(pattern, "$")
	switch {
	case strings.Contains(flags, "q"):
		return ""
	case strings.Contains(flags, "c"), whole && !strings.Contains(flags, "v") && safePattern(pattern):
		return s.add(mark{text: "$(" + name + ")"})
	case strings.Contains(flags, "o"):
		return s.lines(out, false)
	}
	return out
}

func (s *shell) jq(args []string, text string) string {
	filter, all := "", []string{s.in}
	for i, a := range args {
		if filter == "" && !strings.HasPrefix(a, "-") && (i < 1 || !strings.HasPrefix(args[i-1], "--indent")) && (i < 2 || !strings.HasPrefix(args[i-2], "--arg") && !strings.HasPrefix(args[i-1], "--arg")) {
			filter = a
		} else {
			all = append(all, a, s.files[path.Clean(s.show(a))])
		}
	}
	out := s.join(text, append(all, filter)...)
	m := &s.marks[len(s.marks)-1]
	m.command = true
	if strings.Contains(text, "GITHUB_EVENT_PATH") || strings.Contains(text, "github.event_path") {
		for _, e := range eventText.FindAllStringSubmatch(filter, -1) {
			m.taints = append(m.taints, s.github(read{path: strings.Split("github.event."+e[1], ".")}, "github.event."+e[1])...)
		}
	}
	if cleanJQ.MatchString(filter) || m.json && filter != "." && !ghFields.MatchString(filter) {
		m.taints = nil
	}
	if strings.Contains(filter, "@json") || strings.Contains(filter, "tojson") || slices.ContainsFunc(args, func(a string) bool { return len(a) > 1 && a[0] == '-' && a[1] != '-' && strings.Contains(a, "c") }) {
		return s.lines(out, true)
	}
	if m.json && manyLined.MatchString(filter) {
		return s.lines(out, false) + "\n"
	}
	return out + "\n"
}

// object is what the API of GitHub answers about a pull request or an issue.
func (s *shell) object(words []string, text string) string {
	fields, query := strings.Join(words, " "), ""
	for i, w := range words {
		if next := strings.Join(words[min(i+1, len(words)):min(i+2, len(words))], ""); w == "--jq" || w == "-q" || w == "--template" || w == "-t" {
			query = next
		} else if v, ok := strings.CutPrefix(w, "--jq="); ok {
			query = v
		}
	}
	m := mark{text: text, json: true, command: true}
	whole := query == "" && !strings.Contains(fields, "--json")
	if whole || ghFields.MatchString(strings.ReplaceAll(query, "test(", "")) || query == "" && ghFields.MatchString(afterJSON(fields)) {
		name := short("$(" + s.show(strings.Join(words[:min(3, len(words))], " ")) + ")")
		m.taints = []taint{{s.gain("github.event.api"), name, "anyone", query == "" || !manyLined.MatchString(query)}} // JSON has one line
	}
	m.code = strings.Contains(text, " pr diff") || strings.Contains(text, "github.diff") || strings.Contains(text, "github.v3.diff") || strings.Contains(text, "v3.patch")
	return s.add(m) + "\n"
}

// afterJSON returns the fields that gh --json names.
func afterJSON(s string) string {
	_, after, _ := strings.Cut(s, "--json")
	return after
}

// download is what a command fetches; of a fork, it is code that its owner can choose.
func (s *shell) download(words []string, text string) string {
	out := s.join(text, words...)
	m := &s.marks[len(s.marks)-1]
	m.command = true
	for i, w := range words[1:] {
		shown := s.show(w)
		if !strings.Contains(shown, "/") || s.codeOf(shown) != report.High && !s.forkOf(shown) {
			continue
		}
		m.code = true
		for j, o := range words {
			file := ""
			switch {
			case (o == "-o" || o == "-O" || o == "--output") && j+1 < len(words) && words[0] != "gh":
				file = words[j+1]
			case strings.HasPrefix(o, "-") && !strings.HasPrefix(o, "--") && strings.HasSuffix(o, "o") && j+1 < len(words):
				file = words[j+1]
			}
			if o == "-O" && words[0] == "curl" || o == "--remote-name" || words[0] == "wget" && file == "" || strings.HasPrefix(o, "-") && !strings.HasPrefix(o, "--") && strings.Contains(o, "O") && words[0] == "curl" {
				file = path.Base(words[i+1])
			}
			if file != "" && file != "-" {
				s.files[path.Clean(s.show(file))] = out
			}
		}
	}
	return out
}
