package terraform

import (
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// What Terraform gets beyond what every program gets: its own settings, and how
// the clouds, a cluster and modules in git are reached. Any other credential of a
// provider goes in as a variable of the configuration. A token of the runner or of
// the repository never does.
var (
	passPrefixes = []string{"TF_", "AWS_", "GOOGLE_", "CLOUDSDK_", "ARM_", "AZURE_", "KUBE", "FLY_"}
	passNames    = []string{"SSH_AUTH_SOCK", "ALL_PROXY", "all_proxy"}
	// ours are set here, or would change what a command does.
	ours = []string{"TF_DATA_DIR", "TF_WORKSPACE", "TF_INPUT", "TF_IN_AUTOMATION", "TF_LOG", "TF_LOG_PATH", "TF_LOG_CORE", "TF_LOG_PROVIDER", "TF_REATTACH_PROVIDERS"}
)

// environ is the environment of every Terraform run, values of secrets aside.
func environ(caller []string, data string) map[string]string {
	env := map[string]string{}
	for _, kv := range tool.Scrub(caller) {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	for _, kv := range caller {
		k, v, _ := strings.Cut(kv, "=")
		passes := slices.Contains(passNames, k) || slices.ContainsFunc(passPrefixes, func(p string) bool { return strings.HasPrefix(k, p) })
		if passes && !slices.Contains(ours, k) && !strings.HasPrefix(k, "TF_CLI_ARGS") {
			env[k] = v
		}
	}
	maps.Copy(env, map[string]string{"TF_DATA_DIR": data, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"})
	return env
}

// forLibrary is env without what terraform-exec sets, or refuses to be given.
func forLibrary(env map[string]string) map[string]string { return tfexec.CleanEnv(maps.Clone(env)) }

// callerVariable reports whether the caller's environment sets a variable.
func callerVariable(name string) bool {
	_, ok := os.LookupEnv("TF_VAR_" + name)
	return ok
}
