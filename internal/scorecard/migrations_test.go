package scorecard

import (
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestMigrations proves GP-SCORE-7.
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
		t.Errorf("the worst counts: %+v", d)
	}
	if d := gradeMigrations(&candidate{root: r, Options: Options{Migrations: "db", NewMigrations: Known[[]string](nil)}}); d.Result != "none" || d.State != report.OK {
		t.Errorf("none: %+v", d)
	}
}
