package doctor

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// patient is what the checks look at.
type patient struct {
	Deps
	o         Options
	root      *os.Root
	config    *config.Config // the default one where there are mistakes
	mistakes  error
	workflows []workflow
	known     map[string]contract // our reusable workflows, by file
	hub       *hub                // nil: nobody was asked, or nobody answered
}

func (p *patient) subject() string { return cmp.Or(p.o.Repository, p.config.App) }

// api is the command that makes a call of the repository's.
func (p *patient) api(method, path string, more ...string) string {
	return strings.Join(append([]string{"gh api -X " + method + " " + quote("repos/"+cmp.Or(p.o.Repository, "OWNER/NAME")+path)}, more...), " ")
}

// plainWord needs no quotes in a shell.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9@%+=:,./_][A-Za-z0-9@%+=:,./_-]*$`)

// quote makes one word of a shell's command: remedies are copied, and names in them
// are what somebody else has written.
func quote(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func quoteAll(all []string) string {
	var words []string
	for _, s := range all {
		words = append(words, quote(s))
	}
	return strings.Join(words, " ")
}

// maxFile bounds what is read of one file.
const maxFile = 1 << 20

// read reads a file of the checkout: not through a link that leads out, and not
// from a device.
func (p *patient) read(name string) ([]byte, error) { return readFile(p.root, name) }

func readFile(root *os.Root, name string) ([]byte, error) {
	name = filepath.FromSlash(name)
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("%s is no file of at most %d bytes", name, maxFile)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// first returns the first of the files that is there.
func (p *patient) first(names ...string) (string, bool) {
	for _, name := range names {
		if _, err := p.root.Stat(filepath.FromSlash(name)); err == nil {
			return name, true
		}
	}
	return "", false
}

func (p *patient) tracked(name string) bool { return slices.Contains(p.o.Files, path.Clean(name)) }

// reaches reports whether a workflow does the work of one of our actions: through
// a workflow or an action of ours, or by a command.
func (p *patient) reaches(w workflow, action string) bool {
	return slices.ContainsFunc(w.jobs, func(j job) bool {
		return slices.Contains(j.runs, action) || slices.ContainsFunc(j.uses, func(r reference) bool {
			name, _, is := r.parse()
			return is && (!r.job && name == action || r.job && slices.Contains(p.known[name].Actions, action))
		})
	})
}

// does reports whether any workflow reaches it.
func (p *patient) does(action string) bool {
	return slices.ContainsFunc(p.workflows, func(w workflow) bool { return p.reaches(w, action) })
}

// deployed are the environments of the path, in its order; none if no workflow
// promotes.
func (p *patient) deployed() []string {
	if !p.does("promote") {
		return nil
	}
	return p.config.Chain()
}

const nothingDeploys = "no workflow promotes"

func notApplicable(why string) finding { return finding{state: report.NotApplicable, seen: why} }

// several joins what a list of things has in common for a line of a table.
func several(all []string) string {
	const most = 3
	if len(all) > most {
		return strings.Join(all[:most], "; ") + fmt.Sprintf("; and %d more", len(all)-most)
	}
	return strings.Join(all, "; ")
}
