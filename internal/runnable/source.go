package runnable

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	sources    = []string{".go", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".py", ".java", ".kt", ".rb", ".php", ".cs", ".rs"}
	testNames  = regexp.MustCompile(`(?i)(^|/)(tests?|__tests__|specs?|e2e|examples?|docs?|mocks?|cypress|node_modules|vendor|third_party)/|_test\.|\.test\.|\.spec\.|(^|/)(test_|conftest)`)
	frameworks = regexp.MustCompile(`^(next start|remix-serve|react-router-serve|nuxt start|nuxi preview|serve |serve$|nest start|sirv |ng serve|node \.output/server|node build$|gunicorn )`)
)

// Source reports whether a file of the repository is source code of the app, and no test
// and no example.
func Source(name string) bool {
	return slices.Contains(sources, path.Ext(name)) && !testNames.MatchString(name)
}

// Settings reports whether a file holds settings that may name the port.
func Settings(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, "application.") || base == "appsettings.json" || base == "config.ru" || base == "puma.rb" || base == "Rocket.toml"
}

// ReadsPort reports whether a command starts a server of a framework that reads PORT.
func ReadsPort(command string) bool { return frameworks.MatchString(command) }
