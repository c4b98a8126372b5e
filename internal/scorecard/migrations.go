package scorecard

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// What a statement does to a release that runs before it.
var (
	// What is said and not done: a comment, or a text that may hold one.
	comment      = regexp.MustCompile(`(?s)'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/`)
	irreversible = regexp.MustCompile(`(?i)\b(drop\s+(table|column|schema|database)|truncate|delete\s+from)\b`)
	contract     = regexp.MustCompile(`(?i)\b(drop|rename|alter\s+column|modify\s+column|set\s+not\s+null)\b`)
)

// migrations classes what the candidate brings: none, expand, contract or
// irreversible.
func migrations(root *os.Root, o Options) Dimension {
	d := Dimension{Name: "migrations", State: report.OK}
	if o.Migrations == "" {
		d.State, d.Result = report.NotApplicable, "no migrations are configured"
		return d
	}
	names, unread := o.NewMigrations.get()
	if unread != nil {
		d.State, d.Result = report.Missing, fmt.Sprintf("the new migrations are not known: %v", unread)
		return d
	}
	if len(names) == 0 {
		d.Result = "none"
		return d
	}
	class := "expand"
	for _, name := range names {
		b, err := readFile(root, name)
		if err != nil {
			return Dimension{Name: d.Name, State: report.Missing, Result: fmt.Sprintf("%s cannot be read", name)}
		}
		sql := comment.ReplaceAllString(string(b), " ")
		switch {
		case irreversible.MatchString(sql):
			class = "irreversible"
		case contract.MatchString(sql) && class == "expand":
			class = "contract"
		}
	}
	d.Result = fmt.Sprintf("%s (%s: %s)", class, english.Plural(len(names), "file", ""), strings.Join(base(names), ", "))
	switch class {
	case "expand":
		d.Note = "rollback stays possible"
	default:
		d.State, d.Note = report.Warned, "the previous release may not run on this schema"
	}
	return d
}

func base(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, filepath.Base(n))
	}
	return out
}
