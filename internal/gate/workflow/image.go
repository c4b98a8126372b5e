package workflow

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

var digestRef = regexp.MustCompile(`@sha256:(?:[0-9a-f]{64}$|\.\.\.)`) // "..." stands for a digest in examples

// unpinnedImage reports an image whose tag can be moved. The container of a job or a
// step has access to the token; a service only receives what the job sends to it.
func unpinnedImage(w *File) []report.Finding {
	var out []report.Finding
	add := func(at *actionlint.String, image, what string, sev report.Severity) {
		if image == "" || digestRef.MatchString(image) || unknownImage(image) {
			return
		}
		out = append(out, report.Finding{
			Rule: "unpinned-image", Severity: sev, At: w.at(at.Pos),
			Message: fmt.Sprintf("%s %s is not pinned to a digest, and its tag can be moved", what, short(image)),
			Fix:     fmt.Sprintf("pin the digest: %s@sha256:<digest that 'docker buildx imagetools inspect %s' prints>", short(image), short(strings.TrimPrefix(image, "docker://"))),

			Fingerprint: w.unversioned("unpinned-image", what+" "+untagged(image)),
		})
	}
	for _, uses := range w.everyUses() {
		if strings.HasPrefix(uses.Value, "docker://") {
			add(uses, uses.Value, "the image", report.High)
		}
	}
	for _, j := range w.jobs() {
		for _, c := range containers(j) {
			sev := report.Low
			if c.Container == j.Container {
				sev = report.Medium
			}
			for _, image := range matrixValues(j, c.Image) {
				if strings.Contains(image, "${{") { // env: of the workflow or the job
					image = (scope{File: w, job: j}).expand(image)
				}
				add(c.Image, image, c.what, sev)
			}
		}
	}
	return out
}

// unknownImage reports whether an expression may hold the digest of an image: it is the
// whole image, or it follows the @.
func unknownImage(image string) bool {
	i := strings.LastIndex(image, "${{")
	if i < 0 {
		return false
	}
	before := image[:i]
	return strings.Contains(before, "@") || !strings.Contains(before[strings.LastIndex(before, "/")+1:], ":")
}

// literals lists the texts that an expression chooses between, as in x && 'a' || 'b'.
func literals(n actionlint.ExprNode) []string {
	switch n := n.(type) {
	case *actionlint.StringNode:
		return []string{n.Value}
	case *actionlint.LogicalOpNode:
		if n.Kind == actionlint.LogicalOpNodeKindAnd {
			return literals(n.Right)
		}
		return append(literals(n.Left), literals(n.Right)...)
	}
	return nil
}

// untagged returns an image without its tag.
func untagged(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndex(image, ":"); i > strings.LastIndex(image, "/") {
		return image[:i]
	}
	return image
}

// expand replaces expressions that only read a variable of env:.
func (c scope) expand(s string) string {
	for _, p := range placeholders(s) {
		if name, ok := contextPath(p.node); ok && len(name) == 2 && name[0] == "env" {
			if v := c.env(name[1]); v != "" {
				s = strings.Replace(s, p.text, v, 1)
			}
		}
	}
	return s
}

// namedContainer is the container of a job or of a service.
type namedContainer struct {
	*actionlint.Container
	what string
}

func containers(j *actionlint.Job) []namedContainer {
	var out []namedContainer
	if j.Container != nil && j.Container.Image != nil {
		out = append(out, namedContainer{j.Container, "the container"})
	}
	if j.Services == nil {
		return out
	}
	for _, id := range slices.Sorted(maps.Keys(j.Services.Value)) {
		if s := j.Services.Value[id]; s != nil && s.Container != nil && s.Container.Image != nil {
			out = append(out, namedContainer{s.Container, "the service " + short(id)})
		}
	}
	return out
}

// matrixValues returns the values of ${{ matrix.x }}, the literals of a choice, or the
// value itself.
func matrixValues(j *actionlint.Job, s *actionlint.String) []string {
	p := placeholders(s.Value)
	if len(p) != 1 || p[0].text != strings.TrimSpace(s.Value) {
		return []string{s.Value}
	}
	if all := literals(p[0].node); len(all) > 0 {
		return all
	}
	if j.Strategy == nil || j.Strategy.Matrix == nil {
		return []string{s.Value}
	}
	name, ok := contextPath(p[0].node)
	if !ok || len(name) != 2 || name[0] != "matrix" {
		return []string{s.Value}
	}
	var values []actionlint.RawYAMLValue
	m := j.Strategy.Matrix
	if row := m.Rows[name[1]]; row != nil {
		values = row.Values
	}
	if m.Include != nil {
		for _, c := range m.Include.Combinations {
			if a := c.Assigns[name[1]]; a != nil {
				values = append(values, a.Value)
			}
		}
	}
	var out []string
	for _, v := range values {
		if t, ok := v.(*actionlint.RawYAMLString); ok && !slices.Contains(out, t.Value) {
			out = append(out, t.Value)
		}
	}
	return out
}

// secretInputs lists the inputs of actions that only hold a secret.
var secretInputs = map[string][]string{
	"docker/login-action":                   {"password"},
	"azure/docker-login":                    {"password"},
	"aws-actions/configure-aws-credentials": {"aws-secret-access-key", "aws-session-token"},
	"azure/login":                           {"creds"},
	"google-github-actions/auth":            {"credentials_json"},
	"appleboy/ssh-action":                   {"password", "key", "passphrase"},
	"webfactory/ssh-agent":                  {"ssh-private-key"},
	"pypa/gh-action-pypi-publish":           {"password"},
	"actions/create-github-app-token":       {"private-key"},
}

// hardcodedCredentials reports a password in plain text. The message never contains
// the password.
func hardcodedCredentials(w *File) []report.Finding {
	var out []report.Finding
	add := func(c scope, secret *actionlint.String, what string) {
		if !plain(c.expand(value(secret))) {
			return
		}
		out = append(out, report.Finding{
			Rule: "hardcoded-credentials", Severity: report.High, At: w.at(secret.Pos),
			Message: what + " is in plain text: anyone who can read the repository can read it",
			Fix:     "revoke it, store a new one in the repository's secrets, and use ${{ secrets.REGISTRY_PASSWORD }}",
		})
	}
	for _, j := range w.jobs() {
		for _, c := range containers(j) {
			if c.Credentials != nil {
				add(scope{File: w, job: j}, c.Credentials.Password, "the password of "+c.what)
			}
		}
		for _, s := range j.Steps {
			c := scope{File: w, job: j, step: s}
			for _, key := range secretInputs[actionName(s)] {
				if strings.HasPrefix(key, "aws-") && !awsKey.MatchString(c.expand(value(input(s, key)))) {
					continue // what LocalStack and tests use, or an expression
				}
				add(c, input(s, key), fmt.Sprintf("the %s of %s", key, cmp.Or(actionName(s), "the step")))
			}
		}
	}
	return out
}

// awsKey matches secret keys and session tokens of AWS, which have 40 characters or more.
var awsKey = regexp.MustCompile(`^[A-Za-z0-9/+=]{40,}$`)

var secretKey = regexp.MustCompile(`(?i)secret|password|private_?key|token`)

// plain reports whether a secret is text. An expression that reads anything except what
// everyone knows may stand in it; in JSON, each secret must be such an expression.
func plain(text string) bool {
	var fields map[string]any
	if json.Unmarshal([]byte(text), &fields) == nil {
		for key, v := range fields {
			if s, ok := v.(string); ok && s != "" && secretKey.MatchString(key) && plain(s) {
				return true
			}
		}
	}
	all := placeholders(text)
	return text != "" && !slices.ContainsFunc(all, func(p placeholder) bool {
		known := reads(p.node, false)
		return len(known) == 0 && p.text == strings.TrimSpace(text) || slices.ContainsFunc(known, func(r read) bool {
			return !slices.Contains([]string{"github", "runner", "matrix", "strategy", "job"}, r.path[0]) || strings.Join(r.path, ".") == "github.token"
		})
	})
}
