package doctor

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// repo is the input of every check.
type repo struct {
	Deps
	o         Options
	root      *os.Root
	config    *config.Config // the default configuration if there are mistakes
	mistakes  error
	workflows []workflow
	known     map[string]contract // our reusable workflows, by file name
	hub       *hub                // nil if GitHub was not read or did not respond
}

func (r *repo) subject() string { return cmp.Or(r.o.Repository, r.config.App) }

// api returns the command that calls GitHub's API for the repository.
func (r *repo) api(method, path string, more ...string) string {
	return strings.Join(append([]string{"gh api -X " + method + " " + quote("repos/"+cmp.Or(r.o.Repository, "OWNER/NAME")+path)}, more...), " ")
}

// plainWord matches words that need no quotes in a shell.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9@%+=:,./_][A-Za-z0-9@%+=:,./_-]*$`)

// quote makes s one word of a shell command. Users copy remedies into a shell, and the
// names in them are untrusted.
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

// maxFile is the largest file that is read, in bytes.
const maxFile = 1 << 20

// read reads a regular file of the checkout. It follows no link out of the checkout.
func (r *repo) read(name string) ([]byte, error) { return readFile(r.root, name) }

func readFile(root *os.Root, name string) ([]byte, error) {
	return files.Read(root, name, maxFile)
}

// first returns the first of the files that exists.
func (r *repo) first(names ...string) (string, bool) {
	for _, name := range names {
		if _, err := r.root.Stat(filepath.FromSlash(name)); err == nil {
			return name, true
		}
	}
	return "", false
}

func (r *repo) tracked(name string) bool { return slices.Contains(r.o.Files, path.Clean(name)) }

// reaches reports whether a workflow runs one of our actions: directly, through one of
// our reusable workflows, or as a command in a script.
func (r *repo) reaches(w workflow, action string) bool {
	return slices.ContainsFunc(w.jobs, func(j job) bool {
		return slices.Contains(j.runs, action) || slices.ContainsFunc(j.uses, func(ref reference) bool {
			name, _, is := ref.parse()
			return is && (!ref.job && name == action || ref.job && slices.Contains(r.known[name].Actions, action))
		})
	})
}

// does reports whether any workflow runs the action.
func (r *repo) does(action string) bool {
	return slices.ContainsFunc(r.workflows, func(w workflow) bool { return r.reaches(w, action) })
}

// deployed returns the environments of the path in order, or none if no workflow
// promotes.
func (r *repo) deployed() []string {
	if !r.releases() {
		return nil
	}
	return r.config.Chain()
}

// releases reports whether a workflow deploys to an environment. With target process
// nothing is deployed on GitHub.
func (r *repo) releases() bool {
	only := r.mistakes == nil
	for _, e := range r.config.Environments {
		only = only && e.Target == "process"
	}
	return r.does("promote") && !only
}

// previews reports whether a workflow creates previews on GitHub.
func (r *repo) previews() bool {
	return r.does("preview-up") && (r.mistakes != nil || r.config.Preview.Target != "process")
}

const nothingDeploys = "nothing is deployed on GitHub"

func notApplicable(why string) finding { return finding{state: report.NotApplicable, found: why} }

// several joins the first three entries of a list for one cell of a table.
func several(all []string) string {
	const most = 3
	if len(all) > most {
		return strings.Join(all[:most], "; ") + fmt.Sprintf("; and %d more", len(all)-most)
	}
	return strings.Join(all, "; ")
}
