package config

import (
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Deploy defines what is deployed to an environment, and how. Target kubernetes needs
// exactly one of Chart, Kustomize and Manifests; target terraform needs Terraform; target
// server needs Server.
type Deploy struct {
	Target       string            `yaml:"target"` // process, server, kubernetes, terraform
	Chart        string            `yaml:"chart"`
	Values       []string          `yaml:"values"`
	Set          map[string]any    `yaml:"set"` // strings, numbers and booleans
	Kustomize    string            `yaml:"kustomize"`
	Manifests    string            `yaml:"manifests"`
	ReplaceImage string            `yaml:"replace-image"` // default artifact.image
	PullSecret   string            `yaml:"pull-secret"`   // name of a variable
	Terraform    string            `yaml:"terraform"`
	Server       Servers           `yaml:"server"`
	Vars         map[string]string `yaml:"vars"`
	Backend      map[string]string `yaml:"backend"`
	URL          string            `yaml:"url"` // with {name} and {number}
	Env          map[string]string `yaml:"env"`
	Secrets      map[string]Secret `yaml:"secrets"`
	Migrate      Migrate           `yaml:"migrate"`
}

// Servers are the servers of an environment.
type Servers []Server

// Server is a Linux server that goldenpath reaches over SSH.
type Server struct {
	Host    string `yaml:"host"`
	Port    int    `yaml:"port"`     // default 22
	User    string `yaml:"user"`     // default goldenpath
	HostKey string `yaml:"host-key"` // as in known_hosts, without the name

	name string // in Config.Servers, until Parse has replaced it by that server
}

// UnmarshalYAML reads one server or a list. Each is a mapping or a name.
func (s *Servers) UnmarshalYAML(n ast.Node) error {
	all := []ast.Node{n}
	if list, ok := n.(*ast.SequenceNode); ok {
		all = list.Values
	}
	for _, v := range all {
		var one Server
		if yaml.NodeToValue(v, &one.name) != nil {
			if err := yaml.NodeToValue(v, &one); err != nil {
				return err
			}
		}
		*s = append(*s, one)
	}
	return nil
}

// named replaces the names of servers by the servers.
func (c *Config) named(all Servers) {
	for i, s := range all {
		if s.name != "" {
			all[i] = c.Servers[s.name]
		}
	}
}

// Migrate is the command that migrates data before a new version starts. The zero value
// means that there is none. One of Shell and Argv is set.
type Migrate struct {
	Shell   string // runs with sh -euc
	Argv    []string
	Timeout Duration // default 15 minutes
}

// Set reports whether there is a command.
func (m Migrate) Set() bool { return m.Shell != "" || len(m.Argv) > 0 }

// Secret is the source of a value: a variable of the caller's environment, or a key in a
// secret store of the cluster.
type Secret struct {
	Variable string
	Store    string
	Key      string
}

// Preview is the environment of a pull request.
type Preview struct {
	Deploy     `yaml:",inline"`
	Ready      Ready     `yaml:"ready"`
	Seed       string    `yaml:"seed"` // shell command; $GOLDENPATH_URL is set
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

// Limit is the maximum number of previews; 0 means no limit.
type Limit struct {
	Repository int `yaml:"repository"`
	Author     int `yaml:"author"`
}

// Budget is the maximum cost of a repository's previews.
type Budget struct {
	PerDay   float64 `yaml:"per-day"` // UTC day
	Currency string  `yaml:"currency"`
	Alert    float64 `yaml:"alert"` // percent
}

// Prices are per hour, in the currency of the budget. nil means the default; zero means
// free.
type Prices struct {
	CPU       *float64           `yaml:"cpu"`     // per core
	Memory    *float64           `yaml:"memory"`  // per GiB
	Storage   *float64           `yaml:"storage"` // per GiB
	Resources map[string]float64 `yaml:"resources"`
}

// Isolation restricts a preview's namespace.
type Isolation struct {
	IngressFrom []string `yaml:"ingress-from"` // empty allows all namespaces except other previews
	Egress      string   `yaml:"egress"`       // none or internet
	CPU         string   `yaml:"cpu"`
	Memory      string   `yaml:"memory"`
	Pods        int      `yaml:"pods"`
	Kinds       []string `yaml:"kinds"` // Kind.group
}

// Environment is an environment that releases run in.
type Environment struct {
	Deploy    `yaml:",inline"`
	Namespace string `yaml:"namespace"`
	From      string `yaml:"from"` // the environment that an artifact must run in first
	Port      int    `yaml:"port"` // 0 means a free port
	Ready     *Ready `yaml:"ready"`
	Soak      *Soak  `yaml:"soak"`
}

// Notify names the variables that hold the addresses of webhooks.
type Notify struct {
	Slack string `yaml:"slack"`
	Teams string `yaml:"teams"`
}

// UnmarshalYAML reads a command: text, a list of words, or a mapping with run and timeout.
func (m *Migrate) UnmarshalYAML(n ast.Node) error {
	for _, v := range mappingValues(n) {
		var err error
		if v.Key.GetToken().Value == "timeout" {
			err = yaml.NodeToValue(v.Value, &m.Timeout)
		} else {
			err = m.UnmarshalYAML(v.Value)
		}
		if err != nil {
			return err
		}
	}
	switch n := n.(type) {
	case *ast.SequenceNode:
		return yaml.NodeToValue(n, &m.Argv)
	case *ast.MappingNode, *ast.MappingValueNode:
		return nil
	}
	return yaml.NodeToValue(n, &m.Shell)
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
		return fmt.Errorf("read secret: %w: write the name of a variable, or store and key", err)
	}
	s.Store, s.Key = long.Store, long.Key
	return nil
}
