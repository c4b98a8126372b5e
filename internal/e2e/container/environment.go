//go:build e2e

package container

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// allowed are the values of the github context that an action receives as GITHUB_*.
// GitHubContext.cs. The token, the event and the values of a workflow call are not
// among them.
var allowed = []string{
	"action_path", "action_ref", "action_repository", "action", "actor", "actor_id", "api_url", "artifacts", "artifacts_list", "base_ref", "env", "event_name",
	"event_path", "graphql_url", "head_ref", "job", "output", "path", "ref_name", "ref_protected", "ref_type", "ref", "repository", "repository_id",
	"repository_owner", "repository_owner_id", "retention_days", "run_attempt", "run_id", "run_number", "server_url", "sha", "state", "step_summary",
	"triggering_actor", "workflow", "workflow_ref", "workflow_sha", "workspace",
}

// mount is a folder of the runner and its path in the container.
type mount struct{ host, container string }

// mounts are those of ContainerActionHandler.cs, in its order.
func (j *Job) mounts() []mount {
	return []mount{
		{j.Temp, "/github/runner_temp"},
		{filepath.Join(j.Temp, "_github_home"), "/github/home"},
		{filepath.Join(j.Temp, "_github_workflow"), "/github/workflow"},
		{filepath.Join(j.Temp, "_runner_file_commands"), "/github/file_commands"},
		{j.Workspace, "/github/workspace"},
	}
}

// toContainer translates a value that is a path below a mount, and returns any other
// value unchanged. Later mounts take precedence. ContainerInfo.cs,
// TranslateToContainerPath.
func toContainer(mounts []mount, value string) string {
	for _, m := range slices.Backward(mounts) {
		if rest, ok := strings.CutPrefix(value, m.host); ok && (rest == "" || rest[0] == '/') {
			return m.container + rest
		}
	}
	return value
}

// toHost is the reverse of toContainer, for the file of an annotation.
func toHost(mounts []mount, value string) string {
	for _, m := range slices.Backward(mounts) {
		if rest, ok := strings.CutPrefix(value, m.container); ok && (rest == "" || rest[0] == '/') {
			return m.host + rest
		}
	}
	return value
}

// environment returns the variables that the action receives in addition to those of
// its image. ContainerActionHandler.cs and Handler.cs, AddInputsToEnvironment.
func (j *Job) environment(in, files map[string]string, mounts []mount, without []string) map[string]string {
	env := map[string]string{}
	for k, v := range j.Env {
		env[k] = v
	}
	for name, v := range in {
		env["INPUT_"+strings.ToUpper(strings.ReplaceAll(name, " ", "_"))] = v // hyphens are kept
	}
	env["HOME"] = filepath.Join(j.Temp, "_github_home")
	github := map[string]string{"workspace": j.Workspace, "event_path": j.eventPath(), "retention_days": "90", "run_attempt": "1"}
	for k, v := range j.GitHub {
		github[k] = v
	}
	for k, v := range files {
		github[k] = v
	}
	for k, v := range github {
		if slices.Contains(allowed, k) {
			env["GITHUB_"+strings.ToUpper(k)] = v
		}
	}
	for k, v := range map[string]string{
		"os": "Linux", "arch": "X64", "name": "GitHub Actions 7", "environment": "github-hosted", "temp": j.Temp, "tool_cache": "/opt/hostedtoolcache",
		"workspace": filepath.Dir(j.Workspace),
	} {
		env["RUNNER_"+strings.ToUpper(k)] = v
	}
	env["ACTIONS_RUNTIME_URL"], env["ACTIONS_RUNTIME_TOKEN"] = "https://pipelines.example.com/", "runtime"
	env["ACTIONS_RESULTS_URL"] = "https://results.example.com/"
	for k, v := range env {
		env[k] = toContainer(mounts, v)
	}
	env["GITHUB_ACTIONS"] = "true"
	if _, set := env["CI"]; !set {
		env["CI"] = "true"
	}
	for _, k := range without {
		delete(env, k)
	}
	return env
}

func owner(path string) (uid, gid int, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, err
	}
	s := info.Sys().(*syscall.Stat_t)
	return int(s.Uid), int(s.Gid), nil
}
