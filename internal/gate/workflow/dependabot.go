package workflow

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// minCooldown is how many days a release should be public before an update to it: most
// malicious releases are found and removed within a week.
const minCooldown = 7

// updates calls do with each entry of updates: in Dependabot's configuration.
func (w *File) updates(do func(*yaml.Node)) {
	if w.kind != dependabot {
		return
	}
	for _, u := range get(w.doc, "updates").Content {
		do(resolve(u))
	}
}

// dependabotExecution reports updates that run code of the dependencies. That code gets
// the credentials of the registries that the update uses.
func dependabotExecution(w *File) []report.Finding {
	var out []report.Finding
	w.updates(func(u *yaml.Node) {
		v := get(u, "insecure-external-code-execution")
		if v.Value != "allow" {
			return
		}
		sev, with := report.Medium, ""
		if get(u, "registries").Kind != 0 {
			sev, with = report.High, ", with the credentials of the registries"
		}
		out = append(out, report.Finding{
			Rule: "dependabot-execution", Severity: sev, At: w.at(pos(v)),
			Message: fmt.Sprintf("updates of %s run code of the dependencies%s", short(get(u, "package-ecosystem").Value), with),
			Fix:     "set insecure-external-code-execution: deny",
		})
	})
	return out
}

// dependabotCooldown reports updates to releases that are only a few days old.
func dependabotCooldown(w *File) []report.Finding {
	var out []report.Finding
	w.updates(func(u *yaml.Node) {
		cooldown := get(u, "cooldown")
		days := get(cooldown, "default-days")
		n, err := strconv.Atoi(days.Value)
		at, why := pos(u), "there is no cooldown"
		switch {
		case err == nil && n >= minCooldown, get(u, "open-pull-requests-limit").Value == "0": // security updates only
			return
		case days.Kind != 0:
			at, why = pos(days), fmt.Sprintf("the cooldown is %s days", short(days.Value))
		case cooldown.Kind != 0:
			at, why = pos(cooldown), "the cooldown has no default-days"
		}
		out = append(out, report.Finding{
			Rule: "dependabot-cooldown", Severity: report.Low, At: w.at(at),
			Message: fmt.Sprintf("updates of %s may propose a release of the same week: %s", short(get(u, "package-ecosystem").Value), why),
			Fix:     fmt.Sprintf("set cooldown: {default-days: %d}; security updates are not delayed by it", minCooldown),
		})
	})
	return out
}

// insecureHooks reports hooks of pre-commit that are fetched without TLS.
func insecureHooks(w *File) []report.Finding {
	var out []report.Finding
	if w.kind != preCommit {
		return nil
	}
	for _, r := range get(w.doc, "repos").Content {
		repo := get(resolve(r), "repo")
		if !strings.HasPrefix(repo.Value, "http://") && !strings.HasPrefix(repo.Value, "git://") {
			continue
		}
		out = append(out, report.Finding{
			Rule: "insecure-url-scheme", Severity: report.Medium, At: w.at(pos(repo)),
			Message: fmt.Sprintf("the hooks of %s are fetched without TLS: anyone on the way can replace them", short(repo.Value)),
			Fix:     "use https://",
		})
	}
	return out
}
