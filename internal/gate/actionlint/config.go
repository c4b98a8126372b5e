package actionlint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"
)

// configNames are where actionlint looks for its configuration, the first first.
var configNames = []string{".github/actionlint.yaml", ".github/actionlint.yml"}

// settings is what a repository may say of itself to actionlint: names of runners
// and of variables. Not its "paths", by which a change could loosen its own gate.
type settings struct {
	labels    []string
	variables []string // nil: not restricted
}

func readSettings(root *os.Root) (settings, error) {
	var s settings
	for _, name := range configNames {
		text, err := readSmall(root, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return s, fmt.Errorf("read %s: %w: repair or remove it", name, err)
		}
		if _, err := load(text); err != nil {
			return s, fmt.Errorf("read %s: %w: repair or remove it", name, err)
		}
		c, err := actionlint.ParseConfig(text)
		if err != nil {
			return s, fmt.Errorf("read %s: %w: repair or remove it", name, err)
		}
		for _, l := range c.SelfHostedRunner.Labels {
			if names(l) {
				s.labels = append(s.labels, l)
			}
		}
		s.variables = c.ConfigVariables
		return s, nil
	}
	return s, nil
}

// names reports whether a label names runners. A pattern that begins with nothing
// of its own, or as the runners of GitHub do, would only silence actionlint.
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

// readSmall reads a regular file within the repository that is not too large.
func readSmall(root *os.Root, name string) ([]byte, error) {
	info, err := root.Stat(name) // of a link what it is to, within the repository
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%d bytes are more than %d", info.Size(), maxFile)
	}
	return root.ReadFile(name)
}

func (s settings) write() (string, error) {
	config := map[string]any{"self-hosted-runner": map[string]any{"labels": s.labels}}
	if s.variables != nil {
		config["config-variables"] = s.variables // an empty list forbids them all
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		return "", err
	}
	temp, err := os.CreateTemp("", "actionlint-*.yaml")
	if err != nil {
		return "", err
	}
	_, err = temp.Write(text)
	return temp.Name(), errors.Join(err, temp.Close())
}

// unreadable lists the local references of a workflow that actionlint must not
// follow, with the reason; "" for a path that leaves the repository, where there is
// nothing to read.
func unreadable(root *os.Root, w workflow) map[string]string {
	out := map[string]string{}
	for _, uses := range w.everyUses() {
		ref := strings.TrimPrefix(strings.TrimPrefix(uses.Value, "$/"), "./")
		if !local(uses.Value) {
			continue
		}
		if slices.Contains(strings.Split(strings.ReplaceAll(ref, `\`, "/"), "/"), "..") {
			out[uses.Value] = ""
			continue
		}
		for _, name := range []string{path.Clean(ref), path.Join(ref, "action.yaml"), path.Join(ref, "action.yml")} {
			if why := refused(root, name); why != "" {
				out[uses.Value] = why
			}
		}
	}
	return out
}

// refused is why a file that actionlint would open cannot be.
func refused(root *os.Root, name string) string {
	info, err := root.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return ""
	case err != nil:
		return "it leads out of the repository"
	case info.IsDir():
		return ""
	case !info.Mode().IsRegular():
		return "it is not a regular file"
	case info.Size() > maxFile:
		return fmt.Sprintf("%s has %d bytes, more than %d", name, info.Size(), maxFile)
	}
	text, err := root.ReadFile(name)
	if err != nil {
		return "it cannot be read"
	}
	if _, err := load(text); err != nil && !errors.Is(err, errNoYAML) {
		return fmt.Sprintf("%s: %v", name, err)
	}
	return ""
}
