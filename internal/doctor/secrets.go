package doctor

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// longLived are names of keys of clouds that OIDC makes unnecessary (GP-SAFE-1).
var longLived = regexp.MustCompile(`(?i)(^|_)(` +
	`AWS_SECRET_ACCESS_KEY|AWS_ACCESS_KEY_ID|AWS_SECRET_KEY|` +
	`AZURE_CLIENT_SECRET|AZURE_CREDENTIALS|ARM_CLIENT_SECRET|ARM_ACCESS_KEY|` +
	`GOOGLE_CREDENTIALS|GOOGLE_APPLICATION_CREDENTIALS|GCP_CREDENTIALS|GCP_SA_KEY|GCLOUD_SERVICE_KEY|SERVICE_ACCOUNT_(KEY|JSON)` +
	`)(_|$)`)

// held are the names of all secrets that were seen, and why some were not.
func (p *patient) held() (names []string, hidden error) {
	names = append(names, p.hub.secrets.value...)
	hidden = p.hub.secrets.err
	for _, e := range slices.Sorted(maps.Keys(p.hub.own)) {
		s := p.hub.own[e]
		for _, name := range s.value {
			names = append(names, name+" of "+e)
		}
		if hidden == nil {
			hidden = s.err
		}
	}
	return names, hidden
}

func longLivedKeys(p *patient) finding {
	names, hidden := p.held()
	var keys, mend []string
	for _, n := range names {
		name, environment, of := strings.Cut(n, " of ")
		if !longLived.MatchString(name) {
			continue
		}
		keys = append(keys, n)
		name = quote(name)
		if of {
			name += " --env " + quote(environment)
		}
		mend = append(mend, "gh secret delete "+name)
	}
	if len(keys) > 0 {
		return finding{report.Failed, strings.Join(keys, ", "), "a key that lives long is worth stealing, and any workflow can read it", append([]string{
			"log in to the cloud with OIDC (docs/actions.md), revoke the key there, then:"}, mend...)}
	}
	if hidden != nil {
		return unseen(hidden)
	}
	return finding{state: report.OK, seen: "no secret is named like a key of a cloud"}
}

// handed are the secrets that workflows of the path name.
var handed = regexp.MustCompile(`\bsecrets\.([A-Za-z_][A-Za-z0-9_]*)`)

// secrets looks for what the path is handed and is not there.
func secrets(p *patient) finding {
	named := map[string]bool{}
	for _, w := range p.workflows {
		if len(w.calls()) == 0 {
			continue
		}
		for _, m := range handed.FindAllStringSubmatch(w.text, -1) {
			if name := strings.ToUpper(m[1]); name != "GITHUB_TOKEN" {
				named[name] = true
			}
		}
	}
	if len(named) == 0 {
		return notApplicable("no workflow of the path names a secret")
	}
	names, hidden := p.held()
	has := func(name string) bool {
		return slices.ContainsFunc(names, func(n string) bool {
			// Only the jobs that deploy have an environment, and they take a KUBECONFIG
			// from it. What a calling job hands over is never an environment's.
			n, _, of := strings.Cut(n, " of ")
			return strings.EqualFold(n, name) && (!of || name == "KUBECONFIG")
		})
	}
	var breaks, lacks, mend, there []string
	for _, name := range slices.Sorted(maps.Keys(named)) {
		switch {
		case has(name):
			there = append(there, name)
			continue
		case (name == "KUBECONFIG" || name == "PREVIEW_KUBECONFIG") && !p.onKubernetes():
			continue // the starter hands it over for whoever has a cluster
		case name == "KUBECONFIG", name == "GOLDENPATH_KEY" && p.does("promote"):
			breaks = append(breaks, name)
		default:
			lacks = append(lacks, name)
		}
		mend = append(mend, set(name))
	}
	all := append(slices.Clone(breaks), lacks...)
	switch {
	case len(all) > 0 && hidden != nil:
		f := unseen(hidden)
		f.seen = "not seen: " + strings.Join(all, ", ")
		return f
	case len(breaks) > 0:
		return finding{report.Failed, "not there: " + strings.Join(all, ", "), "the path is handed an empty one", mend}
	case len(lacks) > 0:
		return finding{report.Warned, "not there: " + strings.Join(lacks, ", "), "the path is handed an empty one", mend}
	case len(there) == 0:
		return notApplicable("none is needed")
	}
	return finding{state: report.OK, seen: strings.Join(there, ", ")}
}

func set(name string) string {
	switch name {
	case "GOLDENPATH_KEY":
		return "gh secret set GOLDENPATH_KEY < .git/goldenpath/keys/key.pem"
	case "KUBECONFIG":
		return "gh secret set KUBECONFIG < kubeconfig   of an account with the rights in docs/previews.md, and no more"
	}
	return "gh secret set " + quote(name)
}

// onKubernetes reports whether anything of the path is deployed to a cluster.
func (p *patient) onKubernetes() bool {
	if p.config.Preview.Target == "kubernetes" && p.does("preview-up") {
		return true
	}
	return p.does("promote") && slices.ContainsFunc(slices.Collect(maps.Values(p.config.Environments)), func(e config.Environment) bool { return e.Target == "kubernetes" })
}
