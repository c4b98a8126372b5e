package targets

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
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
	servers config.Servers // that previews may be sent to, with their secrets
}

// DeclaredBy returns what a base branch declares. A nil base declares nothing.
func DeclaredBy(base *config.Config) *Declared {
	d := &Declared{secrets: map[config.Secret]bool{}}
	if base != nil {
		for _, s := range base.Preview.Secrets {
			d.secrets[s] = true
		}
		d.pull, d.servers = base.Preview.PullSecret, base.Preview.Server
	}
	return d
}

const undeclared = "%s is not declared by .goldenpath.yml of the base branch, and a pull request can use only what that declares: merge the declaration first"

// ours matches the variables of the run itself. These are never passed to an app, even if
// the base branch declares them.
var ours = regexp.MustCompile(`(?i)^((INPUT|GITHUB|ACTIONS|RUNNER)_.*|KUBECONFIG|GOLDENPATH_KEY|GOLDENPATH_SSH_KEY)$`)

// Secrets reads the secrets that a configuration sets for an environment, or for previews
// if environment is "".
func (a Access) Secrets(c *config.Config, environment string) (map[string]target.Secret, error) {
	d, path := c.Preview.Deploy, []string{"preview", "secrets"}
	if environment != "" {
		d, path = c.Environments[environment].Deploy, []string{"environments", strings.TrimPrefix(environment, "local-"), "secrets"}
	}
	return a.read(d, c.Services, func(name string) string {
		return c.Place(append(slices.Clone(path), name)...) + " " + strings.Join(append(slices.Clone(path), name), ".")
	})
}

// read reads the secrets of an environment. where names the place of a secret.
//
// A cluster's secret store does not exist on this machine: with target process such a
// secret is read from the variable that the app gets. If goldenpath provides a database,
// DATABASE_URL may be missing.
func (a Access) read(d config.Deploy, services config.Services, where func(name string) string) (map[string]target.Secret, error) {
	variable, err := a.variables()
	if err != nil {
		return nil, err
	}
	out := map[string]target.Secret{}
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(d.Secrets)) {
		s := d.Secrets[name]
		declared := a.Declared == nil || a.Declared.secrets[s]
		if s.Store != "" && d.Target == "process" {
			s = config.Secret{Variable: name}
		}
		switch {
		case s.Store == "" && ours.MatchString(s.Variable):
			problems = append(problems, fmt.Sprintf("%s: "+runsOwn, where(name), s.Variable))
		case !declared && s.Store != "":
			problems = append(problems, fmt.Sprintf("%s: "+undeclared, where(name), fmt.Sprintf("{store: %s, key: %s}", s.Store, s.Key)))
		case !declared:
			problems = append(problems, fmt.Sprintf("%s: "+undeclared, where(name), s.Variable))
		case s.Store != "":
			out[name] = target.Secret{Store: s.Store, Key: s.Key}
		case variable(s.Variable) != "":
			out[name] = target.Secret{Value: variable(s.Variable)}
			if a.Mask != nil {
				a.Mask(variable(s.Variable))
			}
		case d.Target == "process" && provided(services, name):
		default:
			problems = append(problems, fmt.Sprintf("%s: "+unset, where(name), s.Variable))
		}
	}
	if err := a.usage(problems); err != nil {
		return nil, err
	}
	return out, nil
}

// Variables reads the variables that a configuration passes to a command: those that
// variables.KEY names.
func (a Access) Variables(c *config.Config, key string) (map[string]string, error) {
	v := c.Variables
	names := map[string][]string{"checks": v.Checks, "build": v.Build, "seed": v.Seed, "battery": v.Battery}[key]
	variable, err := a.variables()
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	var problems []string
	for i, name := range names {
		where := c.Place("variables", key, strconv.Itoa(i)) + " variables." + key
		switch {
		case ours.MatchString(name):
			problems = append(problems, fmt.Sprintf("%s: "+runsOwn, where, name))
		case variable(name) == "":
			problems = append(problems, fmt.Sprintf("%s: "+unset, where, name))
		default:
			out[name] = variable(name)
		}
	}
	return out, a.usage(problems)
}

const runsOwn = "%s is a variable of the run itself and is never passed on: pass the secret to the step under another name"

const unset = "%s is not set"

// usage returns the problems as one error, with the remedy for what is not set once at its
// end.
func (a Access) usage(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	remedy := "try: set the variable, or write a line NAME=value into " + SecretsFile + " (a file that git ignores, with mode 600)"
	if a.Workflow {
		remedy = "try: pass the variable to the step with env"
	}
	if slices.ContainsFunc(problems, func(p string) bool { return strings.HasSuffix(p, strings.TrimPrefix(unset, "%s")) }) {
		problems = append(problems, remedy)
	}
	return report.Usage(strings.Join(problems, "\n"))
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

// provided reports whether an environment on this machine gets the service whose address a
// variable has.
func provided(s config.Services, variable string) bool {
	return slices.ContainsFunc(target.ServicesOf(s).Wanted(nil), func(k *target.ServiceKind) bool { return k.Address == variable })
}
