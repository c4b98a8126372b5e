package scorecard

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Classes of a migration, by its effect on the release before it: expand leaves that
// release running, contract may break it, irreversible also loses data.
const (
	expand       = "expand"
	contract     = "contract"
	irreversible = "irreversible"
)

var (
	// inert is SQL that is not executed: strings and comments, which may contain
	// each other.
	inert               = regexp.MustCompile(`(?s)'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/`)
	irreversibleKeyword = regexp.MustCompile(`(?i)\b(drop\s+(table|column|schema|database)|truncate|delete\s+from)\b`)
	contractKeyword     = regexp.MustCompile(`(?i)\b(drop|rename|alter\s+column|modify\s+column|set\s+not\s+null)\b`)
)

// gradeMigrations grades the worst class of the new migrations.
func gradeMigrations(c *candidate) Dimension {
	if c.Migrations == "" {
		return Dimension{State: report.NotApplicable, Result: "no migrations are configured"}
	}
	names, unread := c.NewMigrations.get()
	worst := expand
	for _, name := range names {
		sql, err := readFile(c.root, name)
		if err != nil {
			return Dimension{State: report.Missing, Result: fmt.Sprintf("%s cannot be read: %v", name, err)}
		}
		worst = worse(worst, classify(string(sql)))
	}
	d := Dimension{State: report.OK, Result: "none"}
	if len(names) > 0 {
		d.Result = fmt.Sprintf("%s (%s: %s)", worst, english.Plural(len(names), "file", ""), strings.Join(base(names), ", "))
		d.Note = "rollback stays possible"
	}
	if worst != expand {
		d.State, d.Note = report.Warned, "the previous release may not run with this database schema"
	}
	if unread != nil {
		d.Note = ""
		if len(names) > 0 {
			d.Note = "found so far: " + d.Result
		}
		d.State, d.Result = report.Missing, fmt.Sprintf("cannot determine the new migrations: %v", unread)
	}
	return d
}

// classify returns the class of one migration. It does not parse SQL: a statement
// without one of the keywords is an expand.
func classify(sql string) string {
	sql = inert.ReplaceAllString(sql, " ")
	switch {
	case irreversibleKeyword.MatchString(sql):
		return irreversible
	case contractKeyword.MatchString(sql):
		return contract
	}
	return expand
}

// worse returns the worse of two classes.
func worse(a, b string) string {
	for _, class := range []string{irreversible, contract} {
		if a == class || b == class {
			return class
		}
	}
	return expand
}

// base returns the last elements of slash-separated names.
func base(names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, path.Base(n))
	}
	return out
}
