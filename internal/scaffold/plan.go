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

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// planned is a file and the text that init would write.
type planned struct {
	Outcome
	text string
}

// plan decides what to do with each file, before anything is written.
func plan(root *os.Root, f *Facts) ([]planned, error) {
	var all []planned
	var blocked []string
	for _, file := range files() {
		if !f.wants(file.group) || file.ofApp() && f.several && f.Folder == "" {
			continue
		}
		if file.ofApp() {
			file.path = path.Join(f.Folder, file.path)
		}
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

// plan decides what to do with one file. block is the obstacle, or "".
func (file file) plan(root *os.Root, f *Facts) (p planned, block string, err error) {
	p.Path = file.path
	text, not, err := file.make(f)
	if err != nil {
		return p, "", fmt.Errorf("make %s: %w", file.path, err)
	}
	info, err := root.Lstat(filepath.FromSlash(file.path))
	switch {
	case err == nil && info.IsDir():
		block = fmt.Sprintf("%s is a folder, but init writes a file of that name: rename the folder", file.path)
	case err == nil:
		p.State, p.Why = file.compare(root, info, text)
		if f.several && file.path == mainStarter && callsForOne(root) {
			p.Why = "it calls pull-request.yml, which is for one app: call pull-request-apps.yml and release-apps.yml"
		}
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
			return p, "", fmt.Errorf("read %s: %w: make it readable", file.path, err)
		}
	}
	return p, block, nil
}

// ofApp reports whether the file belongs to an app, and not to the repository.
func (file file) ofApp() bool {
	return slices.Contains([]string{config.File, ".goldenpath/waivers.yml"}, file.path)
}

// callsForOne reports whether the workflow of the path is the one for a single app.
func callsForOne(root *os.Root) bool {
	b, err := root.ReadFile(mainStarter)
	return err == nil && strings.Contains(string(b), "/pull-request.yml@")
}

// elsewhere returns an existing file of the same kind at another path, or "".
func (file file) elsewhere(root *os.Root) string {
	for _, other := range file.also {
		if found := findFold(root, other); found != "" {
			return found
		}
	}
	return ""
}

// compare compares the existing file with the text that init would write.
func (file file) compare(root *os.Root, info fs.FileInfo, text string) (state, why string) {
	if info.Mode()&fs.ModeSymlink != 0 {
		return stateDiffers, "a symbolic link"
	}
	if !info.Mode().IsRegular() {
		return stateDiffers, "not a regular file"
	}
	if info.Size() == int64(len(text)) {
		if b, err := root.ReadFile(filepath.FromSlash(file.path)); err == nil && string(b) == text {
			return stateSame, ""
		}
	}
	return stateDiffers, ""
}

// obstacle returns why a folder cannot be created or written to, or "".
func obstacle(root *os.Root, dir string) string {
	part := ""
	for next := range strings.SplitSeq(dir, "/") {
		part = path.Join(part, next)
		info, err := root.Stat(filepath.FromSlash(part))
		switch {
		case err == nil && info.IsDir():
			continue
		case err == nil:
			return fmt.Sprintf("%s is a file, but init writes to a folder of that name: move the file", part)
		}
		if _, link := root.Lstat(filepath.FromSlash(part)); errors.Is(link, fs.ErrNotExist) {
			return "" // it will be created
		}
		return fmt.Sprintf("%s is a link that leads nowhere or out of the repository, where init does not write: replace it with a folder", part)
	}
	return ""
}

// findFold finds a path and ignores the case of its last element, so that
// docs/Codeowners is found. A last element of * matches any file.
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
