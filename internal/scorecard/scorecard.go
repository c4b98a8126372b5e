// Package scorecard grades a release candidate: requirements, tests, performance,
// security, AI evals, migrations, rollback and readiness.
//
// Performance and AI evals have no inputs yet: their grade is "not applicable".
package scorecard

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Options are the facts about one release candidate. An Input that is not set is
// graded as missing, or as not applicable where nothing is configured.
type Options struct {
	App    string
	Commit string // full commit id
	Digest string // of the image, such as sha256:…; empty: not built yet
	Dir    string // checkout of the commit
	Must   []string
	// JUnit files of the tests that ran for this commit or digest.
	JUnit []string
	// Unmatched are the JUnit patterns that matched no file.
	Unmatched []string
	// NoJUnit reports that the configuration declares checks, none of which writes JUnit.
	NoJUnit bool
	Gate    *report.Report // nil: the security gate has not run
	// Folders of the repository, slash-separated, relative to Dir; empty: not
	// configured.
	Requirements, Migrations, Flags, Prompts string
	// Messages of the commits since the last release, in full.
	Messages Input[[]string]
	// NewMigrations are the migration files since the last release: raw names,
	// slash-separated, relative to Dir.
	NewMigrations Input[[]string]
	// Environment is the last one of the path, which a rollback applies to; empty:
	// the repository declares none, and nothing can be rolled back.
	Environment string
	// Previous is the release that runs in Environment now. Known(nil): there is
	// none, this is the first release.
	Previous Input[*Previous]
	Started  time.Time
}

// A candidate is the input of the grades: the options, and what was read from the files
// that they name.
type candidate struct {
	Options
	root         *os.Root
	tests        Tests
	requirements Requirements
	checklist    []Item
}

// dimensions are the rows of the scorecard, in order.
var dimensions = []struct {
	name  string
	grade func(*candidate) Dimension
}{
	{"requirements", gradeRequirements},
	{"tests", gradeTests},
	{"performance", gradePerformance},
	{"security", gradeSecurity},
	{"ai-evals", gradeEvals},
	{"migrations", gradeMigrations},
	{"rollback", gradeRollback},
	{"readiness", gradeReadiness},
}

// Grade grades a candidate. The report's data is a *Card. An unknown name in Must, a
// JUnit file that is not a complete report, and a folder of requirements that cannot be
// read are usage errors.
func Grade(o Options) (*report.Report, error) {
	if err := checkMust(o.Must); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("cannot grade %s: %w", o.App, err)
	}
	defer root.Close()
	c := &candidate{Options: o, root: root, checklist: checklist(root, o)}
	if c.tests, err = readTests(o.JUnit, o.Unmatched); err != nil {
		return nil, err
	}
	if c.requirements, err = readRequirements(root, o, c.tests); err != nil {
		return nil, err
	}
	card := &Card{Schema: cardSchema, Tests: c.tests, Requirements: c.requirements, Readiness: c.checklist}
	for _, one := range dimensions {
		d := one.grade(c)
		d.Name, d.Must = one.name, slices.Contains(o.Must, one.name)
		card.Dimensions = append(card.Dimensions, d.demanded())
	}
	return card.report(o), nil
}

// checkMust returns one error for all names in Must that are not a dimension.
func checkMust(must []string) error {
	var names, problems []string
	for _, d := range dimensions {
		names = append(names, d.name)
	}
	for _, m := range must {
		if !slices.Contains(names, m) {
			problems = append(problems, fmt.Sprintf("scorecard.must: there is no dimension %q; use one of %s", m, strings.Join(names, ", ")))
		}
	}
	if len(problems) > 0 {
		return report.Usage(strings.Join(problems, "\n"))
	}
	return nil
}
