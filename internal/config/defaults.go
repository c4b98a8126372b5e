package config

import "time"

const (
	defaultUser    = "65532:65532" // nonroot of the distroless images
	defaultMaxSize = 500_000_000
	defaultTimeout = Duration(15 * time.Minute)
	defaultTTL     = Duration(24 * time.Hour)
	defaultMaxTTL  = Duration(7 * 24 * time.Hour)
)

func (c *Config) defaults() {
	a := &c.Artifact
	setDefault(&a.Image, c.App)
	setDefault(&a.Workdir, "/")
	setDefault(&a.User, defaultUser)
	setDefault(&a.Port, 8080)
	setDefault(&a.MaxSize, defaultMaxSize)
	setDefault(&c.Install.Timeout, defaultTimeout)
	for _, steps := range []Steps{c.Checks, c.Battery.Steps} {
		for i := range steps {
			setDefault(&steps[i].Timeout, defaultTimeout)
		}
	}
	for i := range c.Battery.Smoke {
		setDefault(&c.Battery.Smoke[i].Status, 200)
	}
	c.named(c.Preview.Server)
	c.Preview.defaults(a.Image)
	if len(c.Battery.Smoke) == 0 && len(c.Battery.Steps) == 0 {
		c.Battery.Smoke = []Smoke{{Get: c.Preview.Ready.Path, Status: 200, Redirects: true}}
		if c.Preview.Ready.Path != "/" { // a health path may answer while the app does not; an API may have no start page
			c.Battery.Smoke = append(c.Battery.Smoke, Smoke{Get: "/", Status: AnyAnswer, Redirects: true})
		}
	}
	if len(c.Environments) == 0 {
		c.Environments = map[string]Environment{"staging": {}, "production": {From: "staging"}}
	}
	for name, e := range c.Environments {
		c.named(e.Server)
		e.Deploy.defaults(a.Image)
		if e.Target == "kubernetes" {
			setDefault(&e.Namespace, c.App+"-"+name)
		}
		if e.Ready != nil {
			e.Ready.defaults()
		}
		if e.Soak == nil && e.From != "" {
			e.Soak = &Soak{}
		}
		if e.Soak != nil {
			e.Soak.defaults()
		}
		c.Environments[name] = e
	}
	setDefault(&c.Gate.FailOn, "high")
	setDefault(&c.Gate.Waivers, ".goldenpath/waivers.yml")
	setDefault(&c.Gate.WaiverMaxAge, Duration(180*24*time.Hour))
	setDefault(&c.Gate.DatabaseMaxAge, Duration(7*24*time.Hour))
	if c.Gate.NewOnly == nil {
		c.Gate.NewOnly = new(bool)
		*c.Gate.NewOnly = true
	}
	setDefault(&c.Scorecard.Requirements, "docs/requirements")
	if c.Scorecard.Must == nil {
		c.Scorecard.Must = []string{"tests", "security"}
	}
	setDefault(&c.Flags, "flags")
	setDefault(&c.LLM.Prompts, "llm/prompts")
}

func (p *Preview) defaults(image string) {
	p.Deploy.defaults(image)
	setDefault(&p.TTL, defaultTTL)
	setDefault(&p.MaxTTL, defaultMaxTTL)
	p.TTL = min(p.TTL, p.MaxTTL)
	setDefault(&p.SweepEvery, Duration(6*time.Hour)) // the schedule of the starter
	p.Ready.defaults()
	setDefault(&p.Limit.Repository, 20)
	if p.Budget != nil {
		setDefault(&p.Budget.Currency, "USD")
		setDefault(&p.Budget.Alert, 80)
	}
	p.Prices.defaults()
	setDefault(&p.OnFailure, "keep")
	setDefault(&p.Isolation.Egress, "none")
	setDefault(&p.Isolation.CPU, "4")
	setDefault(&p.Isolation.Memory, "8Gi")
	setDefault(&p.Isolation.Pods, 20)
}

func (d *Deploy) defaults(image string) {
	setDefault(&d.Target, "process")
	if d.Migrate.Set() {
		setDefault(&d.Migrate.Timeout, defaultTimeout)
	}
	if d.Target == "kubernetes" {
		setDefault(&d.ReplaceImage, image)
	}
}

// defaults sets prices of the order that clouds charge per hour for a general-purpose
// machine on demand, in USD. They allow previews to be compared; set preview.prices to
// what you pay.
func (p *Prices) defaults() {
	for _, d := range []struct {
		price **float64
		value float64
	}{{&p.CPU, 0.0316}, {&p.Memory, 0.0042}, {&p.Storage, 0.00014}} {
		if *d.price == nil {
			v := d.value
			*d.price = &v
		}
	}
}

func (r *Ready) defaults() {
	setDefault(&r.Path, "/")
	setDefault(&r.Timeout, Duration(time.Minute))
}

func (s *Soak) defaults() {
	setDefault(&s.For, Duration(time.Minute))
	setDefault(&s.AtLeast, 30)
	if s.SLO == (SLO{}) {
		s.SLO = SLO{Availability: 99, ErrorRate: 1}
	}
	setDefault(&s.Every, min(s.For/Duration(2*s.AtLeast), Duration(time.Second)))
	s.Every = max(s.Every, Duration(time.Millisecond))
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// Default returns the configuration of a repository that has none.
func Default(app string) *Config {
	c := &Config{Version: 1, App: app}
	c.defaults()
	return c
}
