package stage

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestBuilds: what artifact.build leaves decides between an image, a verdict and an
// error of the input.
func TestBuilds(t *testing.T) {
	for name, tt := range map[string]struct {
		build  string
		link   string // name and target of a link in the checkout
		reason report.Reason
		usage  string
	}{
		"a file":                    {build: "mkdir dist; echo x > dist/server", reason: report.ReasonPackaged},
		"reads the commit":          {build: `test ${#GOLDENPATH_COMMIT} = 40 && mkdir dist && echo "$GOLDENPATH_COMMIT" > dist/server`, reason: report.ReasonPackaged},
		"fails after it wrote":      {build: "mkdir dist; echo x > dist/server; exit 1", reason: report.ReasonBuildFailed},
		"kills itself":              {build: "kill -9 $$", reason: report.ReasonBuildFailed},
		"an unknown command":        {build: "no-such-command-of-any-kind", reason: report.ReasonBuildFailed},
		"writes nothing":            {build: "true", usage: "dist does not exist"},
		"an empty folder":           {build: "mkdir dist", usage: "empty"},
		"a file, not a folder":      {build: "echo x > dist", usage: "dist"},
		"a pipe in it":              {build: "mkdir dist; echo x > dist/server; mkfifo dist/pipe", usage: "pipe"},
		"a link out of it":          {build: "mkdir dist; echo x > dist/server; ln -s ../.git/config dist/config", usage: "config"},
		"an absolute link":          {build: "mkdir dist; echo x > dist/server; ln -s /etc/passwd dist/p", usage: "dist"},
		"the folder becomes a link": {build: "ln -s / dist", usage: "outside the repository"},
		"a link to the git folder":  {build: "ln -s .git dist", usage: "git directory"},
		"a link to a hook":          {build: "ln -s .git/hooks dist", usage: "git directory"},
		"a link to nothing":         {build: "ln -s nowhere dist", usage: "does not exist"},
		"a link to itself":          {build: "ln -s dist dist", usage: "dist"},
		"a link inside":             {build: "mkdir out; echo x > out/server; ln -s out dist", reason: report.ReasonPackaged},
		"a committed link out":      {build: "true", link: "dist /tmp", usage: "outside the repository"},
		"a folder above":            {build: "ln -s .. dist", usage: "outside the repository"},
		"a repository in it":        {build: "mkdir -p dist/sub; echo x > dist/server; git init -q dist/sub", usage: "git directory"},
		"a link over a folder":      {build: "mkdir a; ln -s ../.git a/b; ln -s a/b dist", usage: "git directory"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			if at, to, ok := strings.Cut(tt.link, " "); ok {
				l.link(at, to)
			}
			l.commit("one", config.File, strings.Replace(app, "pack: dist", "build: '"+tt.build+"', pack: dist", 1))
			j := l.job()
			r, err := Package(t.Context(), j)
			if tt.usage != "" {
				fails(t, err, tt.usage)
				if err != nil && strings.Contains(err.Error(), j.Dir) {
					t.Errorf("the error names a folder of this machine: %v", err)
				}
				return
			}
			if err != nil || r.Reason != tt.reason {
				t.Fatalf("%+v, %v", r, err)
			}
			packaged := tt.reason == report.ReasonPackaged
			if (r.Digest != "") != packaged || (r.Output("digest") != "") != packaged || packaged != (r.Verdict == report.Pass) {
				t.Errorf("%+v", r)
			}
			left, err := filepath.Glob(filepath.Join(j.Out, "*"))
			left = slices.DeleteFunc(left, func(name string) bool { return filepath.Ext(name) == ".log" }) // named in the report
			if err != nil || len(left) != 0 {
				t.Errorf("scratch files stay: %v, %v", left, err)
			}
		})
	}
}

// TestAbsent: what the checkout lacks of the commit is said, and a pointer is not packed.
func TestAbsent(t *testing.T) {
	const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
	for name, tt := range map[string]struct {
		build, said, usage string
		module             bool
	}{
		"a pointer beside the build": {build: "mkdir dist; echo x > dist/server", said: "lacks the content of 1 file of Git LFS, such as model.bin; lfs: true"},
		"a pointer in the build":     {build: "mkdir dist; cp model.bin dist/server", usage: "is a pointer of Git LFS"},
		"a submodule":                {build: "mkdir dist; echo x > dist/server", module: true, said: "the submodule vendor/lib"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.commit("one", config.File, strings.Replace(app, "pack: dist", "build: '"+tt.build+"', pack: dist", 1), "model.bin", pointer)
			if tt.module {
				l.git("update-index", "--add", "--cacheinfo", "160000,"+l.git("rev-parse", "HEAD")+",vendor/lib")
				l.git("commit", "--quiet", "--message", "a submodule")
			}
			r, err := Package(t.Context(), l.job())
			if tt.usage != "" {
				fails(t, err, tt.usage)
				return
			}
			if err != nil || r.Verdict != report.Warn {
				t.Fatalf("%+v, %v", r, err)
			}
			i := slices.IndexFunc(r.Checks, func(c report.Check) bool { return c.Name == "checkout" })
			if i < 0 || !strings.Contains(r.Checks[i].Result+"; "+strings.TrimPrefix(r.Checks[i].Note, "if the app needs it, check out with "), tt.said) {
				t.Errorf("%+v", r.Checks)
			}
		})
	}
}
