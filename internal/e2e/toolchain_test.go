//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestToolchain runs the steps of actions/toolchain: each lock file that init knows gets its
// package manager, and yarn's cache waits for the version that package.json names.
func TestToolchain(t *testing.T) {
	b, err := os.ReadFile("../../actions/toolchain/action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action struct {
		Runs struct {
			Steps []struct{ ID, If, Run string }
		}
	}
	if err := yaml.Unmarshal(b, &action); err != nil {
		t.Fatal(err)
	}
	find, install := action.Runs.Steps[0].Run, ""
	for _, s := range action.Runs.Steps {
		if strings.Contains(s.If, "outputs.tools") {
			install = s.Run
		}
	}
	sh := func(script, dir string, env ...string) {
		t.Helper()
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for name, tc := range map[string]struct{ files, want string }{
		"npm":                 {"package.json package-lock.json", "node-cache=npm"},
		"yarn 1":              {"package.json yarn.lock", "node-cache=yarn"},
		"yarn by corepack":    {"package.json! yarn.lock", "node-cache= corepack=true tools="},
		"pnpm":                {"package.json pnpm-lock.yaml", "corepack= tools= pnpm"},
		"pnpm by corepack":    {"package.json! pnpm-lock.yaml", "corepack=true tools="},
		"uv":                  {"pyproject.toml uv.lock", "python-cache=pip tools= uv"},
		"poetry":              {"pyproject.toml poetry.lock", "tools= poetry"},
		"bun":                 {"package.json bun.lock", "node-cache= tools= bun"},
		"bun, binary":         {"package.json bun.lockb", "tools= bun"},
		"deno":                {"deno.json", "tools= deno"},
		"go beside a uv tool": {"go.mod uv.lock", "go=go.mod tools= uv"},
	} {
		dir := t.TempDir()
		for f := range strings.FieldsSeq(tc.files) {
			content := "{}"
			if strings.HasSuffix(f, "!") {
				content = `{"packageManager": "yarn@4.9.1"}`
			}
			if err := os.WriteFile(filepath.Join(dir, strings.TrimSuffix(f, "!")), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		output := filepath.Join(t.TempDir(), "output")
		sh(find, dir, "GITHUB_OUTPUT="+output)
		got, err := os.ReadFile(output)
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(strings.Split(string(got), "\n"), " ") + " "; !contains(all, tc.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
	prefix := t.TempDir()
	sh(install, prefix, "TOOLS= pnpm", "npm_config_prefix="+prefix, "PATH="+prefix+"/bin:/usr/bin:/bin:"+filepath.Dir(mustFind(t, "npm")))
	if out, err := exec.Command(filepath.Join(prefix, "bin", "pnpm"), "--version").CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "10.") {
		t.Errorf("pnpm: %s, %v", out, err)
	}
}

// contains reports whether each name=value of want is in a list of outputs.
func contains(all, want string) bool {
	for _, w := range strings.Split(want, " ") {
		if !strings.Contains(" "+all, " "+w+" ") {
			return false
		}
	}
	return true
}

func mustFind(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
