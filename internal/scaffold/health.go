package scaffold

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/runnable"
)

// maxSources is the number of files that are searched for a route.
const maxSources = 3000

var (
	route = regexp.MustCompile("[\"'`](?:[A-Z]{3,7} )?((?:/api(?:/v[0-9])?)?/(?:healthz|_health|health|livez|readyz|up|ping|alive))/?[\"'`]")
	asked = []string{"healthz", "health", "_health", "readyz", "livez", "up", "ping", "alive"}
)

// health finds the app's health path as a quoted string in the source, in the order of
// asked. It returns "" if there is none.
func health(t *tree, dir string) (found, in string) {
	best, looked := len(asked), 0
	for _, name := range t.names {
		if !runnable.Source(name) || !within(dir, name) {
			continue
		}
		if looked++; looked > maxSources {
			t.note("only %d source files were searched for a health path", maxSources)
			break
		}
		text := t.read(name)
		if !slices.ContainsFunc(asked, func(a string) bool { return bytes.Contains(text, []byte("/"+a)) }) {
			continue // much faster than the pattern
		}
		for _, m := range route.FindAllSubmatchIndex(text, -1) {
			asks := string(text[m[2]:m[3]])
			i := slices.Index(asked, path.Base(asks))
			line := lineAt(text, m[0])
			if i < 0 || i >= best || !answers.Match(line) || commented.Match(line) || setting.Match(line[:bytes.Index(line, text[m[0]:m[1]])]) {
				continue
			}
			best, found, in = i, asks, fmt.Sprintf("%s:%d", name, bytes.Count(text[:m[0]], []byte("\n"))+1)
		}
	}
	if found != "" {
		return found, in
	}
	for _, name := range []string{"pom.xml", "build.gradle", "build.gradle.kts"} {
		name = path.Join(dir, name)
		if strings.Contains(t.text(name), "spring-boot-starter-actuator") {
			return "/actuator/health", name
		}
	}
	return "", ""
}

// answers matches a line that answers a path, so that a client's path is not taken.
var answers = regexp.MustCompile(`(?i)handle|\.(get|use|all|head|any|route|path|map\w*)\(|route|@\w+|\bget\b|mux|router|\burl\b|pathname|\bcase\b|\bpath\(|endpoint|\bhealth:|\b(path|url)\b\s*(==|in\b)|\bpath\.startswith\(`)

// commented matches a line that is a comment up to the path. setting matches the text before
// a path that is a default for a variable of the environment.
var (
	commented = regexp.MustCompile(`^\s*(//|#[^[]|/?\*|--|;)`)
	setting   = regexp.MustCompile(`(?i)(getenv|environ\b|process\.env|\benv\()[^);]*$`)
)

func lineAt(text []byte, at int) []byte {
	start := bytes.LastIndexByte(text[:at], '\n') + 1
	if end := bytes.IndexByte(text[at:], '\n'); end >= 0 {
		return text[start : at+end]
	}
	return text[start:]
}
