package scaffold

import (
	"path"
	"regexp"
	"strings"
)

// bunManager is Bun as a package manager, if its lock file is there.
func bunManager(t *tree, dir string) (manager, string) {
	const production = "bun install --frozen-lockfile --production"
	for _, lock := range []string{"bun.lock", "bun.lockb"} {
		if t.has(path.Join(dir, lock)) {
			return manager{"bun", "bun install --frozen-lockfile", production, "rm -rf node_modules && " + production, "bun run ", "bun run test", " "}, lock
		}
	}
	return manager{}, ""
}

var (
	bunRunner = regexp.MustCompile(`^bun test( [^&|;]*)?$`)
	bunFile   = regexp.MustCompile(`^bun (?:run )?([A-Za-z0-9_][A-Za-z0-9._/-]*\.[cm]?[jt]sx?)$`)
)

// bunTest adds JUnit output to the tests of Bun.
func bunTest(test string) (step, bool) {
	if !bunRunner.MatchString(test) || strings.Contains(test, "--reporter") {
		return step{}, false
	}
	return step{"unit", "mkdir -p reports/unit && bun run test --reporter=junit --reporter-outfile=reports/unit/bun.xml", "reports/unit/*.xml", "script test of package.json"}, true
}
