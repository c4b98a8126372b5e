package path

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/runner"
)

// kept is the ledger of a cluster.
type kept map[string][]byte

func (kept) String() string { return "a cluster" }
func (k kept) Load(context.Context) (map[string][]byte, string, error) {
	return maps.Clone(k), "1", nil
}
func (k kept) Save(_ context.Context, f map[string][]byte, _ string) error {
	maps.Copy(k, f)
	return nil
}

// TestOwnRecords (GP-PATH-10): each app of a repository has a preview of its own for one pull
// request, a pull request that renames its app keeps its records, and the controller finds
// the records of its app without a checkout.
func TestOwnRecords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	repo := git.Own(dir)
	run := func(args ...string) string {
		t.Helper()
		out, err := repo.Run(t.Context(), append([]string{"-c", "user.name=ann", "-c", "user.email=ann@example.com"}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	run("init", "--quiet", "--initial-branch=main")
	if err := os.MkdirAll(filepath.Join(dir, "apps/web"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "apps/web", config.File), []byte("version: 1\napp: web\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run("add", "--all")
	run("commit", "--quiet", "--message", "web")
	event := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, []byte(`{"number": 7, "pull_request": {"number": 7, "base": {"sha": "`+run("rev-parse", "HEAD")+`"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	getenv := func(pull bool) func(string) string {
		return func(key string) string {
			if !pull {
				return ""
			}
			return map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": event}[key]
		}
	}
	store := kept{}
	record := func(repo git.Repository, folder, app string, pull bool) {
		t.Helper()
		w := &world{env: &command.Env{Getenv: getenv(pull), Runner: runner.New(getenv(pull), os.Stderr)}, git: repo, folder: folder, config: &config.Config{App: app}}
		l, err := w.ownRecords(t.Context(), &ledger.Ledger{Store: store, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Update(t.Context(), "preview", func(_ context.Context, tx *ledger.Tx) error {
			tx.Write("previews/"+app+".json", []byte(app))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := l.View(t.Context(), func(ctx context.Context, tx *ledger.Tx) error {
			all, err := tx.ReadBelow(ctx, "previews")
			if len(all) != 1 || string(all["previews/"+app+".json"]) != app {
				t.Errorf("the records of %s are %q", app, all)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	record(repo, "", "shop", false)
	record(repo, "apps/api", "api", false)
	record(repo, "apps/web", "renamed", true)
	record(git.Repository{}, "", "api", false)  // the controller of an app in a folder
	record(git.Repository{}, "", "shop", false) // that of the app at the top
	want := []string{"apps/api/previews/api.json", "apps/web/previews/renamed.json", "previews/shop.json"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(store))); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}
