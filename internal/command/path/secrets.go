package path

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// declared is what the configuration of a pull request may read: the secrets that
// the base branch declares. Without it a pull request could name any variable of
// the job, such as a cloud's credentials, and pass it to its own app.
type declared struct {
	secrets map[config.Secret]bool
	pull    string
}

// declare limits secrets to those that base declares. A nil base declares none.
func declare(base *config.Config) *declared {
	d := &declared{secrets: map[config.Secret]bool{}}
	if base != nil {
		for _, s := range base.Preview.Secrets {
			d.secrets[s] = true
		}
		d.pull = base.Preview.PullSecret
	}
	return d
}

// declaredBy reads what a pull request may use from the base of its event, or
// returns nil where the event is not that of a pull request.
func (w *world) declaredBy(ctx context.Context) (*declared, error) {
	e, err := w.env.Runner.Event()
	if err != nil || e.PullRequest.Number == 0 || e.Base == "" {
		return nil, err
	}
	base, err := w.baseConfig(ctx, e.Base)
	if errors.Is(err, config.ErrMissing) {
		err = nil
	}
	return declare(base), err
}

const undeclared = "%s is not declared by .goldenpath.yml of the base branch, and a pull request can use only what that declares: merge the declaration first"

// ours are variables of the run itself, which no app gets, whoever declares them.
var ours = regexp.MustCompile(`(?i)^((INPUT|GITHUB|ACTIONS|RUNNER)_.*|KUBECONFIG|GOLDENPATH_KEY)$`)

// secrets reads the variables that the configuration names.
func (w *world) secrets(all map[string]config.Secret) (map[string]target.Secret, error) {
	variable, err := w.variables()
	if err != nil {
		return nil, err
	}
	out := map[string]target.Secret{}
	var missing, own, foreign []string
	for name, s := range all {
		switch {
		case s.Store == "" && ours.MatchString(s.Variable):
			own = append(own, s.Variable)
		case w.declared != nil && !w.declared.secrets[s]:
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
		{missing, "%s is not set: pass it to the step by env"},
	} {
		if len(p.names) > 0 {
			slices.Sort(p.names)
			return nil, report.Usage("secrets: " + fmt.Sprintf(p.text, strings.Join(p.names, ", ")))
		}
	}
	return out, nil
}

// pullSecret reads the variable that preview.pull-secret names.
func (w *world) pullSecret(name string) (string, error) {
	if ours.MatchString(name) {
		return "", report.Usage(fmt.Sprintf("pull-secret: %s is a variable of the run itself and is never passed to a cluster: pass the secret to the step under another name", name))
	}
	if w.declared != nil && name != w.declared.pull {
		return "", report.Usage("pull-secret: " + fmt.Sprintf(undeclared, name))
	}
	variable, err := w.variables()
	if err != nil {
		return "", err
	}
	if value := variable(name); value != "" {
		return value, nil
	}
	return "", report.Usage(fmt.Sprintf("pull-secret: the variable %s is not set: pass it to the step", name))
}
