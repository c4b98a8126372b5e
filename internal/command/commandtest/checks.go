package commandtest

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const self = "seed-b235b314/goldenpath/"

var (
	usesLine   = regexp.MustCompile(`(?m)^[ -]*uses: *(.*)$`)
	ours       = regexp.MustCompile(`^(\./\.github/workflows/|\$/actions/)[a-z-]+(\.yml)?$`)
	pinned     = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+\.\d+)?$`)
	permission = regexp.MustCompile(`(?m)^ +[a-z-]+: (read|write)\b.*$`)
	reason     = regexp.MustCompile(`: (read|write) # \w`)
	called     = regexp.MustCompile(`^(?:\./|` + self + `)\.github/workflows/([a-z-]+\.yml)(?:@[0-9a-f]{40})?$`)
)

// CheckWorkflow holds one workflow to the rules that keep it safe to call and to
// copy.
func CheckWorkflow(t *testing.T, w Workflow) {
	for _, m := range usesLine.FindAllStringSubmatch(w.Text, -1) {
		if !ours.MatchString(m[1]) && !pinned.MatchString(m[1]) {
			t.Errorf("uses: %s is neither ours nor pinned to a commit with its version as a comment", m[1])
		}
	}
	for _, line := range permission.FindAllString(w.Text, -1) {
		if !reason.MatchString(line) {
			t.Errorf("%q gives no reason", strings.TrimSpace(line))
		}
	}
	if w.Permissions == nil || len(w.Permissions) > 0 {
		t.Errorf("permissions: %v at the top, want {}: jobs say what they need", w.Permissions)
	}
	if w.Concurrency.Group == "" {
		t.Error("no concurrency rule")
	}
	if slices.Contains(w.On.Names, "pull_request_target") {
		t.Error("pull_request_target meets the code of forks with a token that may write")
	}
	if slices.Contains(w.On.Names, "workflow_run") {
		checkFollower(t, w)
	}
	if w.On.Call != nil {
		checkCall(t, w)
	}
	for name, j := range w.Jobs {
		if j.Permissions == nil {
			t.Errorf("job %s has no permissions", name)
		}
		if j.Secrets == "inherit" {
			t.Errorf("job %s hands over every secret", name)
		}
		if j.Uses == "" {
			checkSteps(t, name, j)
		}
	}
}

// checkFollower: what follows a fork's run may call the one workflow of ours that
// checks nothing out, and do nothing else.
func checkFollower(t *testing.T, w Workflow) {
	for name, j := range w.Jobs {
		m := called.FindStringSubmatch(j.Uses)
		if m == nil || m[1] != "comment.yml" {
			t.Errorf("job %s follows the run of a fork with a token that may write: only comment.yml may", name)
		}
	}
	for name, j := range ReadWorkflow(t, ".github/workflows", "comment.yml").Jobs {
		for _, s := range j.Steps {
			if strings.HasPrefix(s.Uses, "actions/checkout@") {
				t.Errorf("job %s of comment.yml checks code out", name)
			}
		}
	}
}

// anyRunner is the value of runs-on in a workflow that others call.
const anyRunner = "${{ fromJSON(inputs.runner) }}"

// checkCall asserts what a reusable workflow needs in addition.
func checkCall(t *testing.T, w Workflow) {
	// The caller's group can be any; ours begins with a literal of this file, so
	// that a caller never waits for, or cancels, what it waits for.
	name := strings.TrimSuffix(filepath.Base(w.File), ".yml")
	if !strings.HasPrefix(w.Concurrency.Group, "goldenpath-"+name+"-${{ github.workflow }}-") {
		t.Errorf("concurrency group %q does not begin with the workflow's own name", w.Concurrency.Group)
	}
	switch w.Concurrency.Cancel {
	case false:
	case "${{ github.event_name == 'pull_request' }}": // a newer push replaces a result
		if scope := needs(t, w); scope["contents"] == "write" || scope["deployments"] == "write" || scope["packages"] == "write" {
			t.Error("a workflow that is called and has an effect must not be cancelled")
		}
	default:
		t.Errorf("cancel-in-progress: %v: a workflow that is called must not cancel what is under way", w.Concurrency.Cancel)
	}
	for name, j := range w.Jobs {
		if j.Uses == "" && j.RunsOn != anyRunner {
			t.Errorf("job %s runs on %q, not on the runner that the caller names", name, j.RunsOn)
		}
		if j.Uses != "" && j.With["runner"] != "${{ inputs.runner }}" {
			t.Errorf("job %s does not pass on the input runner", name)
		}
		checkRegistry(t, name, j)
	}
	if in := w.On.Call.Inputs.Values["runner"]; in.Default != `"ubuntu-24.04"` {
		t.Errorf("input runner is %v without a value, not a version of GitHub's runner", in.Default)
	}
	for name, in := range w.On.Call.Inputs.Values {
		if in.Description == "" || in.Type == "" {
			t.Errorf("input %s has no description or no type", name)
		}
	}
	for name, out := range w.On.Call.Outputs.Values {
		if out.Description == "" || out.Value == "" {
			t.Errorf("output %s has no description or no value", name)
		}
	}
}

// checkRegistry holds every step that reads or writes images to the login of its job: GP-PATH-7,
// any registry works in every job.
func checkRegistry(t *testing.T, name string, j Job) {
	const login = "${{ steps.registry.outputs.docker-config }}"
	has := false
	for _, s := range j.Steps {
		var got any
		switch s.Uses {
		case "$/actions/registry":
			has = s.ID == "registry"
			continue
		case "$/actions/push", "$/actions/attest":
			got = s.With["docker-config"]
		case "$/actions/promote", "$/actions/preview-up", "$/actions/preview-down", "$/actions/scorecard":
			got = s.Env["DOCKER_CONFIG"]
		default:
			continue
		}
		if !has || got != login {
			t.Errorf("job %s: %s does not get the login to the registry", name, s.Uses)
		}
	}
}

func checkSteps(t *testing.T, name string, j Job) {
	if j.Timeout == 0 {
		t.Errorf("job %s has no timeout-minutes", name)
	}
	if j.RunsOn != anyRunner && (!strings.HasPrefix(j.RunsOn, "ubuntu-") || j.RunsOn == "ubuntu-latest") {
		t.Errorf("job %s runs on %q: name a version", name, j.RunsOn)
	}
	for _, s := range Steps(t, j.Steps) {
		if action, ok := strings.CutPrefix(s.Uses, "$/actions/"); ok && !slices.Contains(Actions, action) && !slices.Contains(Composites, action) {
			t.Errorf("job %s uses %s, which is not one of our actions", name, s.Uses)
		}
		if strings.Contains(s.Run, "${{") {
			t.Errorf("job %s puts an expression into a script: %s", name, s.Run)
		}
		if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != false {
			t.Errorf("job %s: checkout leaves its token in the workspace", name)
		}
	}
}

// CheckCalls holds every job that calls a workflow of ours to that workflow:
// inputs, and permissions at any depth. GitHub refuses the whole run, without a
// log, when a called job asks for more than its caller grants.
func CheckCalls(t *testing.T, w Workflow) {
	for name, j := range w.Jobs {
		if j.Uses == "" {
			continue
		}
		m := called.FindStringSubmatch(j.Uses)
		if m == nil {
			t.Errorf("job %s calls %s, which is not ours", name, j.Uses)
			continue
		}
		callee := ReadWorkflow(t, ".github/workflows", m[1])
		if callee.On.Call == nil {
			t.Errorf("job %s calls %s, which cannot be called", name, callee.File)
			continue
		}
		for key, value := range j.With {
			in, ok := callee.On.Call.Inputs.Values[key]
			if !ok {
				t.Errorf("job %s: %s has no input %s", name, callee.File, key)
			}
			_, isBool := value.(bool)
			text, _ := value.(string)
			if ok && isBool != (in.Type == "boolean") && !strings.HasPrefix(text, "${{") {
				t.Errorf("job %s: input %s of %s is a %s, not %v", name, key, callee.File, in.Type, value)
			}
		}
		for key, in := range callee.On.Call.Inputs.Values {
			if _, given := j.With[key]; in.Required && !given {
				t.Errorf("job %s does not give input %s, which %s requires", name, key, callee.File)
			}
		}
		for scope, need := range needs(t, callee) {
			if level(j.Permissions[scope]) < level(need) {
				t.Errorf("job %s grants %s: %q, and %s asks for %s", name, scope, j.Permissions[scope], callee.File, need)
			}
		}
		for scope := range j.Permissions {
			if level(needs(t, callee)[scope]) < level(j.Permissions[scope]) {
				t.Errorf("job %s grants %s: %s, which nothing in %s asks for", name, scope, j.Permissions[scope], callee.File)
			}
		}
	}
}

// needs is the most that any job of a workflow asks for, skipped or not, and any
// job of what it calls.
func needs(t *testing.T, w Workflow) map[string]string {
	most := map[string]string{}
	take := func(p map[string]string) {
		for scope, l := range p {
			if level(l) > level(most[scope]) {
				most[scope] = l
			}
		}
	}
	for _, j := range w.Jobs {
		take(j.Permissions)
		if m := called.FindStringSubmatch(j.Uses); m != nil {
			take(needs(t, ReadWorkflow(t, ".github/workflows", m[1])))
		}
	}
	return most
}

func level(permission string) int {
	return max(0, slices.Index([]string{"none", "read", "write"}, permission))
}
