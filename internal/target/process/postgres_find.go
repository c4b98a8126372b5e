package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// folders are where packages install PostgreSQL: Debian and Ubuntu, Fedora and the
// project's own packages, Homebrew, Postgres.app. PATH is searched too.
var folders = []string{
	"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin", "/Applications/Postgres.app/Contents/Versions/*/bin", "/usr/local/pgsql/bin",
}

var reportedVersion = regexp.MustCompile(`PostgreSQL\) (\d+)`)

// installations lists the PostgreSQL servers on this machine, the newest first.
func installations(path string) []installation {
	var bins []string
	for _, pattern := range folders {
		found, _ := filepath.Glob(pattern)
		bins = append(bins, found...)
	}
	var all []installation
	for _, bin := range append(bins, filepath.SplitList(path)...) {
		if _, err := os.Stat(filepath.Join(bin, "initdb")); err != nil || !filepath.IsAbs(bin) {
			continue
		}
		out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
		if m := reportedVersion.FindSubmatch(out); err == nil && m != nil {
			major, _ := strconv.Atoi(string(m[1]))
			all = append(all, installation{bin, major})
		}
	}
	slices.SortStableFunc(all, func(a, b installation) int { return b.major - a.major })
	return all
}
