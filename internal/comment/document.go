package comment

import (
	"cmp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
)

// document is a comment, split into its sections.
type document struct {
	commit   string // head of the pull request when the comment was last written; "": unknown
	sections []section
	rest     string // text outside all sections, such as a person's edit
}

// section is one command's part of the comment.
type section struct {
	name   string
	marker marker
	valid  bool   // the marker could be read; without one the result is unknown
	text   string // between the markers, as a person sees it
}

const (
	beginPrefix = "<!-- goldenpath-section: "
	endPrefix   = "<!-- goldenpath-end: "
)

func begin(name string) string { return beginPrefix + name + lineSuffix }
func end(name string) string   { return endPrefix + name + lineSuffix }

// parse splits a comment at the lines that begin and end a section. The text
// between these lines is not interpreted. A section without an end line ends at the next
// section. Of two sections with the same name, the first is kept.
func parse(comment string) document {
	var d document
	var rest []string
	lines := strings.Split(comment, "\n")
	for len(lines) > 0 {
		name, ok := sectionName(lines[0])
		if !ok {
			rest = append(rest, lines[0])
			lines = lines[1:]
			continue
		}
		lines = lines[1:]
		n := 0
		for n < len(lines) && lines[n] != end(name) && !strings.HasPrefix(lines[n], beginPrefix) {
			n++
		}
		d.add(name, lines[:n])
		if n < len(lines) && lines[n] == end(name) {
			n++
		}
		lines = lines[n:]
	}
	d.rest = strings.TrimSpace(strings.Join(rest, "\n"))
	return d
}

func (d *document) add(name string, lines []string) {
	s := section{name: name}
	if len(lines) > 0 {
		var err error
		s.marker, err = decode(name, lines[0])
		s.valid = err == nil
		if strings.HasPrefix(lines[0], dataPrefix) {
			lines = lines[1:]
		}
	}
	if name == overviewName {
		d.commit = s.marker.Commit
		return
	}
	s.text = strings.TrimSpace(strings.Join(lines, "\n"))
	if _, known := d.find(name); !known {
		d.sections = append(d.sections, s)
	}
}

func (d *document) find(name string) (section, bool) {
	for _, s := range d.sections {
		if s.name == name {
			return s, true
		}
	}
	return section{}, false
}

// replace puts a section into the document in place of the one with its name.
func (d *document) replace(s section) {
	for i := range d.sections {
		if d.sections[i].name == s.name {
			d.sections[i] = s
			return
		}
	}
	d.sections = append(d.sections, s)
}

// set puts the visible text into a section.
func (d *document) set(name, text string) {
	for i := range d.sections {
		if d.sections[i].name == name {
			d.sections[i].text = text
		}
	}
}

// sectionName returns the name in a line that begins a section.
func sectionName(line string) (string, bool) {
	name, ok := strings.CutPrefix(line, beginPrefix)
	if !ok {
		return "", false
	}
	name, ok = strings.CutSuffix(name, lineSuffix)
	command, app := split(name)
	ok = ok && command != "" && len(command) <= 40 && strings.Trim(command, "abcdefghijklmnopqrstuvwxyz-") == ""
	return name, ok && (name == command || config.ValidApp(app))
}

// order is the order of sections in a comment: first the preview,
// then the checks that can block the change. Other sections follow.
var order = []string{"preview", "preview-prepare", "scorecard", "security-gate", "battery", "test"}

func rank(command string) int {
	if i := slices.Index(order, command); i >= 0 {
		return i
	}
	return len(order)
}

// compare sorts sections by app and, for each app, by rank.
func compare(a, b section) int {
	command, app := split(a.name)
	other, otherApp := split(b.name)
	return cmp.Or(cmp.Compare(app, otherApp), cmp.Compare(rank(command), rank(other)))
}

// render writes the comment: the overview, the sections, and the rest.
func (d *document) render() string {
	if len(d.sections) == 0 {
		return d.rest
	}
	slices.SortStableFunc(d.sections, compare)
	parts := []string{d.overview().render()}
	for _, s := range d.sections {
		parts = append(parts, s.render())
	}
	if d.rest != "" {
		parts = append(parts, d.rest)
	}
	return strings.Join(parts, "\n\n")
}

// render writes a section between its markers. An invalid marker is left out.
func (s section) render() string {
	lines := []string{begin(s.name)}
	if s.valid {
		lines = append(lines, s.marker.encode())
	}
	return strings.Join(append(lines, inert(s.text), end(s.name)), "\n")
}

// inert keeps a log in a report from containing a marker.
func inert(text string) string {
	return strings.ReplaceAll(text, "<!-- goldenpath", "<! -- goldenpath")
}
