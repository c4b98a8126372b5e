package doctor

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// longLived matches names of cloud keys that OIDC makes unnecessary (GP-SAFE-1).
var longLived = regexp.MustCompile(`(?i)(^|_)(` +
	`AWS_SECRET_ACCESS_KEY|AWS_ACCESS_KEY_ID|AWS_SECRET_KEY|` +
	`AZURE_CLIENT_SECRET|AZURE_CREDENTIALS|ARM_CLIENT_SECRET|ARM_ACCESS_KEY|` +
	`GOOGLE_CREDENTIALS|GOOGLE_APPLICATION_CREDENTIALS|GCP_CREDENTIALS|GCP_SA_KEY|GCLOUD_SERVICE_KEY|SERVICE_ACCOUNT_(KEY|JSON)` +
	`)(_|$)`)

// held returns the names of all visible secrets, and the error that hides others. A
// secret of an environment is "NAME of ENVIRONMENT".
func (r *repo) held() (names []string, hidden error) {
	names = append(names, r.hub.secrets.value...)
	hidden = r.hub.secrets.err
	for _, e := range slices.Sorted(maps.Keys(r.hub.own)) {
		s := r.hub.own[e]
		for _, name := range s.value {
			names = append(names, name+" of "+e)
		}
		if hidden == nil {
			hidden = s.err
		}
	}
	return names, hidden
}

func longLivedKeys(r *repo) finding {
	names, hidden := r.held()
	var keys, fix []string
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
		fix = append(fix, "gh secret delete "+name)
	}
	if len(keys) > 0 {
		return finding{report.Failed, strings.Join(keys, ", "), "long-lived cloud key, readable by every workflow", append([]string{
			"use OIDC to log in to the cloud (docs/actions.md), revoke the key there, then:"}, fix...)}
	}
	if hidden != nil {
		return unseen(hidden)
	}
	return finding{state: report.OK, found: "no secret has the name of a cloud key"}
}

// handed matches the secrets that a workflow uses.
var handed = regexp.MustCompile(`\bsecrets\.([A-Za-z_][A-Za-z0-9_]*)`)

// secrets checks that every secret the path's workflows use exists.
func secrets(r *repo) finding {
	named := map[string]bool{}
	for _, w := range r.workflows {
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
		return notApplicable("no goldenpath workflow uses a secret")
	}
	names, hidden := r.held()
	// A calling job can pass only secrets of the repository or organisation. A job of a
	// called workflow of another repository gets a secret of its environment empty, although
	// it names the environment (actions/runner#1490, #3206).
	has := func(name string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	}
	of := func(name string) string {
		for _, n := range names {
			if n, environment, _ := strings.Cut(n, " of "); environment != "" && strings.EqualFold(n, name) {
				return " (only in the environment " + environment + ", whose secrets a called workflow gets empty)"
			}
		}
		return ""
	}
	var breaks, lacks, fix, present []string
	for _, name := range slices.Sorted(maps.Keys(named)) {
		switch {
		case has(name):
			present = append(present, name)
			continue
		case (name == "KUBECONFIG" || name == "PREVIEW_KUBECONFIG") && !r.on("kubernetes"):
			continue // the starter always passes it; only a cluster needs it
		case (name == "SSH_KEY" || name == "PREVIEW_SSH_KEY") && !r.on("server"):
			continue // as above
		case name == "KUBECONFIG", name == "SSH_KEY", name == "GOLDENPATH_KEY" && r.releases():
			breaks = append(breaks, name+of(name))
		default:
			lacks = append(lacks, name+of(name))
		}
		fix = append(fix, set(name))
	}
	all := append(slices.Clone(breaks), lacks...)
	switch {
	case len(all) > 0 && hidden != nil:
		f := unseen(hidden)
		f.found = "could not be found: " + strings.Join(all, ", ")
		return f
	case len(breaks) > 0:
		return finding{report.Failed, "missing: " + strings.Join(all, ", "), "the workflow receives an empty value", fix}
	case len(lacks) > 0:
		return finding{report.Warned, "missing: " + strings.Join(lacks, ", "), "the workflow receives an empty value", fix}
	case len(present) == 0:
		return notApplicable("no secret is needed")
	}
	return finding{state: report.OK, found: strings.Join(present, ", ")}
}

func set(name string) string {
	switch name {
	case "GOLDENPATH_KEY":
		return "gh secret set GOLDENPATH_KEY < .git/goldenpath/keys/key.pem"
	case "SSH_KEY":
		return sshKey(name, "releases")
	case "PREVIEW_SSH_KEY":
		return sshKey(name, "previews")
	case "KUBECONFIG", "PREVIEW_KUBECONFIG":
		return "goldenpath preview access   prints the service account and the commands that set " + name
	}
	return "gh secret set " + quote(name)
}

// sshKey makes a key for one role, stores its private half and shows where its public half
// goes.
func sshKey(secret, role string) string {
	return fmt.Sprintf("ssh-keygen -t ed25519 -N '' -f %[1]s && gh secret set %[2]s < %[1]s   then on the server: goldenpath host allow --role %[1]s --app APP \"$(cat %[1]s.pub)\"", role, secret)
}

// on reports whether the path deploys to a target.
func (r *repo) on(target string) bool {
	if r.config.Preview.Target == target && r.does("preview-up") {
		return true
	}
	return r.does("promote") && slices.ContainsFunc(slices.Collect(maps.Values(r.config.Environments)), func(e config.Environment) bool { return e.Target == target })
}
