package doctor

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hmarr/codeowners"
	"go.yaml.in/yaml/v3"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// updates: what is pinned stays as it is until somebody renews it.
func updates(p *patient) finding {
	mend := []string{".github/dependabot.yml:", "  version: 2", "  updates:", "    - package-ecosystem: github-actions", "      directory: /", "      schedule: {interval: weekly}"}
	if name, there := p.first("renovate.json", "renovate.json5", ".renovaterc", ".renovaterc.json", ".github/renovate.json", ".github/renovate.json5"); there {
		return finding{state: report.OK, seen: name + ": Renovate renews actions unless it is told not to"}
	}
	name, there := p.first(".github/dependabot.yml", ".github/dependabot.yaml")
	if !there {
		return finding{report.Warned, "nothing renews the pinned actions", "", mend}
	}
	b, err := p.read(name)
	if err != nil {
		return finding{report.Warned, err.Error(), "", mend}
	}
	ecosystems, err := ecosystems(b)
	switch {
	case err != nil:
		return finding{report.Warned, fmt.Sprintf("%s: %v", name, err), "", mend}
	case !slices.Contains(ecosystems, "github-actions"):
		return finding{report.Warned, name + " does not cover github-actions", "", mend}
	}
	return finding{state: report.OK, seen: name + " covers " + strings.Join(ecosystems, ", ")}
}

func ecosystems(b []byte) (all []string, err error) {
	defer func() {
		if p := recover(); p != nil { // of the library, on hostile text
			err = errors.New("is no YAML that can be read")
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

// codeOwners asks that somebody owns what decides: policy, waivers, the key that
// evidence is trusted by, workflows, and the list of owners.
func codeOwners(p *patient) finding {
	where := []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"} // the first counts
	mend := []string{".github/CODEOWNERS:", "  /.goldenpath.yml    @OWNER", "  /.goldenpath/       @OWNER", "  /.github/           @OWNER"}
	name, there := p.first(where...)
	if !there {
		return finding{report.Warned, "no CODEOWNERS", "nobody is asked when policy, waivers or workflows change", mend}
	}
	b, err := p.read(name)
	if err != nil {
		return finding{report.Warned, err.Error(), "", mend}
	}
	rules, err := codeowners.ParseFile(bytes.NewReader(b))
	if err != nil {
		return finding{report.Warned, fmt.Sprintf("%s: %v", name, err), "GitHub leaves such a line out", mend}
	}
	var free []string
	for _, file := range []string{config.File, p.config.Gate.Waivers, keyFile, folder + "/goldenpath.yml", name} {
		rule, err := rules.Match(file)
		if err != nil {
			return finding{report.Warned, fmt.Sprintf("%s: %v", name, err), "", mend}
		}
		if rule == nil || len(rule.Owners) == 0 {
			free = append(free, file)
		}
	}
	if len(free) > 0 {
		return finding{report.Warned, name + " names nobody for " + strings.Join(free, ", "), "", mend}
	}
	return finding{state: report.OK, seen: name + " covers policy, waivers, key and workflows"}
}
