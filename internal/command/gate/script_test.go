package gate

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/gate/osv"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"security-gate": func() { os.Exit(Main(context.Background(), command.System())) },
	})
}

// TestScripts tries whole commands as a person would, over real git and the real
// scanners.
func TestScripts(t *testing.T) {
	databases := t.TempDir()
	if _, err := osv.ImportGo(t.Context(), "testdata/advisories", databases); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			for k, v := range map[string]string{
				"HOME": e.WorkDir, "GIT_CONFIG_GLOBAL": os.DevNull, "GIT_AUTHOR_NAME": "ann", "GIT_AUTHOR_EMAIL": "ann@example.com",
				"GIT_COMMITTER_NAME": "ann", "GIT_COMMITTER_EMAIL": "ann@example.com", "GOLDENPATH_DATABASES": filepath.Join(e.WorkDir, "databases"),
				"TOKEN": token, // in no file of this repository: our own gate would find it
			} {
				e.Setenv(k, v)
			}
			return os.CopyFS(filepath.Join(e.WorkDir, "databases"), os.DirFS(databases))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// expand writes a file in which ${NAME} is replaced.
			"expand": func(ts *testscript.TestScript, _ bool, args []string) {
				for _, name := range args {
					text := os.Expand(ts.ReadFile(name), ts.Getenv)
					ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o644))
				}
			},
			"commit": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(ts.Exec("git", "add", "-A"))
				ts.Check(ts.Exec("git", "commit", "-q", "--allow-empty", "-m", args[0]))
			},
		},
	})
}

// token is what gitleaks takes for a token of GitHub's.
const token = "ghp_" + "q7Kd93hZx81LmPw02TvRc65BnYs48GjXe31A"
