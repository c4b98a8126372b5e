package scaffold

import (
	"cmp"
	"encoding/json"
	"path"
	"regexp"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/runnable"
)

// manifest is the part of a package.json that init reads.
type manifest struct {
	Scripts         map[string]string `json:"scripts"`
	Dependencies    map[string]string `json:"dependencies"`
	DevDependencies map[string]string `json:"devDependencies"`
	PackageManager  string            `json:"packageManager"`
	Workspaces      json.RawMessage   `json:"workspaces"`
}

func (m manifest) uses(name string) bool {
	return m.Dependencies[name] != "" || m.DevDependencies[name] != ""
}

// manager holds the commands of a package manager.
type manager struct {
	name, install       string
	production, prune   string // without development dependencies: a fresh install, and after a build
	run, test, argument string // argument separates the arguments for the test program
}

func nodeManager(t *tree, dir string, m manifest) (manager, string) {
	in := func(name string) bool { return t.has(path.Join(dir, name)) }
	pnpm := manager{"pnpm", "pnpm install --frozen-lockfile", "pnpm install --frozen-lockfile --prod", "pnpm prune --prod", "pnpm run ", "pnpm test", " "}
	npm := manager{"npm", "npm ci", "npm ci --omit=dev", "npm prune --omit=dev", "npm run ", "npm test", " -- "}
	if bun, lock := bunManager(t, dir); lock != "" {
		return bun, lock
	}
	switch {
	case in("pnpm-lock.yaml"):
		return pnpm, "pnpm-lock.yaml"
	case in("yarn.lock") && (in(".yarnrc.yml") || strings.HasPrefix(m.PackageManager, "yarn@") && !strings.HasPrefix(m.PackageManager, "yarn@1.")):
		return manager{"yarn", "yarn install --immutable", "yarn workspaces focus --all --production", "yarn workspaces focus --all --production", "yarn run ", "yarn run test", " "}, "yarn.lock"
	case in("yarn.lock"):
		const production = "yarn install --frozen-lockfile --production"
		return manager{"yarn", "yarn install --frozen-lockfile", production, production + " --ignore-scripts --prefer-offline", "yarn run ", "yarn run test", " "}, "yarn.lock"
	case in("package-lock.json"):
		return npm, "package-lock.json"
	case in("npm-shrinkwrap.json"):
		return npm, "npm-shrinkwrap.json"
	}
	npm.install, npm.production = "npm install --no-save", "npm install --no-save --omit=dev"
	return npm, ""
}

// nodePart reads a package.json. It uses only script names that it knows, and the
// command of the start script if it is a plain one.
func nodePart(t *tree, dir, marker string) *Part {
	var m manifest
	if err := json.Unmarshal(t.read(marker), &m); err != nil {
		t.note("%s is not used: %v", marker, err)
		return nil
	}
	pm, lock := nodeManager(t, dir, m)
	p := &Part{Manager: pm.name, Ecosystem: "npm", From: marker, members: workspaces(t, dir, m)}
	depends := len(m.Dependencies)+len(m.DevDependencies) > 0 || len(p.members) > 0
	if lock != "" {
		p.From += ", " + lock
	}
	if depends {
		p.Steps = append(p.Steps, step{name: "install", run: pm.install, why: cmp.Or(path.Join(dir, lock), marker)})
		if lock == "" {
			p.Lacks = marker + " has no lock file: run " + pm.name + " install once and commit the lock file"
		}
	}
	p.scripts(t, dir, m, pm)
	p.Start = nodeStart(t, dir, m, pm, depends, p)
	return p
}

// scripts adds the scripts that check something.
func (p *Part) scripts(t *tree, dir string, m manifest, pm manager) {
	marker := path.Join(dir, "package.json")
	exists := func(name string) bool { return t.exists(path.Join(dir, name)) }
	for _, name := range []string{"lint", "typecheck", "type-check"} {
		if m.Scripts[name] == "" {
			continue
		}
		if why := runnable.Script(m.Scripts[name], exists); why.What != "" {
			p.Refused = append(p.Refused, "script "+name+" of "+marker+" is not a check: it "+why.What)
			continue
		}
		p.Steps = append(p.Steps, step{name: name, run: pm.run + name, why: "script " + name + " of " + marker})
		p.Hooks = append(p.Hooks, hook{id: name, entry: pm.run + name, files: `\.(js|jsx|mjs|cjs|ts|tsx|vue|svelte)$`})
	}
	if test := m.Scripts["test"]; test != "" && !strings.Contains(test, "no test specified") {
		if why := runnable.Script(test, exists); why.What != "" && !vitest.MatchString(test) {
			p.Refused = append(p.Refused, "script test of "+marker+" is not a check: it "+why.What)
		} else {
			s := nodeTest(m, pm, test)
			s.why = "script test of " + marker
			p.Steps = append(p.Steps, s)
		}
	}
}

var (
	vitest     = regexp.MustCompile(`^vitest( run)?( [^&|;]*)?$`)
	mocha      = regexp.MustCompile(`^mocha( [^&|;]*)?$`)
	jest       = regexp.MustCompile(`^jest( [^&|;]*)?$`)
	nodeRunner = regexp.MustCompile(`^node( --[^ &|;]+)* --test( [^&|;]*)?$`)
)

// nodeTest adds JUnit output for test programs that support it.
func nodeTest(m manifest, pm manager, test string) step {
	s := step{name: "unit", run: pm.test}
	if bun, ok := bunTest(test); ok {
		return bun
	}
	const to = "reports/unit/"
	switch {
	case nodeRunner.MatchString(test):
		s.run = `mkdir -p reports/unit && NODE_OPTIONS="--test-reporter=spec --test-reporter-destination=stdout --test-reporter=junit --test-reporter-destination=` + to + `node.xml" ` + pm.test
	case vitest.MatchString(test):
		s.run = pm.test + pm.argument + "--reporter=default --reporter=junit --outputFile.junit=" + to + "vitest.xml"
	case mocha.MatchString(test) && !strings.Contains(test, "--reporter"):
		s.run = pm.test + pm.argument + "--reporter xunit --reporter-option output=" + to + "mocha.xml"
	case jest.MatchString(test) && m.uses("jest-junit"):
		s.run = "JEST_JUNIT_OUTPUT_DIR=reports/unit " + pm.test + pm.argument + "--ci --reporters=default --reporters=jest-junit"
	case strings.HasPrefix(test, "react-scripts test"):
		s.run = "CI=true " + pm.test // otherwise it watches
		return s
	default:
		return s
	}
	s.junit = to + "*.xml"
	return s
}
