package workflow

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// publishers are actions that publish what others run.
var publishers = map[string]bool{
	"pypa/gh-action-pypi-publish": true, "rubygems/release-gem": true, "jreleaser/release-action": true, "goreleaser/goreleaser-action": true,
	"softprops/action-gh-release": true, "ncipollo/release-action": true, "actions/create-release": true, "actions/upload-release-asset": true,
	"svenstaro/upload-release-action": true, "redhat-actions/push-to-registry": true, "js-devtools/npm-publish": true, "changesets/action": true,
	"cycjimmy/semantic-release-action": true, "aws-actions/amazon-ecs-deploy-task-definition": true, "aws-actions/aws-cloudformation-github-deploy": true,
	"azure/aci-deploy": true, "azure/container-apps-deploy-action": true, "azure/functions-action": true, "azure/sql-action": true, "azure/webapps-deploy": true,
	"cloudflare/wrangler-action": true, "google-github-actions/deploy-appengine": true, "google-github-actions/deploy-cloudrun": true,
	"google-github-actions/deploy-cloud-functions": true, "katyo/publish-crates": true,
}

// publishCommand matches a command that publishes to a registry or as a release.
var publishCommand = regexp.MustCompile(`(?m)^[^#\n]*?\b(?:(?:npm|pnpm|bun|lerna|changeset)\s+(?:run\s+)?publish|yarn\s+(?:npm\s+)?publish|cargo\s+publish|twine\s+upload|(?:uv|poetry|flit|hatch|pdm)\s+publish|gem\s+push|dotnet\s+nuget\s+push|nuget\s+push|gh\s+release\s+(?:create|upload)|docker\s+push|goreleaser\s+release|(?:mvn|\./mvnw)\b[^\n]*\bdeploy\b|gradlew?\s[^\n]*\bpublish|helm\s+push|semantic-release)\b`)

// publishesStep reports whether a step publishes.
func publishesStep(s *actionlint.Step) bool {
	name := actionName(s)
	if name == "docker/build-push-action" {
		push := value(input(s, "push"))
		return push != "" && push != "false"
	}
	if publishers[name] {
		return true
	}
	for _, line := range publishCommand.FindAllString(value(script(s)), -1) {
		if !printed.MatchString(line) {
			return true
		}
	}
	return false
}

// pushedTag stands for a push of a tag.
const pushedTag = "push\x00\x00"

// released returns why a job publishes, or "" if it does not: it runs on a release or a
// tag, or a step of it publishes. cache is the value that turns on the cache of a step
// s, which may be a condition.
func (w *File) released(j *actionlint.Job, s *actionlint.Step, cache string) string {
	publish := slices.ContainsFunc(j.Steps, publishesStep)
	runs := func(event string) truth {
		on := yes
		if p := placeholders(cache); len(p) == 1 {
			on = holds(p[0].node, event)
		}
		if on == no || holds(condition(j.If), event) == no || holds(condition(s.If), event) == no {
			return no
		}
		return on
	}
	for _, e := range w.On {
		hook, ok := e.(*actionlint.WebhookEvent)
		if name := e.EventName(); !ok && publish && (name == "workflow_dispatch" || name == "schedule") && runs(name) != no {
			return "on " + name
		}
		if !ok {
			continue
		}
		tags, branches := !hook.Tags.IsEmpty(), !hook.Branches.IsEmpty()
		switch name := hook.EventName(); {
		case name == "release" && runs("release") != no:
			return "on release"
		case name == "push" && tags && runs(pushedTag) != no && (publish || !branches || len(placeholders(cache)) == 1 && runs(pushedTag) == yes):
			return "on a pushed tag"
		case name == "push" && publish && (branches || !tags) && runs("push") != no && !onlyTags(j, s):
			return "on push"
		case name == "push" && publish && !tags && !branches && runs(pushedTag) != no:
			return "on a pushed tag"
		}
	}
	return ""
}

// onlyTags reports whether conditions accept nothing but tags.
func onlyTags(j *actionlint.Job, s *actionlint.Step) bool {
	text := strings.ReplaceAll(value(j.If)+value(s.If), " ", "")
	return strings.Contains(text, "startsWith(github.ref,'refs/tags/") && !strings.Contains(text, "!startsWith") && !strings.Contains(text, "||")
}

// restores reports whether a step reads a cache: all do, except one that only saves.
func restores(s *actionlint.Step) bool { return actionName(s) != "actions/cache/save" }

// handlesCode returns the event on which a job checks out code of a pull request with
// the cache of the default branch, or "".
func (w *File) handlesCode(j *actionlint.Job) string {
	for _, s := range j.Steps {
		events := slices.DeleteFunc(w.codeEvents(j, s, nil), func(e string) bool { return slices.Contains(quietEvents, e) })
		if w.kind != workflow || len(events) == 0 {
			continue
		}
		c := scope{File: w, job: j, step: s}
		if _, sev := c.checkout(); sev == high || sev == "" && c.takesInside() {
			return strings.Join(events, ", ")
		}
	}
	return ""
}
