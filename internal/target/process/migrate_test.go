package process

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// TestMigrate proves GP-PREV-15 and NEWCOMER 5: a migration runs in the artifact with the
// variables of the application, before anything of the new version starts.
func TestMigrate(t *testing.T) {
	b := newBench(t)
	d := b.deployment("", commit1)
	d.Secrets = map[string]target.Secret{"API_KEY": {Value: "of the secret"}}
	d.Migrate = target.Migration{Shell: `test -x /proc/self/cwd/app; test ! -e "$GOLDENPATH_DATA/started"; test -z "${GITHUB_TOKEN-}"; printf '%s' "$API_KEY $DATABASE_URL" > "$GOLDENPATH_DATA/migrated"`}
	b.mustDeploy(d)
	got, err := os.ReadFile(filepath.Join(b.dir(), "data", "migrated"))
	if want := "of the secret " + d.Env["DATABASE_URL"]; err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if s := b.self(b.gen().url()); s.env("API_KEY") != "of the secret" {
		t.Errorf("the application has %q", s.env("API_KEY"))
	}

	d = b.deployment("", commit2)
	d.Migrate = target.Migration{Argv: []string{"sleep", "1000"}, Timeout: time.Second}
	before := b.gen()
	_, err = b.Deploy(b.ctx, d)
	var failure *target.Failure
	if !errors.As(err, &failure) || !failure.Migration || !strings.Contains(failure.Kept, "generation 1 (commit 1111111) still serves at "+before.url()) {
		t.Errorf("%v", err)
	}
	if r := b.status(); r.Commit != commit1 || !r.Alive || r.Restarts != 0 {
		t.Errorf("%+v", r)
	}
}

// TestMigrateFails: the failure has the end of the output, without secrets, and explains a
// variable that is not set. The version before is not touched, nor is the fixed port.
func TestMigrateFails(t *testing.T) {
	b := newBench(t)
	d := b.deployment("", commit1)
	d.Port = mustFree(t)
	b.mustDeploy(d)
	pid := b.self(b.gen().url()).Pid
	for migration, want := range map[string]string{
		`echo "no table for $PASSWORD" >&2; exit 3`: "no table for ***",
		`echo $NOTHING_OF_THE_KIND`:                 "commands run with sh -eu",
		`exec /nowhere/migrate`:                     "not found",
	} {
		d := b.deployment("", commit2)
		d.Port = b.gen().spec.Port
		d.Secrets = map[string]target.Secret{"PASSWORD": {Value: "hunter22"}}
		d.Migrate = target.Migration{Shell: migration}
		_, err := b.Deploy(b.ctx, d)
		var failure *target.Failure
		if !errors.As(err, &failure) || !failure.Migration || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%s: %v, want %s", migration, err, want)
		}
		if s := b.self(b.gen().url()); s.Pid != pid {
			t.Errorf("%s: the application was restarted", migration)
		}
	}
	d = b.deployment("", commit2)
	d.Migrate = target.Migration{Shell: "sleep 1000"}
	ctx, cancel := context.WithTimeout(b.ctx, 200*time.Millisecond)
	defer cancel()
	if _, err := b.Deploy(ctx, d); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("interrupted: %v", err)
	}
}

// TestFirstMigrationFails: nothing is left of an environment that never served.
func TestFirstMigrationFails(t *testing.T) {
	b := newBench(t)
	d := b.deployment("", commit1)
	d.Migrate = target.Migration{Argv: []string{"false"}}
	_, err := b.Deploy(b.ctx, d)
	if err == nil || !strings.Contains(err.Error(), "kept: nothing serves preview/pr-12") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(b.dir()); err == nil {
		t.Error("its folder stays")
	}
	d.Migrate.Argv = []string{"no-such-program"}
	_, err = b.Deploy(b.ctx, d)
	if r := (*target.Refusal)(nil); !errors.As(err, &r) {
		t.Errorf("%v", err)
	}
}

// TestSecrets proves NEWCOMER 5: the application has its secrets, also after a restart of
// its supervisor; files with them are readable by their owner only; a new value is a new
// deployment.
func TestSecrets(t *testing.T) {
	b := newBench(t)
	d := b.deployment("", commit1)
	d.Secrets = map[string]target.Secret{"API_KEY": {Value: "hunter22"}, "DATABASE_URL": {Value: "overrides"}}
	first := b.mustDeploy(d)
	if s := b.self(first.URL); s.env("API_KEY") != "hunter22" || s.env("DATABASE_URL") != "overrides" {
		t.Errorf("%v", s.Env)
	}
	err := filepath.WalkDir(b.dir(), func(p string, f os.DirEntry, err error) error {
		if f != nil && f.Name() == "rootfs" {
			return filepath.SkipDir // the application is this test
		}
		if err != nil || !f.Type().IsRegular() {
			return err
		}
		info, err := f.Info()
		if text, _ := os.ReadFile(p); err == nil && strings.Contains(string(text), "hunter22") && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %s", p, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if again := b.mustDeploy(d); again.Generation != first.Generation {
		t.Error("the same secrets were deployed again")
	}
	d.Secrets["API_KEY"] = target.Secret{Value: "rotated"}
	if again := b.mustDeploy(d); again.Generation == first.Generation || b.self(again.URL).env("API_KEY") != "rotated" {
		t.Errorf("%+v", again)
	}
	d.Secrets["API_KEY"] = target.Secret{Store: "vault", Key: "x"}
	if _, err := b.Deploy(b.ctx, d); err == nil || !strings.Contains(err.Error(), "API_KEY is in the store vault") {
		t.Errorf("%v", err)
	}
}

func mustFree(t *testing.T) int {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}
