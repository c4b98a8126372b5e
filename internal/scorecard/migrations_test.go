package scorecard

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestMigrations proves GP-SCORE-7: the class of each kind of statement, and that the
// worst one is the grade.
func TestMigrations(t *testing.T) {
	for sql, class := range map[string]string{
		"create table votes (id int);":                           "expand",
		"alter table votes add column note text;":                "expand",
		"create index on votes (id);":                            "expand",
		"insert into votes values ('drop table votes');":         "expand",
		"-- drop table votes\nselect 1;":                         "expand",
		"/* truncate\nvotes */ select 1;":                        "expand",
		"select 'it''s -- no comment'; create table x (id int);": "expand",
		"select '--'; drop table votes;":                         "irreversible",
		"select '/*'; drop table votes; select '*/';":            "irreversible",
		"alter table votes rename column a to b;":                "contract",
		"ALTER TABLE votes ALTER COLUMN a SET NOT NULL;":         "contract",
		"alter table votes modify column a int;":                 "contract",
		"drop index votes_a;":                                    "contract",
		"Drop Table votes;":                                      "irreversible",
		"alter table votes drop\n\tcolumn a;":                    "irreversible",
		"truncate votes;":                                        "irreversible",
		"delete from votes where id < 3;":                        "irreversible",
		"create table backdrop (rename_me int, truncated bool);": "expand",
		"alter table votes drop note;":                           "irreversible",
		"alter table votes drop if exists \"note\";":             "irreversible",
		"alter table votes drop constraint votes_pk;":            "contract",
		"": "expand",
	} {
		d := gradeMigrations(&candidate{root: root(t, map[string]string{"db/1.sql": sql}), Options: Options{Migrations: "db", NewMigrations: Known([]string{"db/1.sql"})}})
		if !strings.HasPrefix(d.Result, class+" (1 file: 1.sql)") || (d.State == report.OK) != (class == "expand") {
			t.Errorf("%q: %+v, want %s", sql, d, class)
		}
	}
	r := root(t, map[string]string{"db/1.sql": "drop table a;", "db/2.sql": "alter table b rename to c;", "db/3.sql": "create table d (id int);"})
	all := []string{"db/1.sql", "db/2.sql", "db/3.sql"}
	if d := gradeMigrations(&candidate{root: r, Options: Options{Migrations: "db", NewMigrations: Known(all)}}); d.Result != "irreversible (3 files: 1.sql, 2.sql, 3.sql)" || d.State != report.Warned {
		t.Errorf("not the worst class: %+v", d)
	}
	if d := gradeMigrations(&candidate{root: r, Options: Options{Migrations: "db", NewMigrations: Known[[]string](nil)}}); d.Result != "none" || d.State != report.OK {
		t.Errorf("none: %+v", d)
	}
}

// TestMigrationInputs proves GP-SCORE-7 for unknown inputs, and for names that git
// would quote.
func TestMigrationInputs(t *testing.T) {
	r := root(t, map[string]string{"db/002_größe.sql": "drop table a;", "db/V2__drop old votes.sql": "drop table b;", "db/say \"hi\".sql": "drop table c;", "db/ok.sql": "select 1;"})
	shallow := errors.New("the clone is shallow")
	for name, test := range map[string]struct {
		new    Input[[]string]
		state  report.State
		result string
		note   string
	}{
		"not ASCII":         {Known([]string{"db/002_größe.sql"}), report.Warned, "irreversible (1 file: 002_größe.sql)", "the previous release may not run with this database schema"},
		"blanks":            {Known([]string{"db/V2__drop old votes.sql"}), report.Warned, "irreversible (1 file: V2__drop old votes.sql)", "the previous release may not run with this database schema"},
		"quotes":            {Known([]string{`db/say "hi".sql`}), report.Warned, `irreversible (1 file: say "hi".sql)`, "the previous release may not run with this database schema"},
		"an expand":         {Known([]string{"db/ok.sql"}), report.OK, "expand (1 file: ok.sql)", "rollback stays possible"},
		"none":              {Known[[]string](nil), report.OK, "none", ""},
		"not asked":         {Input[[]string]{}, report.Missing, "cannot determine the new migrations: no input was provided", ""},
		"not read":          {Unknown[[]string](shallow), report.Missing, "cannot determine the new migrations: the clone is shallow", ""},
		"read in part":      {Partial([]string{"db/ok.sql", "db/002_größe.sql"}, shallow), report.Missing, "cannot determine the new migrations: the clone is shallow", "found so far: irreversible (2 files: ok.sql, 002_größe.sql)"},
		"not in checkout":   {Known([]string{"db/gone.sql"}), report.Missing, "db/gone.sql cannot be read: ", ""},
		"out of reach":      {Known([]string{"../x.sql"}), report.Missing, "../x.sql cannot be read: ", ""},
		"quoted, as by git": {Known([]string{`"db/002_gr\303\266\303\237e.sql"`}), report.Missing, "cannot be read: ", ""},
	} {
		d := gradeMigrations(&candidate{root: r, Options: Options{Migrations: "db", NewMigrations: test.new}})
		if d.State != test.state || !strings.Contains(d.Result, test.result) || d.Note != test.note {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// TestMigrationUnclear: what the rules do not understand is neither an expand nor
// none.
func TestMigrationUnclear(t *testing.T) {
	utf16 := "\xff\xfe" + strings.Join(strings.Split("drop table a;", ""), "\x00") + "\x00"
	for name, test := range map[string]struct {
		file, sql string
		state     report.State
	}{
		"a backslash before a quote":       {"1.sql", `insert into a values (E'it\'s'); DROP TABLE a; insert into b values ('x');`, report.Inconclusive},
		"a quote in a quoted name":         {"1.sql", `select "o'b"; DROP TABLE a; select 'x'`, report.Inconclusive},
		"quotes in comments of MySQL":      {"1.sql", "# don't\nDROP TABLE a;\n# isn't\n", report.Inconclusive},
		"dollar quotes":                    {"1.sql", "do $$ begin execute 'drop table a'; end $$;", report.Inconclusive},
		"UTF-16 with a byte order mark":    {"1.sql", utf16, report.Warned},
		"UTF-16 without a byte order mark": {"1.sql", utf16[2:], report.Missing},
		"not SQL":                          {"1.js", "exports.up = knex => knex.schema.dropTable('a')", report.Missing},
	} {
		d := gradeMigrations(&candidate{root: root(t, map[string]string{"db/" + test.file: test.sql}), Options: Options{Migrations: "db", NewMigrations: Known([]string{"db/" + test.file})}})
		if d.State != test.state {
			t.Errorf("%s: %+v, want %s", name, d, test.state)
		}
	}
}
