package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// installation is a PostgreSQL server that is installed on this machine.
type installation struct {
	bin   string // folder of initdb and postgres
	major int
}

// folders are where packages install PostgreSQL: Debian and Ubuntu, Fedora and the
// project's own packages, Homebrew, Postgres.app. PATH is searched too.
var folders = []string{
	"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin", "/Applications/Postgres.app/Contents/Versions/*/bin", "/usr/local/pgsql/bin",
}

var reportedVersion = regexp.MustCompile(`PostgreSQL\) (\d+)`)

// installations lists the servers on this machine, the newest first.
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

// findPostgres returns the server to use for a major version. data is the major version of
// existing data, which no other version can read; 0: there are none. Without data another
// version is accepted, with a note: the run shows less than one with the right version, but
// it shows more than none.
func findPostgres(want, data int, path string) (installation, []string, error) {
	all := installations(path)
	use := want
	if data != 0 {
		use = data
	}
	i := slices.IndexFunc(all, func(i installation) bool { return i.major == use })
	switch {
	case i < 0 && data != 0:
		return installation{}, nil, fmt.Errorf("the data were created by PostgreSQL %d, which is no longer installed (%s): install it, or remove the environment with its data (goldenpath down)", data, listed(all))
	case len(all) == 0:
		return installation{}, nil, errors.New(missingPostgres(want))
	case i < 0:
		i = 0
	}
	if found := all[i]; found.major != want {
		return found, []string{fmt.Sprintf("PostgreSQL %d is used, because %d is not installed on this machine: install %[2]d to test with the version that .goldenpath.yml asks for", found.major, want)}, nil
	}
	return all[i], nil, nil
}

// CheckPostgres returns what a deployment with this version would report: a note, or an
// error that names what to install.
func CheckPostgres(want int, path string) (note string, err error) {
	_, notes, err := findPostgres(want, 0, path)
	return strings.Join(notes, "; "), err
}

func listed(all []installation) string {
	if len(all) == 0 {
		return "no version is"
	}
	var names []string
	for _, i := range all {
		names = append(names, strconv.Itoa(i.major))
	}
	return "installed: " + strings.Join(names, ", ")
}

// missingPostgres explains how to install a server.
func missingPostgres(want int) string {
	return fmt.Sprintf("PostgreSQL is not installed on this machine (looked for initdb in PATH and in the usual folders): install it with apt install postgresql, dnf install postgresql-server or brew install postgresql@%d; no running service is needed. Or remove services.postgres and set DATABASE_URL under secrets to a database that you have", want)
}
