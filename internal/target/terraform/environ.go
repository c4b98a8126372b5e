package terraform

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// Environment variables that Terraform gets in addition to those that every program
// gets: Terraform's own settings, and the credentials for clouds, a cluster and git
// modules. Credentials for any other provider must be passed as variables of the
// configuration. Tokens of the runner or the repository are never passed.
var (
	passPrefixes = []string{"TF_", "AWS_", "GOOGLE_", "CLOUDSDK_", "ARM_", "AZURE_", "KUBE", "FLY_"}
	passNames    = []string{"SSH_AUTH_SOCK", "ALL_PROXY", "all_proxy"}
	// ours are set by this package, or would change the behaviour of a command.
	ours = []string{"TF_DATA_DIR", "TF_WORKSPACE", "TF_INPUT", "TF_IN_AUTOMATION", "TF_LOG", "TF_LOG_PATH", "TF_LOG_CORE", "TF_LOG_PROVIDER", "TF_REATTACH_PROVIDERS"}
)

// environ returns the environment of every Terraform run, without secret variables. own are
// credentials that only Terraform gets; they replace those of the caller.
func environ(caller []string, own map[string]string, data string) map[string]string {
	env := map[string]string{}
	for _, kv := range tool.Scrub(caller) {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	for _, kv := range caller {
		if k, v, _ := strings.Cut(kv, "="); Passes(k) {
			env[k] = v
		}
	}
	for k, v := range own {
		if Passes(k) {
			env[k] = v
		}
	}
	maps.Copy(env, map[string]string{"TF_DATA_DIR": data, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"})
	return env
}

// Passes reports whether Terraform gets an environment variable of this name.
func Passes(name string) bool {
	passes := slices.Contains(passNames, name) || slices.ContainsFunc(passPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	return passes && !slices.Contains(ours, name) && !strings.HasPrefix(name, "TF_CLI_ARGS")
}

// forLibrary returns env without the variables that the library terraform-exec sets or
// rejects.
func forLibrary(env map[string]string) map[string]string { return tfexec.CleanEnv(maps.Clone(env)) }

// callerVariable reports whether the environment sets a variable of the configuration
// (TF_VAR_NAME).
func (s *session) callerVariable(name string) bool {
	_, ok := s.env["TF_VAR_"+name]
	return ok
}
