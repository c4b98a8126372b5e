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

// Requirements has lists of requirement ids, such as SHOP-12. Each list is sorted and
// has no duplicates.
type Requirements struct {
	Defined   []string `json:"defined"`   // in the folder of requirements
	Touched   []string `json:"touched"`   // named by the commits
	Covered   []string `json:"covered"`   // named by a test that passed
	Unknown   []string `json:"unknown"`   // named by the commits, not defined
	Uncovered []string `json:"uncovered"` // touched and not covered
	unread    error    // why not every commit's message is known
}

// definition matches a line that defines an id: it begins a table row, a list item
// or a heading.
var definition = regexp.MustCompile("^\\s*(?:\\||[-*]|#+)\\s*[*`[]*(" + idPattern.String() + ")[*`\\]]*(?:[\\s|:(]|$)")

// readRequirements reads the definitions below the root, and compares them with the
// commits' messages and the names of the tests. A folder that cannot be read is a usage
// error; a folder that does not exist defines no requirements.
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
	for _, name := range tests.covering {
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

// definedIDs returns the ids that the Markdown files directly in a folder define,
// sorted.
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
		if strings.HasPrefix(string(b), unfilled) {
			continue
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

// gradeRequirements grades whether the commits name requirements that are defined
// and tested.
func gradeRequirements(c *candidate) Dimension {
	r := c.requirements
	switch {
	case len(r.Unknown) > 0:
		return Dimension{
			State: report.Failed, Result: "named in commits, but not defined: " + strings.Join(r.Unknown, ", "),
			Note: "define the requirement, or correct the commit's message",
		}
	case len(r.Defined) == 0:
		return Dimension{State: report.NotApplicable, Result: "no requirement ids are defined"}
	case len(r.Uncovered) > 0:
		return Dimension{
			State: report.Failed, Result: "named in commits, but without a passing test: " + strings.Join(r.Uncovered, ", "),
			Note: "name the requirement's id in a test that passes",
		}
	case r.unread != nil:
		return Dimension{State: report.Missing, Result: fmt.Sprintf("cannot read the messages of the commits: %v", r.unread)}
	case len(r.Touched) == 0:
		return Dimension{
			State: report.Warned, Result: fmt.Sprintf("the commits name none of %d requirements; %d have a test", len(r.Defined), len(r.Covered)),
			Note: "name the requirement that a change serves, such as " + r.Defined[0],
		}
	default:
		return Dimension{State: report.OK, Result: fmt.Sprintf("%d named in commits, all with a passing test: %s", len(r.Touched), strings.Join(r.Touched, ", "))}
	}
}
