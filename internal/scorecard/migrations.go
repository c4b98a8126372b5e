package scorecard

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dustin/go-humanize/english"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

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
	// dialect matches quotes and comments that inert does not know: a backslash before a
	// quote, a quote within another kind of quotes, # comments, dollar quotes.
	dialect = regexp.MustCompile("(?m)\\\\'|[\"`][^\"`\\n]*'[^\"`\\n]*[\"`]|#|\\$\\w*\\$")
	// dropped finds the word after DROP in an ALTER TABLE.
	dropped         = regexp.MustCompile(`(?i)\balter\s+table\s[^;]*?\bdrop\s+(?:if\s+exists\s+)?["` + "`" + `\[]?(\w+)`)
	contractKeyword = regexp.MustCompile(`(?i)\b(drop|rename|alter\s+column|modify\s+column|set\s+not\s+null)\b`)
)

// gradeMigrations grades the worst class of the new migrations.
func gradeMigrations(c *candidate) Dimension {
	if c.Migrations == "" {
		return Dimension{State: report.NotApplicable, Result: "no migrations are configured"}
	}
	names, unread := c.NewMigrations.get()
	worst := expand
	var unclear []string
	for _, name := range names {
		sql, err := readMigration(c.root, name)
		if err != nil {
			return Dimension{State: report.Missing, Result: fmt.Sprintf("%s cannot be read: %v", name, err)}
		}
		class, sure := classify(sql)
		worst = worse(worst, class)
		if !sure {
			unclear = append(unclear, path.Base(name))
		}
	}
	d := Dimension{State: report.OK, Result: "none"}
	if len(names) > 0 {
		d.Result = fmt.Sprintf("%s (%s: %s)", worst, english.Plural(len(names), "file", ""), strings.Join(base(names), ", "))
		d.Note = "rollback stays possible"
	}
	if worst != expand {
		d.State, d.Note = report.Warned, "the previous release may not run with this database schema"
	}
	if len(unclear) > 0 && worst != irreversible {
		d.State = report.Inconclusive
		d.Note = strings.Join(unclear, ", ") + " may destroy data: a destructive statement stands near quotes or comments that this check does not know"
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

// readMigration reads a migration as text. A file that is not SQL, and text that is
// neither UTF-8 nor marked as UTF-16, is an error: it cannot be classified.
func readMigration(root *os.Root, name string) (string, error) {
	if !strings.EqualFold(path.Ext(name), ".sql") {
		return "", errors.New("only SQL migrations can be classified")
	}
	b, err := readFile(root, name)
	if err != nil {
		return "", err
	}
	text, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), b)
	if err == nil && (!utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0) {
		err = errors.New("the text is neither UTF-8 nor UTF-16 with a byte order mark")
	}
	return string(text), err
}

// classify returns the class of one migration. It knows no dialect: a statement
// without one of the keywords is an expand. The class is not sure if a statement that
// destroys data stands in what the rules take for a string or a comment, and the file
// uses quotes or comments of a dialect.
func classify(sql string) (class string, sure bool) {
	run := inert.ReplaceAllString(sql, " ")
	sure = !irreversibleKeyword.MatchString(sql) || !dialect.MatchString(sql)
	switch {
	case irreversibleKeyword.MatchString(run) || dropsColumn(run):
		return irreversible, true
	case contractKeyword.MatchString(run):
		return contract, sure
	}
	return expand, sure
}

// dropsColumn reports whether ALTER TABLE drops a column without the word COLUMN,
// which is optional.
func dropsColumn(sql string) bool {
	for _, m := range dropped.FindAllStringSubmatch(sql, -1) {
		if !slices.Contains([]string{"constraint", "index", "key", "primary", "foreign", "check", "default", "not", "partition", "identity", "expression"}, strings.ToLower(m[1])) {
			return true
		}
	}
	return false
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
