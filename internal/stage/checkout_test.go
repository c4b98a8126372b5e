package stage

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestUpdate proves NEWCOMER 12: a checkout that is brought to another commit is equal to a
// new one, whatever a run left in it, and keeps the time of a file that is the same.
func TestUpdate(t *testing.T) {
	l := newLab(t)
	one := l.commit("one", "same.txt", "same", "changes.txt", "1", "goes/away.txt", "1", "becomes", "a file", "folder/f", "1", ".gitignore", "ignored\n")
	l.git("rm", "-q", "-r", "goes", "becomes", "folder")
	two := l.commit("two", "changes.txt", "2", "becomes/a-folder", "2", "folder", "a file")
	old := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, spoil := range map[string]func(dir string) error{
		"nothing": func(string) error { return nil },
		"files": func(dir string) error {
			return strung(os.WriteFile(filepath.Join(dir, "stale.txt"), nil, 0o600), os.WriteFile(filepath.Join(dir, "ignored"), nil, 0o600),
				os.MkdirAll(filepath.Join(dir, "becomes-stale/deep"), 0o755), os.WriteFile(filepath.Join(dir, "becomes-stale/deep/x"), nil, 0o600))
		},
		"changes of the same size and time": func(dir string) error {
			name := filepath.Join(dir, "changes.txt")
			info, err := os.Stat(name)
			if err != nil {
				return err
			}
			return strung(os.WriteFile(name, []byte("9"), 0o644), os.Chtimes(name, info.ModTime(), info.ModTime()))
		},
		"a repository inside": func(dir string) error {
			run(t, dir, "init", "-q", "inner")
			return os.WriteFile(filepath.Join(dir, "inner", "x"), nil, 0o600)
		},
		"settings of git": func(dir string) error {
			run(t, dir, "update-index", "--assume-unchanged", "changes.txt")
			run(t, dir, "update-index", "--skip-worktree", "same.txt")
			run(t, dir, "config", "core.worktree", "/elsewhere")
			return strung(os.WriteFile(filepath.Join(dir, ".git/info/exclude"), []byte("*\n"), 0o600), os.WriteFile(filepath.Join(dir, "hidden"), nil, 0o600),
				os.WriteFile(filepath.Join(dir, "same.txt"), []byte("evil"), 0o600))
		},
		"no git directory": func(dir string) error { return os.RemoveAll(filepath.Join(dir, ".git")) },
		"a folder without rights": func(dir string) error {
			return strung(os.MkdirAll(filepath.Join(dir, "locked/in"), 0o755), os.Chmod(filepath.Join(dir, "locked"), 0o500))
		},
		"a link in place of a folder": func(dir string) error {
			return strung(os.RemoveAll(filepath.Join(dir, "folder")), os.Symlink(t.TempDir(), filepath.Join(dir, "folder")))
		},
		"a link in place of all": func(dir string) error {
			return strung(os.RemoveAll(dir), os.Symlink(t.TempDir(), dir))
		},
		"a file in place of all": func(dir string) error { return strung(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)) },
		"kept modules that are a link": func(dir string) error {
			return os.Symlink(t.TempDir(), filepath.Join(dir, "modules"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "src")
			if err := one.Update(t.Context(), dir, nil); err != nil {
				t.Fatal(err)
			}
			_ = os.Chtimes(filepath.Join(dir, "same.txt"), old, old)
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			if err := two.Update(t.Context(), dir, []string{"modules"}); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{".gitignore": "ignored\n", "same.txt": "same", "changes.txt": "2", "becomes/a-folder": "2", "folder": "a file"}
			for name, content := range want {
				if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != content {
					t.Errorf("%s: %q, %v", name, b, err)
				}
			}
			found := strings.Fields(run(t, dir, "ls-files", "--cached", "--others"))
			if len(found) != len(want) {
				t.Errorf("the checkout has %v", found)
			}
			if head := run(t, dir, "rev-parse", "HEAD"); head != two.ID {
				t.Errorf("HEAD is %s", head)
			}
			if info, err := os.Stat(filepath.Join(dir, "same.txt")); name == "nothing" && (err != nil || !info.ModTime().Equal(old)) {
				t.Errorf("a file that is the same has another time: %v", err)
			}
		})
	}
}

func strung(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestInstall proves NEWCOMER 12: dependencies are installed once for a lock file.
func TestInstall(t *testing.T) {
	const cfg = app + "install: {run: 'echo x >>../count; mkdir -p modules && cp lock modules/', lock: [lock], keep: [modules]}\nchecks: {unit: 'test -e modules/lock && cmp lock modules/lock'}\n"
	l := newLab(t)
	build := t.TempDir()
	step := func(want string, installs int, files ...string) {
		t.Helper()
		c := l.commit("next", append([]string{".goldenpath.yml", strings.Replace(cfg, "pack: dist", "pack: dist, build: 'mkdir dist && cp lock dist/server'", 1)}, files...)...)
		j := l.job()
		j.Commit, j.Top, j.Dir, j.Own = c, filepath.Join(build, "src"), filepath.Join(build, "src"), Own{Installed: filepath.Join(build, "installed"), Run: c.ID}
		if err := j.CheckOutFor(t.Context()); err != nil {
			t.Fatal(err)
		}
		tested := must(t)(Test(t.Context(), j, Shard{}))
		packaged := must(t)(Package(t.Context(), j))
		if tested.Verdict != report.Pass || packaged.Verdict != report.Pass || !strings.Contains(tested.Checks[0].Result, want) || !strings.Contains(packaged.Checks[0].Result, "kept") {
			t.Errorf("%+v\n%+v", tested, packaged)
		}
		b, _ := os.ReadFile(filepath.Join(build, "count"))
		if got := strings.Count(string(b), "x"); got != installs {
			t.Errorf("installed %d times, want %d", got, installs)
		}
	}
	step("ok", 1, "lock", "1")
	step("kept: lock is the same", 1, "code", "2")
	step("ok", 2, "lock", "2")
	if err := os.RemoveAll(filepath.Join(build, "src", "modules")); err != nil {
		t.Fatal(err)
	}
	step("ok", 3, "code", "3")
}

// TestChangedFiles proves NEWCOMER 15: a check that repairs files is reported, and the
// image is built from the commit.
func TestChangedFiles(t *testing.T) {
	l := newLab(t)
	c := l.commit("one", ".goldenpath.yml", app+"checks: {lint: 'echo fixed >code; echo new >untracked'}\n", "code", "wrong\n")
	j := l.job()
	r := must(t)(Test(t.Context(), j, Shard{}))
	if r.Verdict != report.Warn || !strings.Contains(r.Checks[1].Result, "changed 1 file of the commit: code") || strings.Contains(r.Checks[1].Result, "restored") {
		t.Errorf("%+v", r)
	}
	if b, _ := os.ReadFile(filepath.Join(l.repo.Dir(), "code")); string(b) != "fixed\n" {
		t.Errorf("a person's file was restored: %q", b)
	}
	if r := must(t)(Test(t.Context(), j, Shard{})); r.Verdict != report.Pass {
		t.Errorf("a file that was changed before: %+v", r)
	}
	j.Top, j.Own = filepath.Join(t.TempDir(), "src"), Own{Run: "1"}
	j.Dir = j.Top
	if err := c.CheckOut(t.Context(), j.Dir); err != nil {
		t.Fatal(err)
	}
	if r := must(t)(Test(t.Context(), j, Shard{})); r.Verdict != report.Warn || !strings.Contains(r.Checks[1].Result, "restored") {
		t.Errorf("%+v", r)
	}
	if b, _ := os.ReadFile(filepath.Join(j.Dir, "code")); string(b) != "wrong\n" {
		t.Errorf("code is %q", b)
	}
}

// TestEntrypointOfTheHost proves NEWCOMER 10.
func TestEntrypointOfTheHost(t *testing.T) {
	const packs = "version: 1\napp: shop\nartifact: {pack: dist, entrypoint: [sh, -c, ./server]}\n"
	const cluster = "preview: {target: kubernetes, manifests: k8s}\n"
	for name, tt := range map[string]struct {
		cfg, file string
		local     bool
		verdict   report.Verdict
		reason    report.Reason
		says      string
	}{
		"on this machine":          {packs, "server", false, report.Pass, report.ReasonPackaged, "the image does not contain it"},
		"on a cluster":             {packs + cluster, "server", false, report.Fail, report.ReasonNotInImage, "does not start in previews (kubernetes)"},
		"on a cluster, tried here": {packs + cluster, "server", true, report.Warn, report.ReasonPackaged, "does not start in previews (kubernetes)"},
		"in the image":             {packs + cluster, "bin/sh", false, report.Pass, report.ReasonPackaged, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.commit("one", ".goldenpath.yml", tt.cfg, "dist/"+tt.file, "#!/bin/sh\n", "k8s/app.yaml", "")
			if err := os.Chmod(filepath.Join(l.repo.Dir(), "dist", tt.file), 0o755); err != nil {
				t.Fatal(err)
			}
			j := l.job()
			if tt.local {
				j.Declared = parse(t, tt.cfg)
			}
			r := must(t)(Package(t.Context(), j))
			last := r.Checks[len(r.Checks)-1]
			if r.Verdict != tt.verdict || r.Reason != tt.reason || !strings.Contains(last.Result+last.Note, tt.says) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestDockerIsAskedFirst proves NEWCOMER 6: without Docker, validate says so at once, and
// what to do without it.
func TestDockerIsAskedFirst(t *testing.T) {
	l := newLab(t)
	l.commit("one", ".goldenpath.yml", "version: 1\napp: shop\nartifact: {dockerfile: Dockerfile}\n", "Dockerfile", "FROM scratch\n")
	bin := t.TempDir()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(git, filepath.Join(bin, "git")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	j := l.job()
	for run, want := range map[string]report.Verdict{"": report.Warn, "1": report.Fail} {
		j.Own.Run = run
		r := must(t)(Validate(t.Context(), j))
		c := r.Checks[len(r.Checks)-1]
		if got := report.Worst(r.Checks); got != want || !strings.Contains(c.Result, "docker is not installed") || !strings.Contains(c.Note, "goldenpath init") {
			t.Errorf("%+v", r)
		}
		if code := report.ExitCode(r, nil); run != "" && code != report.ExitFailure {
			t.Errorf("exit %d", code)
		}
	}
	// A docker that cannot reach its daemon.
	script := "#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n"
	if err := os.WriteFile(filepath.Join(bin, "docker"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	j.Own.Run = "1"
	began := time.Now()
	r := must(t)(Validate(t.Context(), j))
	if took := time.Since(began); r.Reason != report.ReasonDockerMissing || !strings.Contains(r.Title, "does not run") || took > 5*time.Second {
		t.Errorf("after %s: %+v", took, r)
	}
}
