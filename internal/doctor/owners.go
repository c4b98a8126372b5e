package doctor

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/hmarr/codeowners"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// codeOwners checks that the files that decide have an owner: policy, waivers, the
// accepted findings, the public key, workflows, and CODEOWNERS itself.
func codeOwners(r *repo) finding {
	where := []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"} // GitHub uses the first that exists
	fix := []string{".github/CODEOWNERS:", "  /.goldenpath.yml    @OWNER", "  /.goldenpath/       @OWNER", "  /.github/           @OWNER"}
	name, ok := r.first(where...)
	if !ok {
		return finding{report.Warned, "no CODEOWNERS", "changes to policy, waivers and workflows need no review by an owner", []string{"goldenpath init --with github"}}
	}
	b, err := r.read(name)
	if err != nil {
		return finding{report.Warned, err.Error(), "", fix}
	}
	rules, err := codeowners.ParseFile(bytes.NewReader(b))
	if err != nil {
		return finding{report.Warned, fmt.Sprintf("%s: %v", name, err), "GitHub ignores invalid lines", fix}
	}
	var free []string
	for _, file := range []string{config.File, r.config.Gate.Waivers, config.BaselineFile, keyFile, folder + "/goldenpath.yml", name} {
		rule, err := rules.Match(file)
		if err != nil {
			return finding{report.Warned, fmt.Sprintf("%s: %v", name, err), "", fix}
		}
		if rule == nil || len(rule.Owners) == 0 {
			free = append(free, file)
		}
	}
	if len(free) > 0 {
		return finding{report.Warned, name + " names no owner for " + strings.Join(free, ", "), "", fix}
	}
	return finding{state: report.OK, found: name + " covers policy, waivers, key and workflows"}
}
