package gitleaks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// TestDamagedRepository proves GP-GATE-1: what git cannot read is a gap, never "no
// secrets", and costs neither the files nor the rest of the history (D13).
func TestDamagedRepository(t *testing.T) {
	for name, test := range map[string]struct {
		damage func(r repo, first string)
		gap    string
		kept   bool // what another commit added and removed is found
	}{
		"no HEAD":        {func(r repo, _ string) { os.Remove(filepath.Join(r.dir, ".git/HEAD")) }, "git history", false},
		"missing commit": {func(r repo, first string) { os.Remove(object(r.dir, first)) }, "git history", false},
		"missing tree":   {func(r repo, first string) { os.Remove(object(r.dir, r.git("rev-parse", first+"^{tree}"))) }, "commit ", true},
		"missing blob":   {func(r repo, first string) { os.Remove(object(r.dir, r.git("rev-parse", first+":a"))) }, "a in commit ", true},
		"cut-off blob":   {func(r repo, first string) { cut(r, object(r.dir, r.git("rev-parse", first+":a"))) }, "a in commit ", true},
		"unknown base":   {nil, "git history", false},
		"base is a flag": {nil, "git history", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			first := r.commit(map[string]string{"a": "one\n", "here.env": token + "\n"})
			r.commit(map[string]string{"b": "b\n"})
			r.commit(map[string]string{"gone.env": slack + "\n"})
			r.commit(map[string]string{"gone.env": ""})
			r.commit(map[string]string{"a": "two\n"})
			in := gate.Input{}
			switch name {
			case "unknown base":
				in.Base = strings.Repeat("0", 40)
			case "base is a flag":
				in.Base = "--all"
			default:
				test.damage(r, first)
			}
			res := r.scan(in)
			want := []string{"github-pat here.env:1"}
			if test.kept {
				want = append(want, "slack-webhook-url gone.env")
			}
			if diff := cmp.Diff(want, where(res)); diff != "" {
				t.Error(diff)
			}
			if len(res.Missing) == 0 || !strings.HasPrefix(res.Missing[0].What, test.gap) || !strings.Contains(res.Missing[0].Remedy, "fetch") {
				t.Errorf("gaps %+v", res.Missing)
			}
			for _, g := range res.Missing {
				if strings.Contains(g.What, "gone.env") || strings.Contains(g.What, "and") {
					t.Errorf("more is lost than the object: %+v", g)
				}
			}
		})
	}
}

// TestManyDamagedObjects: a clone without its objects is not examined commit by commit.
func TestManyDamagedObjects(t *testing.T) {
	r := newRepo(t)
	for i := range 60 {
		id := r.commit(map[string]string{"a": fmt.Sprintf("%d\n", i)})
		defer os.Remove(object(r.dir, r.git("rev-parse", id+":a")))
	}
	for _, id := range strings.Fields(r.git("rev-list", "HEAD~1")) {
		os.Remove(object(r.dir, r.git("rev-parse", id+":a")))
	}
	res := r.scan(gate.Input{})
	if n := len(res.Missing); n < mostDamaged || n > 2*mostDamaged {
		t.Errorf("%d gaps, the last %+v", n, res.Missing[n-1])
	}
}

func TestDeadlinePassed(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"a": "one\n"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if res, err := new(Scanner).Scan(ctx, r.input(gate.Input{})); err == nil {
		t.Errorf("no error, but %+v", res)
	}
}

// A git that is killed prints nothing, and the history that it has shown is incomplete.
func TestKilledGit(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"a": "one\n"})
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	script := "#!/bin/sh\nfor a in \"$@\"; do [ \"$a\" = diff-tree ] && kill -9 $$; done\nexec " + git + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	res := r.scan(gate.Input{})
	if len(res.Missing) != 1 || !strings.Contains(res.Missing[0].Why, "exit status 137") {
		t.Errorf("result %+v", res)
	}
}

func object(dir, id string) string { return filepath.Join(dir, ".git/objects", id[:2], id[2:]) }

func cut(r repo, file string) {
	if err := errors.Join(os.Chmod(file, 0o600), os.Truncate(file, 5)); err != nil {
		r.t.Fatal(err)
	}
}
