package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// server returns an installed PostgreSQL.
func installed(t *testing.T) installation {
	t.Helper()
	all := installations(os.Getenv("PATH"))
	if len(all) == 0 {
		t.Skip("PostgreSQL is not installed on this machine")
	}
	return all[0]
}

// query runs SQL with the variables that the application has.
func (b *bench) query(at installation, sql string) string {
	b.Helper()
	cmd := exec.Command(filepath.Join(at.bin, "psql"), "-XAtc", sql, b.self(b.status().URL).env("DATABASE_URL"))
	cmd.Env = []string{"LANG=C.UTF-8"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("%s: %v: %s", sql, err, out)
	}
	return strings.TrimSpace(string(out))
}

// TestPostgres proves GP-PREV-15 and NEWCOMER 5: an environment has a database of its own,
// which migrations, commands and the application find, which survives releases, a killed
// supervisor and a killed server, and which ends with the environment.
func TestPostgres(t *testing.T) {
	at := installed(t)
	b := newBench(t)
	b.Path = at.bin + ":/usr/bin:/bin"
	d := b.deployment("", commit1)
	d.Env = nil
	d.Services.Postgres.Version = at.major
	d.Migrate = target.Migration{Shell: `psql -v ON_ERROR_STOP=1 "$DATABASE_URL" -c "create table notes (id int)"`}
	first := b.mustDeploy(d)
	if len(first.Notes) != 1 { // about sh, which the image does not have
		t.Errorf("%q", first.Notes)
	}
	b.query(at, "insert into notes values (7)")
	if c := b.Connections("preview/pr-12"); c["DATABASE_URL"] != b.self(first.URL).env("DATABASE_URL") || c["PGPASSWORD"] == "" {
		t.Errorf("%v", c)
	}

	d.Commit = commit2
	d.Migrate.Shell = `psql -v ON_ERROR_STOP=1 -c "alter table notes add column text text default 'new'"`
	second := b.mustDeploy(d)
	if got := b.query(at, "select * from notes"); got != "7|new" || second.Generation != first.Generation+1 {
		t.Errorf("%q in generation %d", got, second.Generation)
	}

	g := &generation{dir: filepath.Join(b.dir(), "services", "postgres")}
	pid := owner(g.path("lock"))
	if err := syscall.Kill(g.app(), syscall.SIGKILL); err != nil { // as the kernel does when memory is short
		t.Fatal(err)
	}
	eventually(t, "the server is started again", func() bool { return g.state().Restarts > 0 && postmasterReady(g.path("data")) && accepts(g.port()) })
	if got := b.query(at, "select id from notes"); got != "7" || owner(g.path("lock")) != pid {
		t.Errorf("%q", got)
	}
	adoptOrphans(t)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its supervisor ends", func() bool { return !g.alive() })
	d.Migrate = target.Migration{}
	b.mustDeploy(d)
	if got := b.query(at, "select id from notes"); got != "7" {
		t.Errorf("%q", got)
	}
	for _, name := range []string{"spec.json", "server.json"} {
		if info, err := os.Stat(g.path(name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}

	d.Services.Postgres.Version = at.major + 1
	if _, err := b.Deploy(b.ctx, d); err == nil || !strings.Contains(err.Error(), "the data of preview/pr-12 belong to PostgreSQL") {
		t.Errorf("%v", err)
	}
	server := g.app()
	if err := b.Down(b.ctx, "preview/pr-12"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(b.dir()); err == nil || syscall.Kill(server, 0) == nil {
		t.Error("the server or its data stay")
	}
}

// port is the one of a service.
func (g *generation) port() int {
	var p server
	_ = readJSON(g.path("server.json"), &p)
	return p.Port
}

// TestOwnDatabase: a database that the configuration names is used, and no server starts.
func TestOwnDatabase(t *testing.T) {
	b := newBench(t)
	d := b.deployment("", commit1) // its Env has DATABASE_URL
	d.Services.Postgres.Version = 16
	r := b.mustDeploy(d)
	if got := b.self(r.URL); got.env("DATABASE_URL") != d.Env["DATABASE_URL"] || got.env("PGHOST") != "" {
		t.Errorf("%v", got.Env)
	}
	if _, err := os.Stat(filepath.Join(b.dir(), "services")); err == nil || b.Connections("preview/pr-12") != nil {
		t.Error("a server exists")
	}
}

// TestFindPostgres: which server is used, and what is said where none is.
func TestFindPostgres(t *testing.T) {
	before := folders
	t.Cleanup(func() { folders = before })
	dir := t.TempDir()
	folders = []string{filepath.Join(dir, "*/bin")}
	if _, _, err := postgres.find(16, 0, ""); err == nil || !strings.Contains(err.Error(), "brew install postgresql@16") {
		t.Errorf("%v", err)
	}
	for _, major := range []string{"14", "17"} {
		bin := filepath.Join(dir, major, "bin")
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"initdb", "postgres"} {
			if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\necho 'postgres (PostgreSQL) "+major+".4 (Debian "+major+".4-1)'\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		want, data, use int
		note, err       string
	}{
		{want: 17, use: 17}, {want: 14, use: 14},
		{want: 16, use: 17, note: "PostgreSQL 17 is used, because 16 is not installed"},
		{want: 16, data: 14, use: 14, note: "PostgreSQL 14 is used"},
		{want: 17, data: 14, use: 14, note: "PostgreSQL 14 is used"},
		{want: 16, data: 15, err: "created by PostgreSQL 15, which is no longer installed (installed: 17, 14)"},
	} {
		got, notes, err := postgres.find(tt.want, tt.data, "")
		note := strings.Join(notes, "; ")
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%+v: %v", tt, err)
			}
			continue
		}
		if err != nil || got.major != tt.use || !strings.HasPrefix(note, tt.note) || tt.note == "" && note != "" {
			t.Errorf("%+v: %+v %q %v", tt, got, note, err)
		}
	}
}
