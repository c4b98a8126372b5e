package scaffold

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// maxSources is the number of files that are searched for a route.
const maxSources = 3000

var (
	sources   = []string{".go", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".py", ".java", ".kt", ".rb", ".php", ".cs", ".rs"}
	route     = regexp.MustCompile("[\"'`](?:[A-Z]{3,7} )?((?:/api(?:/v[0-9])?)?/(?:healthz|_health|health|livez|readyz|up|ping))/?[\"'`]")
	asked     = []string{"healthz", "health", "_health", "readyz", "livez", "up", "ping"}
	testNames = regexp.MustCompile(`(?i)(^|/)(tests?|__tests__|specs?|e2e|examples?|docs?|mocks?|cypress)/|_test\.|\.test\.|\.spec\.|(^|/)(test_|conftest)`)
)

// health finds the app's health path as a quoted string in the source, in the order of
// asked. It returns "" if there is none.
func health(t *tree) (found, in string) {
	best, looked := len(asked), 0
	for _, name := range t.names {
		if !slices.Contains(sources, path.Ext(name)) || testNames.MatchString(name) {
			continue
		}
		if looked++; looked > maxSources {
			t.note("only %d source files were searched for a health path", maxSources)
			break
		}
		for _, m := range route.FindAllStringSubmatch(t.text(name), -1) {
			if i := slices.Index(asked, path.Base(m[1])); i >= 0 && i < best {
				best, found, in = i, m[1], name
			}
		}
	}
	if found != "" {
		return found, in
	}
	for _, name := range []string{"pom.xml", "build.gradle", "build.gradle.kts"} {
		if strings.Contains(t.text(name), "spring-boot-starter-actuator") {
			return "/actuator/health", name
		}
	}
	for _, d := range dockerfiles(t) {
		if d.Health != "" {
			return d.Health, d.Path
		}
	}
	return "", ""
}
