package workflow

import (
	"fmt"
	"strings"

	"github.com/rhysd/actionlint"
	"golang.org/x/mod/semver"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// cachePoisoning reports a job that may publish or obtain an identity token, and that
// restores or saves a cache on an event that outsiders can trigger. Files that
// outsiders' code stores in the cache are run with the permissions of the job.
func cachePoisoning(w *File) []report.Finding {
	var out []report.Finding
	for _, j := range w.jobs() {
		right := w.publishes(j)
		if mode := w.cacheMode(j); right == "" || mode == "none" || mode == "read" {
			continue
		}
		for _, s := range j.Steps {
			events := w.outsiders(j, s)
			off := w.cache(s)
			if off == "" || len(events) == 0 {
				continue
			}
			sev := report.Medium
			if len(w.privileged(j, s)) > 0 {
				sev = report.High
			}
			a := s.Exec.(*actionlint.ExecAction)
			out = append(out, report.Finding{
				Rule: "cache-poisoning", Severity: sev, At: w.at(a.Uses.Pos),
				Message: fmt.Sprintf("%s uses a cache in job %s, which has %s and runs on %s: code of outsiders can put files into the cache that then run with this permission",
					short(a.Uses.Value), value(j.ID), right, strings.Join(events, ", ")),
				Fix: fmt.Sprintf("set cache-mode: none in job %s, or %s, or publish in a separate job that outsiders cannot trigger", value(j.ID), off),
			})
		}
	}
	return out
}

func (w *File) cacheMode(j *actionlint.Job) string {
	if mode := w.cacheModes[strings.ToLower(value(j.ID))]; mode != "" {
		return mode
	}
	return w.cacheModes[""]
}

// publishes returns the permission with which a job can publish what others run, or ""
// if it has none.
func (w *File) publishes(j *actionlint.Job) string {
	switch {
	case w.grants(j, "id-token"):
		return "id-token: write"
	case w.grants(j, "packages"):
		return "packages: write"
	case w.grants(j, "contents") && releases(j):
		return "contents: write and a release"
	}
	return ""
}

func (w *File) grants(j *actionlint.Job, scope string) bool {
	p := j.Permissions
	if p == nil {
		p = w.Permissions
	}
	if p == nil {
		return false
	}
	if value(p.All) == "write-all" {
		return true
	}
	s := p.Scopes[scope]
	return s != nil && value(s.Value) == "write"
}

func releases(j *actionlint.Job) bool {
	for _, s := range j.Steps {
		switch name := actionName(s); {
		case name == "goreleaser/goreleaser-action", strings.HasSuffix(name, "/action-gh-release"), name == "ncipollo/release-action", name == "actions/create-release":
			return true
		}
		if run := script(s); run != nil && (strings.Contains(run.Value, "gh release create") || strings.Contains(run.Value, "gh release upload")) {
			return true
		}
	}
	return false
}

// setups are actions that use a cache unless an input turns it off. With onByDefault
// they also use a cache if the input is missing, from version since on.
var setups = map[string]struct {
	input       string
	onByDefault bool
	since       string
}{
	"actions/setup-go":                       {"cache", true, "4"},
	"actions/setup-node":                     {"cache", false, ""},
	"actions/setup-python":                   {"cache", false, ""},
	"actions/setup-java":                     {"cache", false, ""},
	"actions/setup-dotnet":                   {"cache", false, ""},
	"ruby/setup-ruby":                        {"bundler-cache", false, ""},
	"pnpm/action-setup":                      {"cache", false, ""},
	"astral-sh/setup-uv":                     {"enable-cache", true, "5"},
	"gradle/actions/setup-gradle":            {"cache-disabled", true, ""},
	"jdx/mise-action":                        {"cache", true, ""},
	"swatinem/rust-cache":                    {"", true, ""},
	"actions-rust-lang/setup-rust-toolchain": {"cache", true, ""},
	"actions/cache":                          {"", true, ""},
	"actions/cache/restore":                  {"", true, ""},
	"actions/cache/save":                     {"", true, ""},
	"golangci/golangci-lint-action":          {"skip-cache", true, ""},
	"mozilla-actions/sccache-action":         {"", true, ""},
}

// cache returns how to turn off the cache of a step. It returns "" if the step has no
// cache.
func (w *File) cache(s *actionlint.Step) string {
	name := actionName(s)
	if name == "docker/build-push-action" || name == "docker/bake-action" {
		for _, key := range []string{"cache-from", "cache-to"} {
			if strings.Contains(value(input(s, key)), "type=gha") {
				return "remove cache-from and cache-to with type=gha"
			}
		}
		return ""
	}
	setup, ok := setups[name]
	if !ok {
		return ""
	}
	if setup.input == "" {
		if value(input(s, "lookup-only")) == "true" {
			return ""
		}
		return "remove the step " + name
	}
	in := value(input(s, setup.input))
	off, disables := "false", strings.Contains(setup.input, "disabled") || strings.HasPrefix(setup.input, "skip-")
	if disables {
		off = "true"
	}
	switch {
	case in == "" && !setup.onByDefault, in == off:
		return ""
	case in == "" && setup.since != "" && older(w.version(s.Exec.(*actionlint.ExecAction).Uses), setup.since):
		return ""
	}
	return "set " + setup.input + ": " + off
}

// older reports whether a version is known and lower than another.
func older(version, than string) bool {
	v := "v" + version
	return semver.IsValid(v) && semver.Compare(v, "v"+than) < 0
}
