package config

import (
	"slices"
	"strings"
	"testing"
)

// NEWCOMER 4: on this machine, environments on other targets get names of their own.
func TestLaptop(t *testing.T) {
	c, err := Parse([]byte(minimal + `preview: {target: kubernetes, chart: deploy, url: "https://{name}.example.com", env: {MODE: preview}}
environments:
  dev: {env: {MODE: dev}}
  staging: {target: kubernetes, chart: deploy, from: dev, port: 8123, secrets: {URL: STAGING_URL}}
  production: {target: terraform, terraform: infra, from: staging, soak: {for: 5m}}
`))
	if err != nil {
		t.Fatal(err)
	}
	l := Laptop(c)
	if got := l.Chain(); !slices.Equal(got, []string{"dev", "local-staging", "local-production"}) {
		t.Errorf("chain %v", got)
	}
	for name, e := range l.Environments {
		if e.Target != "process" || e.Chart != "" || e.Terraform != "" || e.Namespace != "" {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if p := l.Preview; p.Target != "process" || p.Chart != "" || p.URL != "" || p.Env["MODE"] != "preview" || p.TTL != c.Preview.TTL {
		t.Errorf("preview %+v", p)
	}
	if e := l.Environments["local-staging"]; e.Port != 8123 || e.Secrets["URL"].Variable != "STAGING_URL" || e.Soak == nil {
		t.Errorf("staging %+v", e)
	}
	if e := l.Environments["local-production"]; e.Soak == nil || e.Soak.For != c.Environments["production"].Soak.For {
		t.Errorf("production %+v", e)
	}
	if string(l.Source()) != string(c.Source()) {
		t.Error("the source is lost")
	}
	if got := c.Chain(); !slices.Equal(got, []string{"dev", "staging", "production"}) || c.Environments["staging"].Chart != "deploy" {
		t.Errorf("the original was changed: %v", got)
	}
}

func TestLaptopOfProcess(t *testing.T) {
	c, err := Parse([]byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	if got := Laptop(c).Chain(); !slices.Equal(got, c.Chain()) {
		t.Errorf("chain %v", got)
	}
}

// A file cannot use a name that Laptop needs for another environment.
func TestLaptopNames(t *testing.T) {
	_, err := Parse([]byte(minimal + `environments:
  production: {target: kubernetes, chart: deploy}
  local-production: {from: production}
`))
	if err == nil || !strings.Contains(err.Error(), ":6:3 ") || !strings.Contains(err.Error(), "goldenpath run uses the name local-production") {
		t.Errorf("error %v", err)
	}
	if _, err := Parse([]byte(minimal + "environments: {local-one: {}, production: {from: local-one}}\n")); err != nil {
		t.Error(err)
	}
}
