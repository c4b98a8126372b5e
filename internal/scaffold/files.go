package scaffold

import (
	"embed"
	"strings"
	"text/template"
)

//go:embed all:templates
var templates embed.FS

// file is one that init writes where it is missing.
type file struct {
	path string
	why  string
	also []string // other places of the same thing: where one is, it stays alone
	make func(f *Facts) (text, not string, err error)
}

// files is the table of contents of what init writes.
func files() []file {
	all := []file{
		{".goldenpath.yml", "what goldenpath knows of the app", nil, configuration},
		{".goldenpath/waivers.yml", "findings that are accepted, until a date", nil, from("waivers.yml")},
	}
	all = append(all, starters()...)
	all = append(all,
		file{".github/dependabot.yml", "updates of what is pinned, after a cooldown", []string{".github/dependabot.yaml", "renovate.json", ".github/renovate.json", ".github/renovate.json5", "renovate.json5", ".renovaterc", ".renovaterc.json"}, dependabot},
		file{".github/CODEOWNERS", "who reviews what, the policy above all", []string{"CODEOWNERS", "docs/CODEOWNERS"}, from("CODEOWNERS")},
		file{".github/pull_request_template.md", "what a change says of itself", []string{".github/pull_request_template.md", "pull_request_template.md", "docs/pull_request_template.md", ".github/PULL_REQUEST_TEMPLATE/*"}, from("pull_request_template.md")},
		file{".github/ISSUE_TEMPLATE/bug.yml", "a report that can be worked on", []string{".github/ISSUE_TEMPLATE/bug_report.yml", ".github/ISSUE_TEMPLATE/bug_report.yaml", ".github/ISSUE_TEMPLATE/bug_report.md", ".github/ISSUE_TEMPLATE/bug.md"}, from("bug.yml")},
		file{".github/ISSUE_TEMPLATE/feature.yml", "a wish with its problem and its measure", []string{".github/ISSUE_TEMPLATE/feature_request.yml", ".github/ISSUE_TEMPLATE/feature_request.yaml", ".github/ISSUE_TEMPLATE/feature_request.md", ".github/ISSUE_TEMPLATE/feature.md"}, from("feature.yml")},
		file{".pre-commit-config.yaml", "the quick checks, before a commit", []string{".pre-commit-config.yml", "lefthook.yml", ".lefthook.yml", ".husky/*"}, preCommit},
		file{".devcontainer/devcontainer.json", "the app's own build stage to work in", []string{".devcontainer.json"}, devcontainer},
		file{"docs/product/thesis.md", "why the app exists, and when it should not", nil, from("thesis.md")},
		file{"docs/requirements/README.md", "how requirements get ids that tests can name", []string{"docs/requirements/*"}, from("requirements.md")},
		file{"docs/adr/0001-record-architecture-decisions.md", "the first decision: to record them", []string{"docs/decisions/*", "docs/adr/*", "doc/adr/*"}, from("adr-first.md")},
		file{"docs/adr/template.md", "the next decision", []string{"docs/decisions/template.md", "docs/adr/adr-template.md"}, from("adr.md")},
	)
	for _, r := range runbooks {
		all = append(all, file{"docs/runbooks/" + r.name + ".md", r.why, nil, from("runbooks/" + r.name + ".md")})
	}
	all = append(all, file{"docs/postmortem.md", "what to write after an incident", nil, from("postmortem.md")})
	for _, r := range registers {
		all = append(all, file{"docs/registers/" + r.name + ".md", r.why, nil, from("registers/" + r.name + ".md")})
	}
	return append(all,
		file{"llm/prompts/README.md", "how prompts are kept, with the model that read them", nil, from("prompts.md")},
		file{"llm/cards/prompt.md", "what a prompt is for, and how it was tried", nil, from("prompt-card.md")},
		file{"llm/cards/model.md", "what a model is used for, and its limits", nil, from("model-card.md")},
		file{"flags/flags.json", "feature flags, with owner and end", []string{"flags/*"}, from("flags.json")},
	)
}

// named is a file of a folder.
type named struct{ name, why string }

// runbooks are for the ten failures that a team of one meets.
var runbooks = []named{
	{"auth-outage", "nobody can sign in"},
	{"database-saturation", "the database is full, slow or out of connections"},
	{"bad-deployment", "a release made it worse"},
	{"secret-leak", "a secret is where others can read it"},
	{"prompt-regression", "a changed prompt answers worse"},
	{"data-pipeline-break", "data is late, missing or wrong"},
	{"model-drift", "the model's answers get worse and nothing was changed"},
	{"cost-spike", "the bill grows faster than the use"},
	{"mobile-release-defect", "a released mobile app is broken and cannot be recalled"},
	{"third-party-degradation", "somebody else's API is slow or gone"},
}

// registers are what is looked at on a fixed day.
var registers = []named{
	{"risk", "what could go wrong, and what is done about it"},
	{"incident", "what went wrong"},
	{"exceptions", "rules that are not kept, until a date"},
	{"access", "who may do what"},
	{"debt", "what was put off"},
}

// from is a file made of a template.
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
