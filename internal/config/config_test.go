package config

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func parseFile(t *testing.T, file string) *Config {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	yes := true
	soak := &Soak{
		For: Duration(time.Minute), AtLeast: 30, Every: Duration(time.Second),
		SLO: SLO{Availability: 99, ErrorRate: 1},
	}
	want := &Config{
		Version:  1,
		App:      "where2eat",
		Artifact: Artifact{Image: "where2eat", Pack: "dist", Entrypoint: []string{"/server"}, Workdir: "/", User: "65532:65532", Port: 8080, MaxSize: 500_000_000},
		Battery:  Battery{Smoke: []Smoke{{Get: "/", Status: 200, Redirects: true}}},
		Preview: Preview{
			Deploy: Deploy{Target: "process"}, Ready: Ready{Path: "/", Timeout: Duration(time.Minute)},
			TTL: Duration(24 * time.Hour), MaxTTL: Duration(7 * 24 * time.Hour), SweepEvery: Duration(6 * time.Hour),
			Limit: Limit{Repository: 20}, Prices: Prices{CPU: price(0.0316), Memory: price(0.0042), Storage: price(0.00014)}, OnFailure: "keep",
			Isolation: Isolation{Egress: "none", CPU: "4", Memory: "8Gi", Pods: 20},
		},
		Environments: map[string]Environment{
			"staging":    {Deploy: Deploy{Target: "process"}},
			"production": {Deploy: Deploy{Target: "process"}, From: "staging", Soak: soak},
		},
		Install:   Install{Timeout: Duration(15 * time.Minute)},
		Gate:      Gate{FailOn: "high", NewOnly: &yes, Waivers: ".goldenpath/waivers.yml", WaiverMaxAge: Duration(180 * 24 * time.Hour), DatabaseMaxAge: Duration(7 * 24 * time.Hour)},
		Scorecard: Scorecard{Requirements: "docs/requirements", Must: []string{"tests", "security"}},
		Flags:     "flags",
		LLM:       LLM{Prompts: "llm/prompts"},
	}
	got := parseFile(t, "testdata/valid/minimal.yml")
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("minimal file (-want +got):\n%s", diff)
	}
	want.Artifact.Pack, want.Artifact.Entrypoint = "", nil
	if diff := cmp.Diff(want, Default("where2eat"), cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("no file (-want +got):\n%s", diff)
	}
}

func price(v float64) *float64 { return &v }

func TestEveryKeyIsRead(t *testing.T) {
	no := false
	want := &Config{
		Version: 1,
		App:     "where2eat",
		Artifact: Artifact{
			Image: "localhost:5000/acme/where2eat", Build: "go build -o dist/server .\ncp -r static dist/\n", Pack: "dist",
			Entrypoint: []string{"/server", "--verbose"}, Workdir: "/srv", User: "1000:1000", Port: 9000,
			Env: map[string]string{"VOTE_LIMIT": "3", "_LOCALE": "de"}, MaxSize: 3 << 29,
		},
		Checks: Steps{
			{Name: "zebra", Run: "echo last letter first", Timeout: Duration(15 * time.Minute)},
			{Name: "lint", Run: "golangci-lint run", Timeout: Duration(15 * time.Minute)},
			{Name: "unit", Run: "go test ./...", JUnit: "reports/unit/*.xml", Timeout: Duration(150 * time.Second)},
			{Name: "1", Run: "echo quoted", Timeout: Duration(15 * time.Minute)},
		},
		Battery: Battery{
			Smoke: []Smoke{{Get: "/healthz", Status: 200}, {Get: "/version", Status: 204, Contains: "3f9c2d1"}},
			Steps: Steps{
				{Name: "e2e", Run: "npx playwright test", Timeout: Duration(15 * time.Minute)},
				{Name: "contract", Run: "make contract", JUnit: "reports/contract/*.xml", Timeout: Duration(time.Hour)},
			},
		},
		Preview: Preview{
			Deploy: Deploy{
				Target: "kubernetes", Chart: "charts/app", Values: []string{"deploy/preview.yaml"}, Set: map[string]any{"ingress.host": "{host}", "ingress.enabled": true},
				ReplaceImage: "ghcr.io/acme/app", PullSecret: "REGISTRY_AUTH", URL: "https://{name}.preview.example.com", Env: map[string]string{"STAGE": "preview"},
				Secrets: map[string]Secret{"DATABASE_URL": {Variable: "PREVIEW_DATABASE"}, "API_KEY": {Store: "vault", Key: "preview/api"}},
				Migrate: Migrate{Argv: []string{"/server", "migrate"}, Timeout: Duration(15 * time.Minute)},
			},
			Ready: Ready{Path: "/healthz", VersionPath: "/version", Timeout: Duration(3 * time.Minute)}, Seed: "./scripts/seed.sh",
			TTL: Duration(60 * time.Hour), MaxTTL: Duration(60 * time.Hour), SweepEvery: Duration(30 * time.Minute),
			Limit: Limit{Repository: 10, Author: 2}, Budget: &Budget{PerDay: 5, Currency: "EUR", Alert: 50},
			Prices:     Prices{CPU: price(0.03), Memory: price(0), Storage: price(0.0001), Resources: map[string]float64{"google_cloud_run_v2_service": 0.02}},
			CostCentre: "R-and-D.7", OnFailure: "remove", Isolation: Isolation{IngressFrom: []string{"ingress-nginx"}, Egress: "internet", CPU: "500m", Memory: "2Gi", Pods: 5, Kinds: []string{"Rollout.argoproj.io"}},
		},
		Services:  Services{Postgres: Service{Version: 16, Image: "docker.io/library/postgres@sha256:" + strings.Repeat("a", 64)}, Redis: Service{Version: 7}},
		Install:   Install{Run: "npm ci", Lock: []string{"package-lock.json"}, Keep: []string{"node_modules"}, Timeout: Duration(5 * time.Minute)},
		Variables: Variables{Checks: []string{"NPM_TOKEN"}, Build: []string{"NPM_TOKEN", "SENTRY_TOKEN"}, Seed: []string{"API_KEY"}, Battery: []string{"E2E_PASSWORD"}},
		Environments: map[string]Environment{
			"internal": {Deploy: Deploy{Target: "terraform", Terraform: "infra", Vars: map[string]string{"domain": "example.com"}, Backend: map[string]string{"bucket": "state"}}},
			"beta": {Deploy: Deploy{Target: "process"}, From: "internal", Soak: &Soak{
				For: Duration(10 * time.Second), AtLeast: 30, Every: Duration(10 * time.Second / 60), SLO: SLO{Availability: 99, ErrorRate: 1},
			}},
			"production": {
				Deploy: Deploy{
					Target: "process", Env: map[string]string{"STAGE": "production"}, Migrate: Migrate{Shell: "./server migrate", Timeout: Duration(time.Hour)},
				}, From: "beta", Port: 8081,
				Ready: &Ready{Path: "/", VersionPath: "/version", Timeout: Duration(time.Minute)},
				Soak: &Soak{
					For: Duration(30 * time.Minute), AtLeast: 200, Every: Duration(500 * time.Millisecond),
					SLO: SLO{Availability: 99.9, ErrorRate: 0.5, P95: Duration(250 * time.Millisecond)},
				},
			},
		},
		Gate: Gate{FailOn: "critical", NewOnly: &no, Waivers: "policy/waivers.yml", MissingDatabase: "warn", Exclude: []string{"testdata", "docs/examples"},
			Licences: Licences{Allow: []string{"MIT", "Apache-2.0"}, Deny: []string{"AGPL-3.0-only"}}, AllowedDependencies: "policy/allowed.txt",
			WaiverMaxAge: Duration(90 * 24 * time.Hour), DatabaseMaxAge: Duration(36 * time.Hour), Policy: "policy/runtime",
			Runtime: []Runtime{{Chart: "charts/app", Values: []string{"deploy/production.yaml"}}, {Kustomize: "deploy/overlay"}, {Manifests: "k8s"}, {Plan: "tfplan.json"}},
		},
		Scorecard: Scorecard{Requirements: "docs/product", Migrations: "db/migrations", Must: []string{"tests", "security", "rollback"}},
		Flags:     "config/flags",
		LLM:       LLM{Prompts: "prompts"},
		Notify:    Notify{Slack: "SLACK_WEBHOOK", Teams: "TEAMS_WEBHOOK"},
	}
	got := parseFile(t, "testdata/valid/full.yml")
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"internal", "beta", "production"}, got.Chain()); diff != "" {
		t.Errorf("chain (-want +got):\n%s", diff)
	}
	if got, want := got.ReadyOf("production").Path, "/"; got != want {
		t.Errorf("production is ready at %s, want %s", got, want)
	}
	if got, want := got.ReadyOf("beta").Path, "/healthz"; got != want {
		t.Errorf("beta is ready at %s, want the preview's %s", got, want)
	}
}

func TestChain(t *testing.T) {
	for _, test := range []struct {
		name string
		from map[string]string
		want []string
	}{
		{"none", nil, nil},
		{"one", map[string]string{"production": ""}, []string{"production"}},
		{"against the alphabet", map[string]string{"a": "b", "b": "c", "c": ""}, []string{"c", "b", "a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &Config{Environments: map[string]Environment{}}
			for name, from := range test.from {
				c.Environments[name] = Environment{From: from}
			}
			if diff := cmp.Diff(test.want, c.Chain()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30m": 30 * time.Minute, "24h": 24 * time.Hour, "7d": 7 * 24 * time.Hour, "1d12h30m": 36*time.Hour + 30*time.Minute,
		"1.5h": 90 * time.Minute, "250ms": 250 * time.Millisecond, "0s": 0, "0d": 0, "3650d": 3650 * 24 * time.Hour,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "7", "7 d", "-1h", "1h7d", "1.5d", "3651d", "3650d1ms", "99999d", "87601h", "9999999999h", "1e3s", "tomorrow", "7dd", "7d-1h"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{"500MB": 500_000_000, "2GiB": 2 << 30, "1.5 KiB": 1536, "1B": 1} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MB", "0B", "-1MB", "2000TiB", "99999999999999999999999MB"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

// A gate of its own needs neither an app nor an artifact; the path says what it
// lacks.
func TestWalkable(t *testing.T) {
	c, err := Parse([]byte("version: 1\ngate: {fail-on: low}\n"))
	if err != nil || c.Gate.FailOn != "low" {
		t.Fatalf("%+v, %v", c, err)
	}
	var p Problems
	if !errors.As(c.Walkable(), &p) || len(p) != 2 {
		t.Errorf("%v", c.Walkable())
	}
	if c, err = Parse([]byte("version: 1\napp: ab\nartifact: {pack: d, entrypoint: [/a]}\n")); err != nil || c.Walkable() != nil {
		t.Errorf("%v %v", err, c.Walkable())
	}
}

// TestNamedServers: an environment names servers, or describes them.
func TestNamedServers(t *testing.T) {
	c, err := Parse([]byte(`version: 1
app: shop
artifact: {pack: dist, entrypoint: [/server]}
servers:
  one: {host: one.example.com, host-key: "ssh-ed25519 AAAAC3Nz"}
  two: {host: two.example.com, host-key: "ssh-ed25519 AAAAC3Nz", port: 2222}
preview: {target: server, server: one, url: "https://{name}.example.com"}
environments:
  staging: {target: server, server: {host: three.example.com, host-key: "ssh-ed25519 AAAAC3Nz"}, url: "https://staging.example.com"}
  production: {target: server, from: staging, server: [one, two], url: "https://example.com"}
`))
	if err != nil {
		t.Fatal(err)
	}
	const key = "ssh-ed25519 AAAAC3Nz"
	one, two, three := Server{Host: "one.example.com", HostKey: key}, Server{Host: "two.example.com", HostKey: key, Port: 2222}, Server{Host: "three.example.com", HostKey: key}
	for name, tt := range map[string]struct{ got, want Servers }{
		"previews":   {c.Preview.Server, Servers{one}},
		"staging":    {c.Environments["staging"].Server, Servers{three}},
		"production": {c.Environments["production"].Server, Servers{one, two}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("%s: %+v, want %+v", name, tt.got, tt.want)
		}
	}
}
