package scaffold

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

const denoCheck = "Deno is not in the image but comes from the machine: for another target, write a Dockerfile"

var (
	denoTask  = regexp.MustCompile(`"(start|serve|preview|build)"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|\{[^}]*"command"\s*:\s*"((?:[^"\\]|\\.)*)")`)
	denoTests = regexp.MustCompile(`(^|/)[^/]*([._]test|^test)\.(ts|tsx|js|jsx|mts|mjs)$`)
	denoServe = regexp.MustCompile(`Deno\.serve|\.listen\(|serve\(`)
)

// denoPart reads a deno.json or deno.jsonc. Its tests write JUnit.
func denoPart(t *tree, dir, marker string) *Part {
	p := &Part{Manager: "deno", Ecosystem: "deno", From: marker}
	frozen := ""
	if lock := path.Join(dir, "deno.lock"); t.has(lock) {
		p.From, frozen = p.From+", "+lock, " --frozen"
	} else {
		p.Lacks = marker + " has no deno.lock: run deno install once and commit it"
	}
	if slices.ContainsFunc(t.names, func(name string) bool { return within(dir, path.Dir(name)) && denoTests.MatchString(name) }) {
		p.Steps = append(p.Steps, step{"unit", "mkdir -p reports/unit && deno test -A" + frozen + " --junit-path=reports/unit/deno.xml", "reports/unit/*.xml", marker})
	}
	p.Hooks = []hook{{id: "deno-fmt", entry: "deno fmt --check", files: `\.(js|jsx|ts|tsx)$`}}
	// DENO_DIR holds the packages, so that the start needs no network.
	s := &start{pack: "dist/app", runtime: "deno", check: denoCheck, env: [][2]string{{"DENO_DIR", ".deno"}}}
	tasks := map[string]string{}
	for _, m := range denoTask.FindAllStringSubmatch(t.text(marker), -1) {
		tasks[m[1]] = m[2] + m[3]
	}
	entry := ""
	for _, name := range []string{"main.ts", "server.ts", "app.ts", "mod.ts", "src/main.ts", "src/server.ts", "main.tsx", "main.js", "server.js", "index.ts", "src/index.ts"} {
		if denoServe.MatchString(t.text(path.Join(dir, name))) {
			entry = name
			break
		}
	}
	s.build = archive(dir) + " && DENO_DIR=.deno deno install" + frozen
	if entry != "" {
		s.build += " && DENO_DIR=.deno deno cache " + entry
	}
	if _, ok := tasks["build"]; ok {
		s.build += " && DENO_DIR=.deno deno task build"
	}
	s.build += " && rm -rf .deno/gen" // compiled files, by the path of this machine
	switch {
	case tasks["start"] != "" && !strings.Contains(tasks["start"], "--watch"):
		s.entrypoint, s.why = []string{"deno", "task", "start"}, marker
	case tasks["serve"] != "" && !strings.Contains(tasks["serve"], "--watch"):
		s.entrypoint, s.why = []string{"deno", "task", "serve"}, marker
	case entry != "":
		s.entrypoint, s.why = []string{"deno", "run", "-A", entry}, path.Join(dir, entry)
	default:
		return p
	}
	if text := t.text(path.Join(dir, entry)); strings.Contains(text, `"PORT"`) || strings.Contains(text, "export default") && strings.Contains(tasks["start"], "deno serve") {
		s.port = guess{"$PORT", path.Join(dir, entry)}
	} else {
		s.check = "the app must listen on 127.0.0.1:$PORT; " + denoCheck
	}
	p.Start = s
	return p
}
