package workflow

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
	"golang.org/x/mod/semver"
)

// setup is an action that uses a cache unless an input turns it off.
type setup struct {
	input       string // "": it always uses a cache
	disables    bool   // the input turns the cache off
	onByDefault bool   // it uses a cache if the input is missing, from version since and below until
	since       string
	until       string
	with        string // it uses a cache only if this input is set as well
}

var setups = map[string]setup{
	"actions/setup-go":                          {input: "cache", onByDefault: true, since: "4"},
	"actions/setup-node":                        {input: "cache"},
	"actions/setup-node automatic":              {input: "package-manager-cache", onByDefault: true, since: "5"}, // if package.json names npm
	"actions/setup-python":                      {input: "cache"},
	"actions/setup-java":                        {input: "cache"},
	"actions/setup-dotnet":                      {input: "cache"},
	"ruby/setup-ruby":                           {input: "bundler-cache"},
	"pnpm/action-setup":                         {input: "cache"},
	"astral-sh/setup-uv":                        {input: "enable-cache", onByDefault: true, since: "5", until: "10"},
	"gradle/actions/setup-gradle":               {input: "cache-disabled", disables: true, onByDefault: true},
	"gradle/gradle-build-action":                {input: "cache-disabled", disables: true, onByDefault: true},
	"jdx/mise-action":                           {input: "cache", onByDefault: true},
	"swatinem/rust-cache":                       {},
	"actions-rust-lang/setup-rust-toolchain":    {input: "cache", onByDefault: true},
	"actions/cache":                             {},
	"actions/cache/restore":                     {},
	"actions/cache/save":                        {},
	"golangci/golangci-lint-action":             {input: "skip-cache", disables: true, onByDefault: true},
	"mozilla-actions/sccache-action":            {},
	"pyo3/maturin-action":                       {input: "sccache"},
	"mlugg/setup-zig":                           {input: "use-cache", onByDefault: true},
	"oven-sh/setup-bun":                         {input: "no-cache", disables: true, onByDefault: true},
	"determinatesystems/magic-nix-cache-action": {input: "use-gha-cache", onByDefault: true},
	"nix-community/cache-nix-action":            {},
	"graalvm/setup-graalvm":                     {input: "cache"},
	"ramsey/composer-install":                   {input: "ignore-cache", disables: true, onByDefault: true},
	"awalsh128/cache-apt-pkgs-action":           {},
	"docker/setup-buildx-action":                {input: "cache-binary", onByDefault: true, with: "version"},
}

// cache returns how to turn off the cache of a step, and the value of the input that
// turns it on, if it is set. off is "" if the step has no cache.
func (w *File) cache(s *actionlint.Step) (off, toggle string) {
	name := actionName(s)
	if name == "docker/build-push-action" || name == "docker/bake-action" {
		for _, key := range []string{"cache-from", "cache-to"} {
			if strings.Contains(value(input(s, key)), "type=gha") {
				return "remove cache-from and cache-to with type=gha", ""
			}
		}
		return "", ""
	}
	if name == "actions/setup-node" && value(input(s, "cache")) == "" {
		name = "actions/setup-node automatic"
	}
	setup, ok := setups[name]
	if !ok {
		return "", ""
	}
	if setup.input == "" {
		if value(input(s, "lookup-only")) == "true" {
			return "", ""
		}
		return "remove the step " + name, ""
	}
	if setup.with != "" && value(input(s, setup.with)) == "" {
		return "", ""
	}
	in := strings.ToLower(value(input(s, setup.input)))
	if in == "auto" {
		in = ""
	}
	off, values := "false", []string{"false", "no", "0"}
	if setup.disables {
		off, values = "true", []string{"true", "yes", "1"}
	}
	version := w.version(s.Exec.(*actionlint.ExecAction).Uses)
	switch {
	case name == "actions/setup-node automatic" && in == "" && !atLeast(version, setup.since):
		return "", "" // an unknown version is likelier to be an older one
	case in == "" && !setup.onByDefault, slices.Contains(values, in):
		return "", ""
	case in == "" && (setup.since != "" && older(version, setup.since) || setup.until != "" && atLeast(version, setup.until)):
		return "", ""
	}
	if setup.disables {
		in = "" // a condition that turns the cache off
	}
	return "set " + setup.input + ": " + off, in
}

// older reports whether a version is known and lower than another.
func older(version, than string) bool {
	v := "v" + version
	return semver.IsValid(v) && semver.Compare(v, "v"+than) < 0
}
