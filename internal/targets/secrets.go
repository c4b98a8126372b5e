package targets

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Declared is what the configuration of a pull request may read: the secrets that the
// base branch declares. Without this limit a pull request could name any variable of
// the job, such as a cloud's credentials, and pass it to its own app.
type Declared struct {
	secrets map[config.Secret]bool
	pull    string
}

// DeclaredBy returns what a base branch declares. A nil base declares nothing.
func DeclaredBy(base *config.Config) *Declared {
	d := &Declared{secrets: map[config.Secret]bool{}}
	if base != nil {
		for _, s := range base.Preview.Secrets {
			d.secrets[s] = true
		}
		d.pull = base.Preview.PullSecret
	}
	return d
}

const undeclared = "%s is not declared by .goldenpath.yml of the base branch, and a pull request can use only what that declares: merge the declaration first"

// ours matches the variables of the run itself. These are never passed to an app, even if
// the base branch declares them.
var ours = regexp.MustCompile(`(?i)^((INPUT|GITHUB|ACTIONS|RUNNER)_.*|KUBECONFIG|GOLDENPATH_KEY)$`)

// Secrets reads the variables that a configuration names.
func (a Access) Secrets(all map[string]config.Secret) (map[string]target.Secret, error) {
	variable, err := a.variables()
	if err != nil {
		return nil, err
	}
	out := map[string]target.Secret{}
	var missing, own, foreign []string
	for name, s := range all {
		switch {
		case s.Store == "" && ours.MatchString(s.Variable):
			own = append(own, s.Variable)
		case a.Declared != nil && !a.Declared.secrets[s]:
			if s.Store != "" {
				s.Variable = fmt.Sprintf("{store: %s, key: %s}", s.Store, s.Key)
			}
			foreign = append(foreign, s.Variable)
		case s.Store != "":
			out[name] = target.Secret{Store: s.Store, Key: s.Key}
		case variable(s.Variable) == "":
			missing = append(missing, s.Variable)
		default:
			out[name] = target.Secret{Value: variable(s.Variable)}
		}
	}
	for _, p := range []struct {
		names []string
		text  string
	}{
		{own, "%s is a variable of the run itself and is never passed to an app: pass the app's secret to the step under another name"},
		{foreign, undeclared},
		{missing, "%s is not set: pass the variable to the step with env"},
	} {
		if len(p.names) > 0 {
			slices.Sort(p.names)
			return nil, report.Usage("secrets: " + fmt.Sprintf(p.text, strings.Join(p.names, ", ")))
		}
	}
	return out, nil
}

// pullSecret reads the variable that preview.pull-secret names.
func (a Access) pullSecret(name string) (string, error) {
	if ours.MatchString(name) {
		return "", report.Usage(fmt.Sprintf("pull-secret: %s is a variable of the run itself and is never passed to a cluster: pass the secret to the step under another name", name))
	}
	if a.Declared != nil && name != a.Declared.pull {
		return "", report.Usage("pull-secret: " + fmt.Sprintf(undeclared, name))
	}
	variable, err := a.variables()
	if err != nil {
		return "", err
	}
	if value := variable(name); value != "" {
		return value, nil
	}
	return "", report.Usage(fmt.Sprintf("pull-secret: the variable %s is not set: pass it to the step", name))
}
