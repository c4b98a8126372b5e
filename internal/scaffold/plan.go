package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// planned is a file with what init would write.
type planned struct {
	Outcome
	text string
}

// plan settles what becomes of each file, before anything is written.
func plan(root *os.Root, f *Facts) ([]planned, error) {
	var all []planned
	var blocked []string
	for _, file := range files() {
		p, block, err := file.plan(root, f)
		if err != nil {
			return nil, err
		}
		if block != "" && !slices.Contains(blocked, block) {
			blocked = append(blocked, block)
		}
		all = append(all, p)
	}
	if len(blocked) > 0 {
		return nil, report.Usage(strings.Join(blocked, "\n"))
	}
	return all, nil
}

// plan settles one file. block says what stands in its way.
func (file file) plan(root *os.Root, f *Facts) (p planned, block string, err error) {
	p.Path = file.path
	text, not, err := file.make(f)
	if err != nil {
		return p, "", fmt.Errorf("make %s: %w", file.path, err)
	}
	info, err := root.Lstat(filepath.FromSlash(file.path))
	switch {
	case err == nil && info.IsDir():
		block = fmt.Sprintf("%s is a folder, and init would write a file of that name: rename the folder", file.path)
	case err == nil:
		p.State, p.Why = file.compare(root, info, text)
	case errors.Is(err, fs.ErrNotExist):
		if other := file.elsewhere(root); other != "" {
			p.State, p.Why = stateElsewhere, other
		} else if not != "" {
			p.State, p.Why = stateLeftOut, not
		} else {
			p.State, p.text = statePlanned, text
			block = obstacle(root, path.Dir(file.path))
		}
	default:
		if block = obstacle(root, path.Dir(file.path)); block == "" {
			return p, "", fmt.Errorf("look at %s: %w: make it readable", file.path, err)
		}
	}
	return p, block, nil
}

// elsewhere is the file that is the same thing in another place, or "".
func (file file) elsewhere(root *os.Root) string {
	for _, other := range file.also {
		if found := findFold(root, other); found != "" {
			return found
		}
	}
	return ""
}

// compare tells whether what is there is what init writes.
func (file file) compare(root *os.Root, info fs.FileInfo, text string) (state, why string) {
	if info.Mode()&fs.ModeSymlink != 0 {
		return stateDiffers, "a symbolic link"
	}
	if !info.Mode().IsRegular() {
		return stateDiffers, "no regular file"
	}
	if info.Size() == int64(len(text)) {
		if b, err := root.ReadFile(filepath.FromSlash(file.path)); err == nil && string(b) == text {
			return stateSame, ""
		}
	}
	return stateDiffers, ""
}

// obstacle says what keeps a folder from being made, or from being written into.
func obstacle(root *os.Root, dir string) string {
	part := ""
	for next := range strings.SplitSeq(dir, "/") {
		part = path.Join(part, next)
		info, err := root.Stat(filepath.FromSlash(part))
		switch {
		case err == nil && info.IsDir():
			continue
		case err == nil:
			return fmt.Sprintf("%s is a file, and init would write into a folder of that name: move it", part)
		}
		if _, link := root.Lstat(filepath.FromSlash(part)); errors.Is(link, fs.ErrNotExist) {
			return "" // it will be made
		}
		return fmt.Sprintf("%s is a link that leads out of the repository, or nowhere: put a folder there, init does not write outside", part)
	}
	return ""
}

// findFold finds a path by the letters of its last element alone: who has
// docs/Codeowners has one. A last element of * is any file.
func findFold(root *os.Root, name string) string {
	dir, base := path.Split(name)
	dir = path.Clean(dir)
	entries, err := fs.ReadDir(root.FS(), dir)
	if err != nil {
		return ""
	}
	for _, e := range entries {
		if base == "*" && !e.IsDir() || strings.EqualFold(e.Name(), base) {
			return path.Join(dir, e.Name())
		}
	}
	return ""
}
