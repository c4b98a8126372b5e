package doctor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// updates checks that something proposes newer versions of pinned actions.
func updates(r *repo) finding {
	fix := []string{".github/dependabot.yml:", "  version: 2", "  updates:", "    - package-ecosystem: github-actions", "      directory: /", "      schedule: {interval: weekly}"}
	if name, ok := r.first("renovate.json", "renovate.json5", ".renovaterc", ".renovaterc.json", ".github/renovate.json", ".github/renovate.json5"); ok {
		return finding{state: report.OK, found: name + ": Renovate updates actions by default"}
	}
	name, ok := r.first(".github/dependabot.yml", ".github/dependabot.yaml")
	if !ok {
		return finding{report.Warned, "nothing updates the pinned actions", "", []string{"goldenpath init --with github"}}
	}
	b, err := r.read(name)
	if err != nil {
		return finding{report.Warned, err.Error(), "", fix}
	}
	ecosystems, err := ecosystems(b)
	switch {
	case err != nil:
		return finding{report.Warned, fmt.Sprintf("%s: %v", name, err), "", fix}
	case !slices.Contains(ecosystems, "github-actions"):
		return finding{report.Warned, name + " does not cover github-actions", "", fix}
	}
	return finding{state: report.OK, found: name + " covers " + strings.Join(ecosystems, ", ")}
}

func ecosystems(b []byte) (all []string, err error) {
	defer func() {
		if p := recover(); p != nil { // the library panics on some hostile input
			err = errors.New("is not valid YAML")
		}
	}()
	var doc struct {
		Updates []struct {
			Ecosystem string `yaml:"package-ecosystem"`
		} `yaml:"updates"`
	}
	err = yaml.Unmarshal(b, &doc)
	for _, u := range doc.Updates {
		if !slices.Contains(all, u.Ecosystem) {
			all = append(all, u.Ecosystem)
		}
	}
	return all, err
}
