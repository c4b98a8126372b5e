package config

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// Deploy says what is deployed into an environment, and how. Of Chart, Kustomize
// and Manifests exactly one is set for target kubernetes; Terraform for terraform.
type Deploy struct {
	Target       string            `yaml:"target"` // process, kubernetes, terraform
	Chart        string            `yaml:"chart"`
	Values       []string          `yaml:"values"`
	Set          map[string]any    `yaml:"set"` // strings, numbers and booleans
	Kustomize    string            `yaml:"kustomize"`
	Manifests    string            `yaml:"manifests"`
	ReplaceImage string            `yaml:"replace-image"` // default artifact.image
	PullSecret   string            `yaml:"pull-secret"`   // name of a variable
	Terraform    string            `yaml:"terraform"`
	Vars         map[string]string `yaml:"vars"`
	Backend      map[string]string `yaml:"backend"`
	URL          string            `yaml:"url"` // with {name} and {number}
	Env          map[string]string `yaml:"env"`
	Secrets      map[string]Secret `yaml:"secrets"`
}

// Secret is where a value comes from: a variable of the caller's environment, or
// a key in a store of the cluster.
type Secret struct {
	Variable string
	Store    string
	Key      string
}

// Preview is the environment of a pull request.
type Preview struct {
	Deploy     `yaml:",inline"`
	Ready      Ready     `yaml:"ready"`
	Migrate    string    `yaml:"migrate"` // shell command; $GOLDENPATH_URL is set
	Seed       string    `yaml:"seed"`    // shell command; $GOLDENPATH_URL is set
	TTL        Duration  `yaml:"ttl"`
	MaxTTL     Duration  `yaml:"max-ttl"`
	SweepEvery Duration  `yaml:"sweep-every"`
	Limit      Limit     `yaml:"limit"`
	Budget     *Budget   `yaml:"budget"`
	Prices     Prices    `yaml:"prices"`
	CostCentre string    `yaml:"cost-centre"`
	OnFailure  string    `yaml:"on-failure"` // keep or remove
	Isolation  Isolation `yaml:"isolation"`
}

// Limit is how many previews there may be; 0 is no limit.
type Limit struct {
	Repository int `yaml:"repository"`
	Author     int `yaml:"author"`
}

// Budget is what all previews of a repository may cost.
type Budget struct {
	PerDay   float64 `yaml:"per-day"` // a day is one of UTC
	Currency string  `yaml:"currency"`
	Alert    float64 `yaml:"alert"` // percent
}

// Prices are of an hour, in the currency of the budget. Absent keys are the
// defaults; a price of zero is none.
type Prices struct {
	CPU       *float64           `yaml:"cpu"`     // a core
	Memory    *float64           `yaml:"memory"`  // a GiB
	Storage   *float64           `yaml:"storage"` // a GiB
	Resources map[string]float64 `yaml:"resources"`
}

// Isolation is the walls of a preview's namespace.
type Isolation struct {
	IngressFrom []string `yaml:"ingress-from"` // empty: every namespace but other previews
	Egress      string   `yaml:"egress"`       // none or internet
	CPU         string   `yaml:"cpu"`
	Memory      string   `yaml:"memory"`
	Pods        int      `yaml:"pods"`
	Kinds       []string `yaml:"kinds"` // Kind.group
}

// Environment is where releases run.
type Environment struct {
	Deploy    `yaml:",inline"`
	Namespace string `yaml:"namespace"`
	From      string `yaml:"from"` // the environment an artifact must run in before
	Port      int    `yaml:"port"` // 0 is a free one
	Ready     *Ready `yaml:"ready"`
	Soak      *Soak  `yaml:"soak"`
}

// Notify names the variables that hold the addresses of webhooks.
type Notify struct {
	Slack string `yaml:"slack"`
	Teams string `yaml:"teams"`
}

// UnmarshalYAML reads a secret: a name, or a mapping with store and key.
func (s *Secret) UnmarshalYAML(b []byte) error {
	if err := yaml.Unmarshal(b, &s.Variable); err == nil {
		return nil
	}
	var long struct {
		Store string `yaml:"store"`
		Key   string `yaml:"key"`
	}
	if err := yaml.Unmarshal(b, &long); err != nil {
		return fmt.Errorf("a secret is the name of a variable, or store and key: %w", err)
	}
	s.Store, s.Key = long.Store, long.Key
	return nil
}
