package scaffold

import (
	"embed"
	"strings"
	"text/template"
)

//go:embed all:templates
var templates embed.FS

// file is a file that init writes if it is missing.
type file struct {
	path  string
	why   string
	group string   // of --with; "" is always written
	also  []string // other paths of the same kind of file; if one exists, this file is not written
	make  func(f *Facts) (text, not string, err error)
}

// files is the table of contents of what init writes.
func files() []file {
	all := []file{{".goldenpath.yml", "goldenpath's configuration", "", nil, configuration}}
	all = append(all, starters()...)
	all = append(all,
		file{".goldenpath/waivers.yml", "findings that are accepted until a date", "waivers", nil, from("waivers.yml")},
		file{".github/dependabot.yml", "updates of pinned versions, after a cooldown", "github", []string{".github/dependabot.yaml", "renovate.json", ".github/renovate.json", ".github/renovate.json5", "renovate.json5", ".renovaterc", ".renovaterc.json"}, dependabot},
		file{".github/CODEOWNERS", "who reviews what, above all the policy", "github", []string{"CODEOWNERS", "docs/CODEOWNERS"}, from("CODEOWNERS")},
		file{".github/pull_request_template.md", "the questions that each change answers", "github", []string{".github/pull_request_template.md", "pull_request_template.md", "docs/pull_request_template.md", ".github/PULL_REQUEST_TEMPLATE/*"}, from("pull_request_template.md")},
		file{".github/ISSUE_TEMPLATE/bug.yml", "a form for bug reports", "github", []string{".github/ISSUE_TEMPLATE/bug_report.yml", ".github/ISSUE_TEMPLATE/bug_report.yaml", ".github/ISSUE_TEMPLATE/bug_report.md", ".github/ISSUE_TEMPLATE/bug.md"}, from("bug.yml")},
		file{".github/ISSUE_TEMPLATE/feature.yml", "a form for feature requests, with problem and measure", "github", []string{".github/ISSUE_TEMPLATE/feature_request.yml", ".github/ISSUE_TEMPLATE/feature_request.yaml", ".github/ISSUE_TEMPLATE/feature_request.md", ".github/ISSUE_TEMPLATE/feature.md"}, from("feature.yml")},
		file{".pre-commit-config.yaml", "quick checks before a commit", "hooks", []string{".pre-commit-config.yml", "lefthook.yml", ".lefthook.yml", ".husky/*"}, preCommit},
		file{".devcontainer/devcontainer.json", "a development container from the app's build stage", "devcontainer", []string{".devcontainer.json"}, devcontainer},
		file{"docs/product/thesis.md", "why the app exists, and when it should not", "product", nil, from("thesis.md")},
		file{"docs/requirements/README.md", "how requirements get ids that tests can name", "product", []string{"docs/requirements/*"}, from("requirements.md")},
		file{"docs/adr/0001-record-architecture-decisions.md", "the first decision: to record them", "product", []string{"docs/decisions/*", "docs/adr/*", "doc/adr/*"}, from("adr-first.md")},
		file{"docs/adr/template.md", "a template for decisions", "product", []string{"docs/decisions/template.md", "docs/adr/adr-template.md"}, from("adr.md")},
	)
	for _, r := range runbooks {
		all = append(all, file{"docs/runbooks/" + r.name + ".md", r.why, "runbooks", nil, from("runbooks/" + r.name + ".md")})
	}
	all = append(all, file{"docs/postmortem.md", "what to write after an incident", "runbooks", nil, from("postmortem.md")})
	for _, r := range registers {
		all = append(all, file{"docs/registers/" + r.name + ".md", r.why, "registers", nil, from("registers/" + r.name + ".md")})
	}
	return append(all,
		file{"llm/prompts/README.md", "how prompts are stored, with the model that received them", "ai", nil, from("prompts.md")},
		file{"llm/cards/prompt.md", "what a prompt is for, and how it was tested", "ai", nil, from("prompt-card.md")},
		file{"llm/cards/model.md", "what a model is used for, and its limits", "ai", nil, from("model-card.md")},
		file{"flags/flags.json", "feature flags with owner and expiry", "flags", []string{"flags/*"}, from("flags.json")},
	)
}

// entry is a file in a folder and what it is for.
type entry struct{ name, why string }

// runbooks cover ten common failures.
var runbooks = []entry{
	{"auth-outage", "users cannot sign in"},
	{"database-saturation", "the database is full, slow or out of connections"},
	{"bad-deployment", "a release caused a problem"},
	{"secret-leak", "a secret was exposed"},
	{"prompt-regression", "a changed prompt gives worse answers"},
	{"data-pipeline-break", "data is late, missing or wrong"},
	{"model-drift", "the model's answers get worse although nothing was changed"},
	{"cost-spike", "costs grow faster than usage"},
	{"mobile-release-defect", "a released mobile app is broken and cannot be recalled"},
	{"third-party-degradation", "a third-party API is slow or down"},
}

// registers are lists that a team reviews regularly.
var registers = []entry{
	{"risk", "what could go wrong, and what is done about it"},
	{"incident", "what went wrong"},
	{"exceptions", "exceptions to rules, until a date"},
	{"access", "who may do what"},
	{"debt", "work that was postponed"},
}

// from renders a template.
func from(name string) func(*Facts) (string, string, error) {
	return func(f *Facts) (string, string, error) {
		b, err := templates.ReadFile("templates/" + name)
		if err != nil {
			return "", "", err
		}
		t, err := template.New(name).Option("missingkey=error").Parse(string(b))
		if err != nil {
			return "", "", err
		}
		var out strings.Builder
		err = t.Execute(&out, f)
		return out.String(), "", err
	}
}
