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

	"github.com/seed-b235b314/goldenpath/internal/files"
)

// configNames are the names of actionlint's configuration file. The first file that
// exists is used.
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
		text, err := files.Read(root, name, maxFile)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return s, fmt.Errorf("%w: correct the file or delete it", err)
		}
		c, err := parseConfig(text)
		if err != nil {
			return s, fmt.Errorf("cannot read %s: %w: correct the file or delete it", name, err)
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

func parseConfig(text []byte) (*actionlint.Config, error) {
	if _, err := load(text); err != nil {
		return nil, err
	}
	return actionlint.ParseConfig(text)
}

// names reports whether a label in the configuration names runners. A pattern is
// ignored if it starts with fewer than three literal characters or matches
// GitHub-hosted runners: it would only silence actionlint.
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
