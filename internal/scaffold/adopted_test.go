package scaffold

import (
	"strings"
	"testing"
)

// TestMigrationsOf: the folder of migrations contains all of them, however a tool divides it.
func TestMigrationsOf(t *testing.T) {
	for name, want := range map[string]string{
		"db/migrations/0001_init.sql":                             "db/migrations",
		"prisma/migrations/20240101_init/migration.sql":           "prisma/migrations",
		"migrations/mysql/2018-01-14-171611_create_tables/up.sql": "migrations",
		"grails-app/migrations/views/product.sql":                 "grails-app/migrations",
		"db/old_migrations/patch1.sql":                            "",
		"db/schema.sql":                                           "",
	} {
		if got := migrationsOf(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestDockerfilesAside: a Dockerfile of tests, examples or tools does not say how the app starts.
func TestDockerfilesAside(t *testing.T) {
	const docker = "FROM node:22\nCMD [\"push\"]\n"
	c, out := read(t, map[string]string{
		"package.json": `{"name": "app", "scripts": {"start": "node server.js"}}`, "package-lock.json": "{}", "server.js": "require('http').createServer().listen(process.env.PORT)\n",
		"extra/push/Dockerfile": docker, "playwright/compose/keycloak/Dockerfile": docker, ".devcontainer/Dockerfile": docker,
	})
	if len(c.Artifact.Entrypoint) == 0 || c.Artifact.Entrypoint[0] == "push" || c.Artifact.Dockerfile != "" {
		t.Errorf("%+v\n%s", c.Artifact, out)
	}
}

// TestOnlyInstalled: a part that is installed and neither tested nor built adds no check.
func TestOnlyInstalled(t *testing.T) {
	c, out := read(t, map[string]string{
		"go.mod": "module example.com/app\n", "main.go": "package main\n\nfunc main() { http.ListenAndServe(os.Getenv(\"PORT\"), nil) }\n",
		"e2e/package.json": `{"name": "e2e"}`, "e2e/package-lock.json": "{}",
	})
	if len(c.Checks) != 1 || strings.Contains(out, "e2e-install") {
		t.Errorf("%s", out)
	}
}

// TestEmbedsMissing: pages that another part builds are named, because no Go command works
// without them.
func TestEmbedsMissing(t *testing.T) {
	files := map[string]string{
		"go.mod": "module example.com/app\n", "main.go": "package main\n\nimport \"embed\"\n\n//go:embed build/*\nvar box embed.FS\n\nfunc main() { http.ListenAndServe(os.Getenv(\"PORT\"), nil) }\n",
	}
	_, out := read(t, files)
	if !strings.Contains(out, "main.go embeds build/*, which is not in the repository") {
		t.Errorf("%s", out)
	}
	files["build/index.html"] = "<html></html>"
	if _, out := read(t, files); strings.Contains(out, "embeds") {
		t.Errorf("%s", out)
	}
}
