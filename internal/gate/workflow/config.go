package workflow

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// configNames are the files that actionlint reads its configuration from. The first
// one that exists wins.
var configNames = []string{".github/actionlint.yaml", ".github/actionlint.yml"}

// Settings are the parts of actionlint's configuration that the gate accepts. It
// ignores "paths", with which a change could disable checks on itself.
type Settings struct {
	Labels    []string // of self-hosted runners
	Variables []string // names allowed in vars.*; nil: any
}

func readSettings(root *os.Root) (Settings, error) {
	var s Settings
	for _, name := range configNames {
		text, err := Small(root, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			_, err = load(text)
		}
		var c *actionlint.Config
		if err == nil {
			c, err = actionlint.ParseConfig(text)
		}
		if err != nil {
			return s, fmt.Errorf("read %s: %w: correct the file or delete it", name, err)
		}
		for _, l := range c.SelfHostedRunner.Labels {
			if names(l) {
				s.Labels = append(s.Labels, l)
			}
		}
		s.Variables = c.ConfigVariables
		return s, nil
	}
	return s, nil
}

// names reports whether a label names runners. A pattern is ignored if it starts
// with fewer than three literal characters or matches GitHub-hosted runners: it would
// only silence actionlint.
func names(label string) bool {
	if _, err := path.Match(label, ""); err != nil {
		return false
	}
	i := strings.IndexAny(label, `*?[\`)
	if i < 0 {
		return true
	}
	start := strings.ToLower(label[:i])
	return i >= 3 && !slices.ContainsFunc([]string{"ubuntu-", "windows-", "macos-"}, func(hosted string) bool {
		return strings.HasPrefix(hosted, start) || strings.HasPrefix(start, hosted)
	})
}

// Small reads a regular file of at most 1 MiB in the repository. Symbolic links are
// followed as long as they stay inside it.
func Small(root *os.Root, name string) ([]byte, error) {
	info, err := root.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%d bytes, the limit is %d", info.Size(), maxFile)
	}
	return root.ReadFile(name)
}
