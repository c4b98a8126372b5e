package scaffold

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/config"
)

// read writes a repository, runs init without options, and returns the configuration.
func read(t *testing.T, files map[string]string, change ...func(*Options)) (*config.Config, string) {
	t.Helper()
	dir := mkdir(t, t.TempDir(), "shop")
	for name, text := range files {
		put(t, filepath.Join(dir, name), text)
	}
	o := options(dir)
	o.With = nil
	for _, c := range change {
		c(&o)
	}
	out := log(t, run(t, o))
	c, err := config.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c, string(c.Source()) + out
}

// TestWholeSite (NEWCOMER 9): a page keeps the folders that it had before init. Only
// what init wrote is left out of the image.
func TestWholeSite(t *testing.T) {
	dir := mkdir(t, t.TempDir(), "site")
	want := []string{".well-known/security.txt", "docs/a.html", "flags/de.svg", "index.html"}
	for _, name := range want {
		put(t, filepath.Join(dir, name), "x")
	}
	o := options(dir)
	o.With = []string{"product", "flags"} // docs and flags are there before init
	run(t, o)
	c, err := config.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	sh := func(line string) {
		t.Helper()
		cmd := exec.Command("sh", "-euc", line)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	sh("git init -q && git add --all && git -c user.name=a -c user.email=a@example.com commit -qm one")
	sh("GOLDENPATH_COMMIT=$(git rev-parse HEAD); " + c.Artifact.Build)
	var got []string
	for name := range snapshot(t, filepath.Join(dir, "dist", "app")) {
		got = append(got, name)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("packed %v, want %v; build: %s", got, want, c.Artifact.Build)
	}
}

// TestMonorepo (NEWCOMER 13): init never picks one of two apps by itself. It lists them
// and wants --app-dir, or asks.
func TestMonorepo(t *testing.T) {
	files := map[string]string{
		"apps/api/package.json": `{"scripts": {"start": "node api.js"}}`, "apps/api/api.js": "listen(process.env.PORT)",
		"apps/web/package.json": `{"scripts": {"start": "node web.js", "test": "node --test"}}`, "apps/web/web.js": "listen(process.env.PORT)",
	}
	dir := mkdir(t, t.TempDir(), "shop")
	for name, text := range files {
		put(t, filepath.Join(dir, name), text)
	}
	_, err := Init(options(dir))
	if err == nil {
		t.Fatal("it picked one")
	}
	for _, want := range []string{"2 apps", "--app-dir apps/api   node, npm", "--app-dir apps/web   node, npm"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if got := snapshotNames(t, dir); len(got) != 1 {
		t.Errorf("written: %v", got)
	}
	c, out := read(t, files, func(o *Options) { o.AppDir = "apps/web/" })
	if !strings.Contains(c.Artifact.Build, "$GOLDENPATH_COMMIT:apps/web") || len(c.Checks) != 1 || !strings.Contains(out, "--app-dir apps/api chooses it") {
		t.Error(out)
	}
	c, _ = read(t, files, func(o *Options) {
		o.Choose = func(apps []App) (int, error) {
			return slices.IndexFunc(apps, func(a App) bool { return a.Dir == "apps/api" }), nil
		}
	})
	if !slices.Equal(c.Artifact.Entrypoint, []string{"node", "api.js"}) {
		t.Error(c.Artifact.Entrypoint)
	}
	o := options(dir)
	if o.AppDir = "apps/none"; true {
		if _, err := Init(o); err == nil || !strings.Contains(err.Error(), "--app-dir apps/none has no app") {
			t.Error(err)
		}
	}
}

// TestWorkspaces: the members of npm, Yarn and pnpm workspaces are apps; libraries are
// not. An app is installed and built in the root and started in its folder.
func TestWorkspaces(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		build string
	}{
		"npm":  {map[string]string{"package.json": `{"workspaces": ["apps/*", "packages/**"]}`, "package-lock.json": "{}"}, "npm ci && npm run build --workspaces --if-present && npm prune --omit=dev"},
		"yarn": {map[string]string{"package.json": `{"workspaces": {"packages": ["apps/*"]}, "scripts": {"build": "turbo run build", "start": "turbo run start"}}`, "yarn.lock": ""}, "yarn install --frozen-lockfile && yarn run build && yarn install --frozen-lockfile --production"},
		"pnpm": {map[string]string{"package.json": `{}`, "pnpm-lock.yaml": "", "pnpm-workspace.yaml": "packages: ['apps/*', '!apps/old']\n", "apps/old/package.json": `{"scripts": {"start": "node x.js"}}`}, "pnpm install --frozen-lockfile && pnpm --filter ./apps/api... run build"},
	} {
		tt.files["apps/api/package.json"] = `{"scripts": {"build": "tsc", "start": "node dist/main.js", "test": "node --test"}}`
		tt.files["apps/api/src/main.ts"] = `app.listen(process.env.PORT); app.get("/healthz", x)`
		tt.files["packages/ui/package.json"] = `{"scripts": {"build": "tsc"}}`
		c, out := read(t, tt.files)
		a := c.Artifact
		if last := c.Checks[len(c.Checks)-1]; !strings.HasPrefix(last.Run, "cd apps/api && ") || last.JUnit != "apps/api/reports/unit/*.xml" {
			t.Errorf("%s: the app's own tests are not a check:\n%s", name, out)
		}
		if !strings.Contains(a.Build, tt.build) || a.Workdir != "/apps/api" || !slices.Equal(a.Entrypoint, []string{"node", "dist/main.js"}) || c.Preview.Ready.Path != "/healthz" {
			t.Errorf("%s:\n%s", name, out)
		}
	}
}

// TestScripts (NEWCOMER 8 and the table of repositories): a start script that reads
// .env is started without it, and scripts that ask questions or change files are not
// checks.
func TestScripts(t *testing.T) {
	c, out := read(t, map[string]string{
		"package.json": `{"scripts": {"start": "NODE_ENV=production node --env-file=.env dist/src/index.js", "build": "tsc", "lint": "eslint --fix src", "typecheck": "tsc --noEmit", "test": "jest --watch"}}`,
		"src/env.ts":   "const s = z.object({PORT: z.coerce.number()})",
	})
	if !slices.Equal(c.Artifact.Entrypoint, []string{"node", "dist/src/index.js"}) || c.Artifact.Env["NODE_ENV"] != "production" || len(c.Checks) != 1 || c.Checks[0].Name != "typecheck" {
		t.Error(out)
	}
	for _, want := range []string{"# check: ", "starts without .env, which is never committed", "script lint of package.json is not a check: it changes source files", "script test of package.json is not a check: it does not end"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	c, out = read(t, map[string]string{"package.json": `{"scripts": {"start": "next start", "build": "next build", "lint": "next lint"}, "dependencies": {"next": "15"}}`, "yarn.lock": ""})
	if slices.ContainsFunc(c.Checks, func(s config.Step) bool { return s.Name == "lint" }) || !strings.Contains(out, "asks a question: next lint has no ESLint configuration") || strings.Contains(out, "no file mentions PORT") {
		t.Error(out)
	}
	// A Procfile is enough, with a manifest and without.
	for _, more := range []string{"package.json", "README.md"} {
		c, out := read(t, map[string]string{"Procfile": "web: node x.js\n", more: "{}", "x.js": "process.env.PORT"})
		if fmt.Sprint(c.Artifact.Entrypoint) != "[node x.js]" || strings.Contains(out, "could not detect how the app starts") || strings.Contains(out, "no file mentions") {
			t.Error(out)
		}
	}
}

// TestStableAddress (NEWCOMER 15): staging and production have fixed ports, which differ
// from those of another repository.
func TestStableAddress(t *testing.T) {
	page := map[string]string{"index.html": "x"}
	one, _ := read(t, page)
	two, _ := read(t, page, func(o *Options) { o.App = "other" })
	p, s := one.Environments["production"].Port, one.Environments["staging"].Port
	if p == 0 || s == 0 || p == s || p == two.Environments["production"].Port || p >= 20000 {
		t.Errorf("%d, %d, %d", s, p, two.Environments["production"].Port)
	}
}
