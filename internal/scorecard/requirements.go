package scorecard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Requirements says which ids the candidate touches, and which have a test.
type Requirements struct {
	Defined   []string `json:"defined"`
	Touched   []string `json:"touched"`   // named by the commits
	Covered   []string `json:"covered"`   // named by a test that passed
	Unknown   []string `json:"unknown"`   // named by the commits, defined nowhere
	Uncovered []string `json:"uncovered"` // touched and not covered
	unread    error    // why not every commit's message is known
}

var (
	idPattern  = regexp.MustCompile(`[A-Z][A-Z0-9]*(?:-[A-Z][A-Z0-9]*)*-[0-9]+`)
	definition = regexp.MustCompile("^\\s*(?:\\||[-*]|#+)\\s*[*`[]*(" + idPattern.String() + ")[*`\\]]*(?:[\\s|:(]|$)")
)

func readRequirements(root *os.Root, o Options, tests Tests) (Requirements, error) {
	r := Requirements{Defined: []string{}, Touched: []string{}, Covered: []string{}, Unknown: []string{}, Uncovered: []string{}}
	defined, err := definedIDs(root, o.Requirements)
	if err != nil {
		return r, err
	}
	r.Defined = append(r.Defined, defined...)
	prefixes := map[string]bool{}
	for _, id := range defined {
		prefixes[prefix(id)] = true
	}
	messages, unread := o.Messages.get()
	r.unread = unread
	for _, m := range messages {
		for _, id := range ids(m) {
			switch {
			case slices.Contains(defined, id):
				r.Touched = append(r.Touched, id)
			case prefixes[prefix(id)]:
				r.Unknown = append(r.Unknown, id)
			}
		}
	}
	for _, name := range tests.Names {
		for _, id := range ids(name) {
			if slices.Contains(defined, id) {
				r.Covered = append(r.Covered, id)
			}
		}
	}
	for _, list := range []*[]string{&r.Touched, &r.Unknown, &r.Covered} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	for _, id := range r.Touched {
		if !slices.Contains(r.Covered, id) {
			r.Uncovered = append(r.Uncovered, id)
		}
	}
	return r, nil
}

// prefix of GP-GATE-3 is GP-: the words of a project. Ids of another kind, such
// as CVE-2026-1 or UTF-8, are none of it.
func prefix(id string) string { return id[:strings.IndexByte(id, '-')+1] }

// ids returns the ids in a text. A test's name may put them between underscores
// and slashes.
func ids(text string) []string {
	var out []string
	for _, span := range idPattern.FindAllStringIndex(text, -1) {
		if span[0] > 0 && isWord(text[span[0]-1]) || span[1] < len(text) && (isWord(text[span[1]]) || text[span[1]] == '-') {
			continue
		}
		out = append(out, text[span[0]:span[1]])
	}
	return out
}

func isWord(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

// definedIDs are the ids that begin a table row, a list item or a heading of the
// Markdown files in a folder.
func definedIDs(root *os.Root, dir string) ([]string, error) {
	if dir == "" {
		return nil, nil
	}
	dir = path.Clean(filepath.ToSlash(dir))
	entries, err := fs.ReadDir(root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("scorecard.requirements: %v", err))
	}
	var all []string
	for _, e := range entries {
		if path.Ext(e.Name()) != ".md" || !e.Type().IsRegular() {
			continue
		}
		b, err := readFile(root, path.Join(dir, e.Name()))
		if err != nil {
			return nil, report.Usage(fmt.Sprintf("scorecard.requirements: %v", err))
		}
		for line := range strings.Lines(string(b)) {
			if m := definition.FindStringSubmatch(line); m != nil {
				all = append(all, m[1])
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func (r Requirements) grade() Dimension {
	d := Dimension{Name: "requirements"}
	switch {
	case len(r.Unknown) > 0:
		d.State, d.Result = report.Failed, "unknown: "+strings.Join(r.Unknown, ", ")
		d.Note = "define it, or correct the commit's text"
	case len(r.Defined) == 0:
		d.State, d.Result = report.Missing, "no requirement ids are defined"
	case len(r.Uncovered) == 0 && r.unread != nil:
		d.State, d.Result = report.Missing, fmt.Sprintf("the commits' messages are not known: %v", r.unread)
	case len(r.Touched) == 0:
		d.State, d.Result = report.Warned, fmt.Sprintf("the commits name none of %d; %d have a test", len(r.Defined), len(r.Covered))
		d.Note = "name the requirement a change serves, such as " + r.Defined[0]
	case len(r.Uncovered) > 0:
		d.State, d.Result = report.Failed, "touched without a test: "+strings.Join(r.Uncovered, ", ")
		d.Note = "name the id in a test that passes"
	default:
		d.State, d.Result = report.OK, fmt.Sprintf("%d touched, all covered: %s", len(r.Touched), strings.Join(r.Touched, ", "))
	}
	return d
}
