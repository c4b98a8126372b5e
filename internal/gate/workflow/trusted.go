package workflow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// trustedInputs are inputs of actions that hold a stored token for a registry which
// accepts the identity of a workflow instead. where is the input with the address of the
// registry, and known is a part of the addresses that accept it.
var trustedInputs = map[string]struct {
	token string
	where []string
	known []string
}{
	"pypa/gh-action-pypi-publish":             {"password", []string{"repository-url", "repository_url"}, []string{"pypi.org"}},
	"rubygems/configure-rubygems-credentials": {"api-token", []string{"gem-server"}, []string{"rubygems.org"}},
	"js-devtools/npm-publish":                 {"token", []string{"registry"}, []string{"registry.npmjs.org"}},
	"katyo/publish-crates":                    {"registry-token", nil, nil},
}

var (
	trustedCommand = regexp.MustCompile(`(?:^|[;&|(]\s*|\s)(?:cargo\s+(?:\S+\s+)*?publish|(?:uv|hatch|pdm|poetry)\s+(?:-\S+\s+)*publish|(?:uvx|uv\s+run|pipx\s+run|python\S*\s+-m)\s+(?:\S+\s+)*?twine\S*\s+(?:\S+\s+)*?upload|twine\s+(?:\S+\s+)*?upload|(?:bundle\s+exec\s+)?gem\s+push|(?:npm|pnpm|bun)\s+(?:-\S+\s+)*publish|bunx\s+(?:\S+\s+)*?npm\S*\s+publish|yarn\s+(?:npm\s+)?publish|(?:dotnet\s+)?nuget(?:\.exe)?\s+push)(?:\s|$)`)
	elsewhereFlags = regexp.MustCompile(`--dry-run\b|(?:^|\s)-n(?:\s|$)|--registry\b|--repository(?:-url)?\b|(?:^|\s)-r\s|--index(?:-url)?\b|--publish-url\b|--host\b|--source\b|(?:^|\s)-(?:s|Source)\s|--help\b`)
)

// useTrustedPublishing reports a stored token for a registry that accepts the identity
// of the workflow instead: PyPI, npm, crates.io, RubyGems and NuGet. A stored token can
// be stolen, and is valid until somebody revokes it.
func useTrustedPublishing(w *File) []report.Finding {
	var out []report.Finding
	add := func(at report.Location, what string) {
		out = append(out, report.Finding{
			Rule: "use-trusted-publishing", Severity: report.Low, At: at,
			Message: what + " with a stored token, which can be stolen: the registry accepts the identity of the workflow instead",
			Fix:     "set up trusted publishing at the registry, give the job id-token: write, and delete the token",
		})
	}
	w.steps(func(j *actionlint.Job, s *actionlint.Step) {
		name := actionName(s)
		if t, ok := trustedInputs[name]; ok && value(input(s, t.token)) != "" && w.reaches(s, t.where, t.known) {
			add(w.at(input(s, t.token).Pos), name+" publishes")
		}
		if in := input(s, "setup-trusted-publisher"); in != nil && name == "rubygems/release-gem" && in.Value == "false" {
			add(w.at(in.Pos), name+" publishes")
		}
		if name == "actions/setup-node" && value(input(s, "always-auth")) == "true" && strings.Contains(value(input(s, "registry-url")), "registry.npmjs.org") {
			add(w.at(input(s, "always-auth").Pos), "a later npm publish")
		}
		run := script(s)
		if run == nil || w.kind == action || w.grants(j, "id-token") || w.otherRegistry(j, s) {
			return
		}
		offset := 0
		for line := range strings.Lines(strings.ReplaceAll(run.Value, "\\\n", "  ")) {
			start := offset
			offset += len(line)
			if trustedCommand.MatchString(line) && !elsewhereFlags.MatchString(line) && !printed.MatchString(line) {
				add(w.within(run, start), "this command publishes")
			}
		}
	})
	return out
}

// reaches reports whether a step publishes to one of the known registries, which is
// what it does without an address.
func (w *File) reaches(s *actionlint.Step, where, known []string) bool {
	for _, key := range where {
		if to := value(input(s, key)); to != "" {
			return slices.ContainsFunc(known, func(k string) bool { return strings.Contains(to, k) })
		}
	}
	return true
}

// otherRegistry reports whether a job sets the address of a registry that is not the
// public one, by actions/setup-node or a variable.
func (w *File) otherRegistry(j *actionlint.Job, s *actionlint.Step) bool {
	public := func(to string) bool {
		return to == "" || strings.Contains(to, "registry.npmjs.org") || strings.Contains(to, "pypi.org")
	}
	c := scope{File: w, job: j, step: s}
	for _, name := range []string{"NPM_CONFIG_REGISTRY", "TWINE_REPOSITORY_URL", "TWINE_REPOSITORY", "UV_PUBLISH_URL", "HATCH_INDEX_REPO", "YARN_NPM_PUBLISH_REGISTRY", "PDM_PUBLISH_REPO"} {
		if !public(c.env(name)) {
			return true
		}
	}
	return slices.ContainsFunc(j.Steps, func(s *actionlint.Step) bool { return !public(value(input(s, "registry-url"))) })
}

// plainPipe matches a script from the network that is run as it arrives, without TLS.
var plainPipe = regexp.MustCompile(`\b(?:curl|wget|iwr|Invoke-WebRequest)\b[^|;&\n]*\bhttp://([^\s"'/:]+)[^|;&\n]*\|\s*(?:sudo\s+(?:-\S+\s+)*)?(?:ba|z|da)?sh\b`)

// insecureURLScheme reports code that is fetched without TLS and run.
func insecureURLScheme(w *File) []report.Finding {
	out := insecureHooks(w)
	w.steps(func(_ *actionlint.Job, s *actionlint.Step) {
		run := script(s)
		if run == nil {
			return
		}
		for _, m := range plainPipe.FindAllStringSubmatchIndex(run.Value, -1) {
			host := run.Value[m[2]:m[3]]
			start := strings.LastIndex(run.Value[:m[0]], "\n") + 1
			if host == "localhost" || strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "$") || commentLine.MatchString(run.Value[start:]) {
				continue
			}
			out = append(out, report.Finding{
				Rule: "insecure-url-scheme", Severity: report.Medium, At: w.within(run, m[0]),
				Message: fmt.Sprintf("a script from http://%s is run: anyone on the way can replace it", short(host)),
				Fix:     "use https://, and compare the checksum of the file before running it",
			})
		}
	})
	return out
}
