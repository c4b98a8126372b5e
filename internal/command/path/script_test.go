package path

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

var update = flag.Bool("update", false, "rewrite what the scripts and tables expect")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"goldenpath": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			code := Main(ctx, command.System())
			stop()
			os.Exit(code)
		},
	})
}

// TestScripts tries whole commands as a person would: the real binary's code,
// real git, a real registry, real processes and the real gate.
func TestScripts(t *testing.T) {
	gate, hello := buildGate(t), build(t, "hello", "../../../testdata/repos/hello")
	app, err := filepath.Abs("../../../testdata/repos/hello")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			for k, v := range map[string]string{
				"APP": app, "GATE": gate, "HELLO": hello, "HOME": e.WorkDir, "USER": "ann",
				"GIT_AUTHOR_NAME": "ann", "GIT_AUTHOR_EMAIL": "ann@example.com", "GIT_COMMITTER_NAME": "ann", "GIT_COMMITTER_EMAIL": "ann@example.com",
				"GOCACHE": goenv(t, "GOCACHE"), "GOMODCACHE": goenv(t, "GOMODCACHE"), "GOFLAGS": "", "GOEXPERIMENT": "", "GOTOOLCHAIN": "local",
			} {
				e.Setenv(k, v)
			}
			if err := newHub(e); err != nil {
				return err
			}
			return os.CopyFS(filepath.Join(e.WorkDir, "app"), os.DirFS(app))
		},
		Condition: func(name string) (bool, error) {
			// A script cannot take a credential out of its parents' environments.
			if name == "credentials" {
				return len(tool.Exposed(nil, "")) > 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// leftover fails when a process works below a folder.
			"leftover": leftover,
			// occupy listens on a port until the script ends.
			"occupy": occupy,
			// registry starts a registry that speaks over the network.
			"registry": serveRegistry,
			// gitserver serves repositories to who has a token.
			"gitserver": gitServer,
			// pack makes the artifact of HEAD and keeps its digest.
			"pack": pack,
			// github plays what happens on GitHub; event makes a run of it.
			"github": hubCommand,
			"event":  event,
			// cluster starts a Kubernetes API server that keeps what it is asked.
			"cluster": clusterServer,
			// hook takes the messages of a webhook.
			"hook": hook,
			// bothways compares goldenpath run with the single commands.
			"bothways": bothWays,
		},
	})
}

// buildGate returns the gate that `make` builds, or builds it.
func buildGate(t *testing.T) string {
	t.Helper()
	built, err := filepath.Abs("../../../bin/security-gate")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(built); err == nil {
		return built
	}
	return build(t, "security-gate", "../../../cmd/security-gate")
}

func build(t *testing.T, name, dir string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", binary, ".")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, out)
	}
	return binary
}

func goenv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out[:len(out)-1])
}
