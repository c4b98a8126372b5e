package path

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// order is that in which a person wants the sections: where to look at it, then
// what stands in its way.
var order = []string{"preview", "preview-prepare", "scorecard", "security-gate", "battery", "test"}

// overviewName is the section that a person reads first: a row for each of the
// others. It is made of them, so no command needs to know what the others said.
const overviewName = "overview"

// sections are those of a comment, and what is in none of them.
type sections struct {
	names []string
	text  map[string]string // with its markers
	rest  string
}

var beginning = regexp.MustCompile(`<!-- goldenpath-section: ([a-z-]+) -->`)

func parseSections(comment string) sections {
	s := sections{text: map[string]string{}}
	for {
		at := beginning.FindStringSubmatchIndex(comment)
		if at == nil {
			break
		}
		name := comment[at[2]:at[3]]
		length := strings.Index(comment[at[0]:], end(name))
		if length < 0 { // somebody has edited it by hand: it is text
			s.rest += comment[:at[1]]
			comment = comment[at[1]:]
			continue
		}
		length += len(end(name))
		if _, twice := s.text[name]; !twice && name != overviewName {
			s.names = append(s.names, name)
			s.text[name] = comment[at[0] : at[0]+length]
		}
		s.rest += comment[:at[0]]
		comment = comment[at[0]+length:]
	}
	s.rest = strings.TrimSpace(s.rest + comment)
	return s
}

// heading is the first line of a report's summary, after which its title comes.
var heading = regexp.MustCompile(`(?m)^### goldenpath .* · ([✓!✗–?]) (?:[a-z ]+)(?: · .*)?\n\n(.*)$`)

// shownLink is a link as reports show one. Of a preview, which no fork's run tells, it
// is where the preview answers.
var shownLink = regexp.MustCompile("\\[`(https?://[^`\\s()|]+)`\\]\\(")

// notTrusted is how a section begins whose report was made with somebody's own code.
const notTrusted = "> From a run "

// mostTitle bounds a title in the overview.
const mostTitle = 300

// arranged puts the sections of a comment in order below an overview of them.
func arranged(comment string) string {
	s := parseSections(comment)
	if len(s.names) == 0 {
		return comment
	}
	slices.SortStableFunc(s.names, func(a, b string) int { return rank(a) - rank(b) })
	var rows, all strings.Builder
	blocked, claimed := 0, 0
	for _, name := range s.names {
		mark, title := "?", "its section says"
		if m := heading.FindStringSubmatch(s.text[name]); m != nil {
			mark, title = m[1], row(m[2])
		}
		if m := shownLink.FindStringSubmatch(s.text[name]); m != nil && name == "preview" {
			title = strings.Replace(title, "`"+m[1]+"`", "["+m[1]+"]("+m[1]+")", 1)
		}
		if mark == "✗" {
			blocked++
		}
		if strings.HasPrefix(s.text[name], begin(name)+"\n"+notTrusted) {
			claimed++
			title += " · says a run that was not made with trusted code"
		}
		fmt.Fprintf(&rows, "| %s | %s | %s |\n", mark, name, title)
		all.WriteString("\n\n" + s.text[name])
	}
	head := "### goldenpath · ✓ nothing blocks"
	if claimed > 0 {
		head = "### goldenpath · not verified · made with the code of the pull request"
	}
	if blocked > 0 {
		head = fmt.Sprintf("### goldenpath · ✗ blocked · %d of %d must be fixed", blocked, len(s.names))
	}
	text := begin(overviewName) + "\n" + head + "\n\n| | check | result |\n|---|---|---|\n" + rows.String() + end(overviewName) + all.String()
	if s.rest != "" {
		text += "\n\n" + s.rest
	}
	return text
}

func rank(name string) int {
	if i := slices.Index(order, name); i >= 0 {
		return i
	}
	return len(order)
}

// row is a line of Markdown as the cell of a table. It was rendered once, so what is
// hostile in it is text already; a cell must end neither early nor in the middle of
// an escape, a code span or an entity.
func row(line string) string {
	var cell strings.Builder
	escaped := false
	for _, r := range line {
		if r == '|' && !escaped {
			cell.WriteByte('\\')
		}
		escaped = r == '\\' && !escaped
		cell.WriteRune(r)
	}
	if cell.Len() > mostTitle {
		return "see below"
	}
	return cell.String()
}
