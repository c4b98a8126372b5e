package scaffold

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

// Limits of what is read. Anything beyond them is reported and not used.
const (
	maxFile  = 1 << 20
	maxNames = 50_000
	maxDepth = 12
	maxHeld  = 64 << 20 // of files that are kept in memory
)

// plainName matches paths that need no quotes in a shell, in YAML and in a glob.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+/-]*$`)

// foreign are folders of third-party code, build output, examples and fixtures.
var foreign = []string{"node_modules", "vendor", "third_party", "testdata", "fixtures", "dist", "build", "target", "out", "venv", "env", "site-packages", "bower_components"}

// tree is the sorted list of the repository's regular files.
type tree struct {
	root  *os.Root
	names []string
	notes []string // what was not used, and why
	cache map[string][]byte
	held  int // bytes in cache
}

// listFiles lists the files. It does not follow links.
func listFiles(root *os.Root) (*tree, error) {
	t := &tree{root: root, cache: map[string][]byte{}}
	odd := 0
	err := fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			t.note("%s cannot be read", name)
			return nil
		case name == ".":
			return nil
		case d.IsDir() && name == ".git":
			return fs.SkipDir
		case !plainName.MatchString(strings.TrimPrefix(name, ".")):
			if odd++; odd <= 3 && (d.IsDir() || isMarker(d.Name())) {
				t.note("%.100q is not used: its name would need quotes in commands", name)
			}
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			if slices.Contains(foreign, d.Name()) || strings.Count(name, "/") >= maxDepth || hidden(name) && name != ".github" && name != ".github/workflows" {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular():
			return nil
		}
		if len(t.names) == maxNames {
			t.note("only the first %d files were read", maxNames)
			return fs.SkipAll
		}
		t.names = append(t.names, name)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", root.Name(), err)
	}
	slices.Sort(t.names) // the walk sorts names, not paths
	return t, nil
}

func hidden(name string) bool { return strings.HasPrefix(path.Base(name), ".") }

func (t *tree) note(format string, args ...any) {
	t.notes = append(t.notes, report.LogLine(fmt.Sprintf(format, args...)))
}

// has reports whether a regular file of that name exists.
func (t *tree) has(name string) bool {
	_, ok := slices.BinarySearch(t.names, name)
	return ok
}

// folder reports whether a folder with files exists.
func (t *tree) folder(name string) bool {
	if name == "." {
		return true
	}
	i, _ := slices.BinarySearch(t.names, name+"/")
	return i < len(t.names) && strings.HasPrefix(t.names[i], name+"/")
}

// exists reports whether a file or a folder exists.
func (t *tree) exists(name string) bool { return t.has(name) || t.folder(name) }

// read returns a file, or nil with a note if it is too large or cannot be read.
func (t *tree) read(name string) []byte {
	if !t.has(name) {
		return nil
	}
	if b, ok := t.cache[name]; ok {
		return b
	}
	info, err := t.root.Lstat(filepath.FromSlash(name))
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxFile) {
		err = errors.New("it is larger than 1 MiB")
	}
	var b []byte
	if err == nil {
		b, err = t.root.ReadFile(filepath.FromSlash(name))
	}
	if err != nil {
		t.note("%s was not read: %v", name, err)
		b = nil
	}
	if t.held += len(b); t.held < maxHeld {
		t.cache[name] = b
	}
	return b
}

// text is read, as a string.
func (t *tree) text(name string) string { return string(t.read(name)) }

// find returns the files whose base name matches a pattern, at most depth folders deep,
// those nearest the root first.
func (t *tree) find(base string, depth int) []string {
	return t.match(depth, func(name string) bool { ok, _ := path.Match(base, path.Base(name)); return ok })
}

func (t *tree) match(depth int, is func(string) bool) []string {
	var found []string
	for _, name := range t.names {
		if strings.Count(name, "/") <= depth && is(name) {
			found = append(found, name)
		}
	}
	slices.SortStableFunc(found, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	return found
}
