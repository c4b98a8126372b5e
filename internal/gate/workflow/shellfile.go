package workflow

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// sent is text that a script writes to a file of the runner.
type sent struct {
	file   string // ENV, PATH or OUTPUT
	offset int
	text   string
}

// write notes that a command writes to a file.
func (s *shell) write(file, text string, offset int) {
	to := s.of(file)
	if i := slices.IndexFunc(to, func(m mark) bool { return m.file != "" }); i >= 0 {
		s.sent = append(s.sent, sent{to[i].file, offset, text})
		return
	}
	if s.show(file) != "/dev/null" {
		name := path.Clean(s.show(file))
		s.files[name] = s.bounded(s.files[name] + text)
	}
}

var setOutput = regexp.MustCompile(`::set-output\s+name=([\w-]+)::(.*)`)

// workflowCommands takes the outputs that a script sets by printing.
func (s *shell) workflowCommands(out string) {
	for line := range strings.Lines(out) {
		if m := setOutput.FindStringSubmatch(line); m != nil {
			s.sent = append(s.sent, sent{"OUTPUT", 0, m[1] + "=" + m[2] + "\n"})
		}
	}
}

// written lists what the script writes to the files of the runner, by its names. A
// value between lines with a delimiter that no one can guess cannot leave its name.
func (s *shell) written() []write {
	var out []write
	open := map[string]string{}      // file → name of the value whose lines follow
	delimiter := map[string]string{} // of that value
	rest := map[string]string{}      // begin of a line that the next command continues
	last := map[string]string{}      // name before a line that has none
	add := func(w sent, name, text string, guarded bool) {
		var all []taint
		for _, m := range s.of(text) {
			all = append(all, m.taints...)
		}
		slices.SortStableFunc(all, func(a, b taint) int {
			return strings.Compare(strconv.FormatBool(a.oneLine), strconv.FormatBool(b.oneLine))
		}) // several lines are worse
		if len(all) > 0 || name != "" {
			out = append(out, write{file: w.file, offset: w.offset, lines: last[w.file] + s.show(text), name: strings.TrimSpace(strings.ToLower(name)), taint: worst(all), guarded: guarded})
		}
	}
	for _, w := range s.sent {
		text := rest[w.file] + w.text
		delete(rest, w.file)
		if i := strings.LastIndex(text, "\n"); i < len(text)-1 && !slices.ContainsFunc(s.of(text[i+1:]), func(m mark) bool { return m.command }) && len(text)-i < 200 && strings.HasSuffix(text, "=") {
			rest[w.file], text = text[i+1:], text[:i+1]
		}
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\r\n")
			name, value, assigned := strings.Cut(line, "=")
			before, end, begins := strings.Cut(line, "<<")
			switch {
			case open[w.file] != "" && line == delimiter[w.file], open[w.file] != "" && strings.TrimSpace(s.show(line)) == s.show(delimiter[w.file]):
				delete(open, w.file)
			case open[w.file] != "":
				add(w, open[w.file], line, s.unguessable(delimiter[w.file]))
			case begins && (!assigned || len(before) < len(name)) && w.file != "PATH":
				open[w.file], delimiter[w.file] = before, end
			case assigned && w.file != "PATH":
				last[w.file] = ""
				add(w, name, value, false)
				last[w.file] = s.show(name) + "="
				if len(s.of(name)) > 0 {
					add(w, "", name, false)
				}
			default:
				add(w, "", line, false)
			}
		}
	}
	return out
}

// unguessable reports whether a delimiter has a part that no one knows before the run.
func (s *shell) unguessable(v string) bool {
	return slices.ContainsFunc(s.of(v), func(m mark) bool { return !m.known && len(m.taints) == 0 })
}

// otherLanguage follows text that the script gives to an interpreter such as Python.
func (s *shell) otherLanguage(texts []string, offset int) {
	for _, text := range texts {
		if !strings.Contains(text, "GITHUB_") {
			continue
		}
		known := map[string][]taint{}
		for name, v := range s.vars {
			known[name] = nil
			for _, m := range s.of(v) {
				known[name] = append(known[name], m.taints...)
			}
		}
		for _, w := range s.lineWrites(s.show(text), known) {
			s.other = append(s.other, write{file: w.file, offset: offset, lines: w.lines, name: w.name, taint: w.taint, guarded: w.guarded})
		}
	}
}
