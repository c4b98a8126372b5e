package doctor_test

import (
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestCommands (NEWCOMER 6, 8): doctor finds the commands that would fail before a run
// does, and an app that does not listen on $PORT.
func TestCommands(t *testing.T) {
	for name, tt := range map[string]struct {
		config string
		files  map[string]string
		check  string
		state  report.State
		want   string
	}{
		"a script that asks": {
			"checks: {lint: npm run lint}", map[string]string{"package.json": `{"scripts": {"lint": "next lint"}}`}, "commands", report.Warned,
			"checks.lint: script lint of package.json asks a question",
		},
		"a program": {"checks: {unit: no-such-program-here -x}", nil, "commands", report.Warned, "checks.unit: no-such-program-here is not installed on this machine"},
		"a file":    {"checks: {unit: sh tests.sh}", nil, "commands", report.Warned, "checks.unit: the file tests.sh is not in the repository"},
		"a start file": {
			`artifact: {build: 'git archive "$GOLDENPATH_COMMIT" | tar -xf - -C dist', pack: dist, entrypoint: [sh, start.sh]}`, nil, "commands", report.OK, "",
		},
		"a start file of node": {
			`artifact: {build: 'git archive "$GOLDENPATH_COMMIT" | tar -xf - -C dist', pack: dist, entrypoint: [node, server.js]}`, nil, "commands", report.Warned, "the file server.js is not in the repository",
		},
		"a Dockerfile": {"artifact: {dockerfile: Containerfile}", nil, "commands", report.Warned, "Containerfile is not in the repository"},
		"a fixed port": {
			"artifact: {pack: dist, entrypoint: [node, a.js]}", map[string]string{"main.go": "package main", "a.js": "server.listen(3000)"}, "port", report.Warned, "a.js:1 listens on port 3000",
		},
		"a flag": {
			"artifact: {pack: dist, entrypoint: [/shop]}", map[string]string{"main.go": `package main; var p = flag.Int("port", 80, "")`}, "port", report.Warned, "main.go:1 takes the port by the flag port",
		},
		"unknown":           {"artifact: {pack: dist, entrypoint: [/shop]}", map[string]string{"main.go": "package main"}, "port", report.Inconclusive, "no file of the repository mentions PORT"},
		"the entrypoint":    {`artifact: {pack: dist, entrypoint: [sh, -c, "exec ./shop -p $PORT"]}`, map[string]string{"main.go": "package main"}, "port", report.OK, "uses $PORT"},
		"the framework":     {"artifact: {pack: dist, entrypoint: [npm, start]}", map[string]string{"main.go": "package main", "package.json": `{"scripts": {"start": "next start"}}`}, "port", report.OK, "next start reads PORT"},
		"only a Dockerfile": {"artifact: {dockerfile: Dockerfile}", nil, "port", report.NotApplicable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := healthy(t)
			p.token = ""
			p.files[".goldenpath.yml"] = "version: 1\napp: shop\n" + tt.config + "\n"
			for f, text := range tt.files {
				p.files[f] = text
			}
			r, err := p.examine(p.dir())
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range r.Checks {
				if c.Name == tt.check && (c.State != tt.state || !strings.Contains(c.Result, tt.want)) {
					t.Errorf("%s: %s, want %s: %s", c.State, c.Result, tt.state, tt.want)
				}
			}
		})
	}
}
