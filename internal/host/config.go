package host

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/goccy/go-yaml"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// ConfigFile is the configuration of a server. It belongs to root: what the keys of CI may
// do is decided there, and nothing that arrives over SSH changes it.
const ConfigFile = "/etc/goldenpath/host.yml"

// Config says what a server accepts.
type Config struct {
	Version  int            `yaml:"version"`
	Apps     map[string]App `yaml:"apps"`
	Previews Limits         `yaml:"previews"` // of each preview
	Releases Limits         `yaml:"releases"` // of each staging, production…
	Budget   Budget         `yaml:"budget"`   // of all previews together
	ACME     ACME           `yaml:"acme"`
	Engine   string         `yaml:"engine"` // podman or docker; "": the one that is installed, Podman first
	Caddy    string         `yaml:"caddy"`  // address of the admin API
}

// App is what the server accepts of one app.
type App struct {
	Repository   string           `yaml:"repository"` // owner/name on GitHub, for reports; "": unknown
	Image        string           `yaml:"image"`      // that the evidence is about; "": the app's name
	Pull         bool             `yaml:"pull"`       // images are read from the registry of Image, if it has them
	Preview      Place            `yaml:"preview"`    // URL with {name} or {number}; "": no previews
	Environments map[string]Place `yaml:"environments"`
	Keys         []string         `yaml:"keys"` // public keys in PEM whose evidence is accepted
}

// Place is one environment of an app, or its previews.
type Place struct {
	URL  string `yaml:"url"`
	From string `yaml:"from"` // the environment that an artifact must run in first
	Soak bool   `yaml:"soak"` // it is watched after a deployment, so that it has no battery
}

// Limits are the limits of one environment.
type Limits struct {
	CPU    string `yaml:"cpu"`    // cores
	Memory string `yaml:"memory"` // such as 512MiB
	Pids   int    `yaml:"pids"`
	Weight int    `yaml:"weight"` // share of the processor when it is scarce, from 2 to 10000
	Egress string `yaml:"egress"` // none or internet
	Disk   string `yaml:"disk"`   // of the data of a preview, such as 2GiB; "": no limit
}

// Budget is the limit of all previews together.
type Budget struct {
	Previews int    `yaml:"previews"` // number
	Disk     string `yaml:"disk"`     // free space that a deployment must leave, such as 1GiB
}

// ACME sets where certificates come from. The zero value is Caddy's default.
type ACME struct {
	Email  string `yaml:"email"`
	CA     string `yaml:"ca"`
	CARoot string `yaml:"ca-root"` // PEM file that is trusted for ca
}

const (
	defaultCaddy = "http://localhost:2019"
	none         = "none"
	internet     = "internet"
)

// ReadConfig reads and checks a configuration.
func ReadConfig(name string) (*Config, error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, report.Usage(name + " does not exist: goldenpath host install creates it")
	}
	if err != nil {
		return nil, err
	}
	c, err := parseConfig(b)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("%s: %v", name, err))
	}
	return c, nil
}

func parseConfig(b []byte) (*Config, error) {
	c := &Config{
		Previews: Limits{CPU: "1", Memory: "512MiB", Pids: 256, Weight: 20, Egress: none, Disk: "2GiB"},
		Releases: Limits{CPU: "", Memory: "", Pids: 4096, Weight: 1000, Egress: internet},
		Budget:   Budget{Previews: 20, Disk: "1GiB"}, Caddy: defaultCaddy,
	}
	if err := yaml.UnmarshalWithOptions(b, c, yaml.Strict()); err != nil {
		return nil, err
	}
	var problems []string
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if c.Version != 1 {
		bad("version is %d: this goldenpath reads version 1", c.Version)
	}
	for _, l := range []struct {
		name string
		Limits
	}{{"previews", c.Previews}, {"releases", c.Releases}} {
		if _, err := l.bytes(); err != nil {
			bad("%s.memory: %v", l.name, err)
		}
		if _, err := humanize.ParseBytes(cmp.Or(l.Disk, "0")); err != nil {
			bad("%s.disk: %v", l.name, err)
		}
		if n, err := strconv.ParseFloat(l.CPU, 64); l.CPU != "" && (err != nil || n <= 0 || n > 1024) {
			bad("%s.cpu: %q is not a number of cores such as 0.5", l.name, l.CPU)
		}
		if l.Pids < 1 || l.Pids > 1<<20 {
			bad("%s.pids: %d is not between 1 and %d", l.name, l.Pids, 1<<20)
		}
		if l.Weight < 2 || l.Weight > 10000 {
			bad("%s.weight: %d is not between 2 and 10000", l.name, l.Weight)
		}
		if l.Egress != none && l.Egress != internet {
			bad("%s.egress: %q is neither none nor internet", l.name, l.Egress)
		}
	}
	if c.Releases.Disk != "" {
		bad("releases.disk: nothing of a release is removed, so its data have no limit: remove the key")
	}
	if _, err := humanize.ParseBytes(c.Budget.Disk); err != nil {
		bad("budget.disk: %v", err)
	}
	if c.Engine != "" && c.Engine != podman && c.Engine != docker {
		bad("engine: %q is neither podman nor docker", c.Engine)
	}
	used := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Apps)) {
		a := c.Apps[name]
		if !config.ValidApp(name) {
			bad("apps.%.60s is not a name of an app: use at most 40 lower-case letters, digits and hyphens", name)
		}
		if _, err := a.trust(); err != nil {
			bad("apps.%s.keys: %v", name, err)
		}
		check := func(key, address string) {
			u, err := url.Parse(strings.NewReplacer("{name}", "x", "{number}", "1").Replace(address))
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || !hostName.MatchString(u.Hostname()) || u.Port() != "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
				bad("apps.%s.%s: %.200q is not an address such as https://shop.example.com, without a port and a path", name, key, address)
				return
			}
			if other := used[u.Host]; other != "" {
				bad("apps.%s.%s: %s is the address of %s", name, key, u.Host, other)
			}
			used[u.Host] = "apps." + name + "." + key
		}
		if host, rest, _ := strings.Cut(a.Image, "/"); a.Pull && (rest == "" || !strings.ContainsAny(host, ".:")) {
			bad("apps.%s.pull: image %.200q does not name a registry: write it as ghcr.io/acme/shop", name, a.Image)
		}
		if p := a.Preview.URL; p != "" {
			if !strings.Contains(p, "{name}") && !strings.Contains(p, "{number}") {
				bad("apps.%s.preview.url: %.200q is the same for every preview: put {name} or {number} into it", name, p)
			}
			check("preview.url", p)
		}
		for _, e := range slices.Sorted(maps.Keys(a.Environments)) {
			if !config.ValidApp(e) || e == "preview" {
				bad("apps.%s.environments.%.60s is not a name of an environment", name, e)
			}
			place := a.Environments[e]
			check("environments."+e+".url", place.URL)
			if place.From != "" && a.Environments[place.From].URL == "" {
				bad("apps.%s.environments.%s.from: there is no environment %q", name, e, place.From)
			}
		}
	}
	if len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "\n"))
	}
	return c, nil
}

var hostName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$`)

// bytes returns the limit of the memory, or 0 for none.
func (l Limits) bytes() (uint64, error) {
	if l.Memory == "" {
		return 0, nil
	}
	return humanize.ParseBytes(l.Memory)
}

// disk returns the limit of the data, or 0 for none.
func (l Limits) disk() uint64 {
	n, _ := humanize.ParseBytes(l.Disk)
	return n
}

// image returns the name of the image that the evidence of an app is about.
func (a App) image(app string) string {
	if a.Image != "" {
		return a.Image
	}
	return app
}

// trust returns the policy that accepts the evidence of the app's keys.
func (a App) trust() (evidence.Policy, error) {
	var all evidence.Policy
	for i, text := range a.Keys {
		k, err := evidence.ParsePublic([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		all = append(all, evidence.Rule{Verifier: k})
	}
	return all, nil
}

// address returns where an environment answers, and whether the app may have it.
func (c *Config) address(app, environment string) (string, bool) {
	a, ok := c.Apps[app]
	if !ok {
		return "", false
	}
	if strings.HasPrefix(environment, "preview/") {
		return target.Words(environment).Replace(a.Preview.URL), a.Preview.URL != ""
	}
	place, ok := a.Environments[environment]
	return place.URL, ok
}

// limits returns the limits of an environment.
func (c *Config) limits(environment string) Limits {
	if strings.HasPrefix(environment, "preview/") {
		return c.Previews
	}
	return c.Releases
}
