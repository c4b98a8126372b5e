//go:build e2e

package server

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
)

// programs copies programs of this machine with their libraries into a folder that becomes
// the root of an image.
func programs(t *testing.T, dir string, names ...string) {
	t.Helper()
	library := regexp.MustCompile(`(?m)(/\S+) \(0x`)
	for _, name := range names {
		out, err := exec.Command("ldd", name).CombinedOutput()
		if err != nil {
			t.Fatalf("ldd %s: %v\n%s", name, err, out)
		}
		files := []string{name}
		for _, m := range library.FindAllStringSubmatch(string(out), -1) {
			files = append(files, m[1])
		}
		for _, f := range files {
			to := filepath.Join(dir, f)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("cp", "--dereference", f, to).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
	}
}

const postgresBin = "/usr/lib/postgresql/15/bin/"

// postgresEntrypoint does what that of the official image does with the variables that
// goldenpath sets.
const postgresEntrypoint = `#!/bin/sh
set -eu
bin=` + postgresBin + `
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	printf %s "$POSTGRES_PASSWORD" > /tmp/password
	$bin/initdb --pgdata "$PGDATA" --username "$POSTGRES_USER" --pwfile /tmp/password --auth-host scram-sha-256 --auth-local trust --no-locale --encoding UTF8
	echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
	echo "CREATE DATABASE $POSTGRES_DB;" | $bin/postgres --single -D "$PGDATA" postgres
fi
exec $bin/postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
`

// postgresImage makes an image that works like the official one, from this machine's
// PostgreSQL, and loads it into the engine of a server under the official name.
func postgresImage(t *testing.T, s *server) {
	t.Helper()
	if _, err := os.Stat(postgresBin + "postgres"); err != nil {
		t.Skip("PostgreSQL 15 is not installed on this machine")
	}
	dir := t.TempDir()
	names := []string{"/bin/sh"}
	for _, n := range []string{"postgres", "initdb", "pg_isready", "pg_dump", "pg_restore", "psql"} {
		p, err := filepath.EvalSymlinks(postgresBin + n)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, p)
	}
	programs(t, dir, names...)
	script := strings.Join([]string{
		"cd " + quote(dir), "mkdir -p etc tmp var/run/postgresql var/lib/postgresql/data usr/share/postgresql usr/lib/postgresql/15 usr/bin", "chmod 1777 tmp var/run/postgresql", // as in the official image: Docker keeps the mode
		"cp -rL /usr/share/postgresql/15 usr/share/postgresql/", "cp -rL /usr/lib/postgresql/15/lib usr/lib/postgresql/15/",
		"cp -rL /usr/share/zoneinfo usr/share/ 2>/dev/null || true",
		"for n in pg_isready pg_dump pg_restore psql; do ln -s " + postgresBin + "$n usr/bin/$n; done",
		"echo 'postgres:x:999:999::/tmp:/bin/sh' > etc/passwd", "echo 'postgres:x:999:' > etc/group",
	}, " && ")
	if out, err := exec.Command("sh", "-euc", script).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "entrypoint"), []byte(postgresEntrypoint), 0o755); err != nil {
		t.Fatal(err)
	}
	importImage(t, s, dir, "docker.io/library/postgres:15", `ENTRYPOINT ["/entrypoint"]`, "ENV PATH=/usr/bin:/bin")
}

// importImage makes an image of a folder in the engine of a server.
func importImage(t *testing.T, s *server, dir, name string, changes ...string) {
	t.Helper()
	command := s.engine() + " import"
	for _, c := range changes {
		command += " --change " + quote(c)
	}
	tar := exec.Command("tar", "--create", "--directory", dir, ".")
	load := exec.Command(filepath.Join(root(t), "internal/e2e/server/host.sh"), "ssh", s.name,
		"su - goldenpath -c "+quote("export XDG_RUNTIME_DIR=/run/user/$(id -u); "+command+" - "+name))
	var err error
	if load.Stdin, err = tar.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := tar.Start(); err != nil {
		t.Fatal(err)
	}
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := tar.Wait(); err != nil {
		t.Fatal(err)
	}
}

// redisImage makes an image that works like the official one, from this machine's Redis.
func redisImage(t *testing.T, s *server) {
	t.Helper()
	if _, err := os.Stat("/usr/bin/redis-server"); err != nil {
		t.Skip("Redis is not installed on this machine")
	}
	dir := t.TempDir()
	programs(t, dir, "/bin/sh", "/bin/grep", "/usr/bin/redis-server", "/usr/bin/redis-cli")
	if out, err := exec.Command("sh", "-euc", "cd "+quote(dir)+" && mkdir -p data tmp etc && chmod 1777 data tmp && echo 'redis:x:999:999::/data:/bin/sh' > etc/passwd").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	importImage(t, s, dir, "docker.io/library/redis:7", "ENV PATH=/usr/bin:/bin")
}

// TestServices: each environment has a database and a Redis of its own, migrated before its
// traffic; the data of a release stay and are backed up first; those of a preview end with it
// (GP-PREV-15).
func TestServices(t *testing.T) {
	for _, engine := range []string{"podman", "docker"} {
		t.Run(engine, func(t *testing.T) {
			s := start(t, "data-"+engine, engine)
			a := prepare(t, s)
			if _, err := os.Stat(postgresBin + "psql"); err != nil {
				t.Skip("PostgreSQL 15 is not installed on this machine")
			}
			// The image of the app has psql, for its migration.
			tools := filepath.Join(t.TempDir(), "tools")
			psql, err := filepath.EvalSymlinks(postgresBin + "psql")
			if err != nil {
				t.Fatal(err)
			}
			programs(t, tools, "/bin/sh", psql)
			a.edit(".goldenpath.yml", "-o dist/app/where2eat .", "-o dist/app/where2eat . && cp -r "+tools+"/. dist/app/")
			migrate := `migrate: ` + psql + ` --set ON_ERROR_STOP=1 "$DATABASE_URL" --file /dev/null --command "create table if not exists notes (id int)"`
			a.edit(".goldenpath.yml", "  ready: {path: /healthz", "  "+migrate+"\n  ready: {path: /healthz")
			a.edit(".goldenpath.yml", "    from: staging\n", "    from: staging\n    "+migrate+"\n")
			a.edit(".goldenpath.yml", "gate:", "services: {postgres: 15, redis: 7}\ngate:")
			a.pack(s)
			postgresImage(t, s)
			redisImage(t, s)

			query := func(environment, sql string) string {
				t.Helper()
				return s.user(engine + " exec goldenpath.where2eat." + environment + ".postgres psql --username app --dbname app --tuples-only --no-align --command " + `"` + sql + `"`)
			}
			redis := func(environment, command string) string {
				t.Helper()
				return s.user(engine + " exec goldenpath.where2eat." + environment + ".redis redis-cli " + command)
			}
			a.pass(a.up(1, 0))
			a.answers("pr-1", a.commits[0])
			query("preview.pr-1", "insert into notes values (1)")
			redis("preview.pr-1", "set notes 1")
			if out := s.user(engine + " exec --env REDISCLI_AUTH= goldenpath.where2eat.preview.pr-1.redis redis-cli get notes"); !strings.Contains(out, "NOAUTH") {
				t.Errorf("Redis without the password: %s", out)
			}
			if out := s.user("grep -c '\"REDIS_URL\": \"redis://:[A-Z0-9]*@redis:6379/0\"' ~/state/environments/where2eat.preview.pr-1/1.json; ps -ef | grep -c '[r]equirepass [A-Z0-9]\\{20\\}' || true"); out != "1\n0" {
				t.Errorf("the app's address of Redis, and passwords in the list of processes: %q", out)
			}
			a.pass(a.up(1, 1))
			if got := redis("preview.pr-1", "get notes"); got != "1" {
				t.Errorf("Redis after an update: %q", got)
			}
			if got := query("preview.pr-1", "select id from notes"); got != "1" {
				t.Errorf("the preview's data after an update: %q", got)
			}
			a.must(append([]string{"preview", "down", "--name", "pr-1"}, a.ssh("previews")...)...)
			if out := s.user(engine + " volume ls --quiet"); out != "" {
				t.Errorf("volumes of the preview are left: %s", out)
			}

			for version := range 2 {
				a.attest(version, staged...)
				a.pass(a.promote("staging", version))
				a.attest(version, evidence.Scorecard, evidence.Battery)
				a.pass(a.promote("production", version))
				if version == 0 {
					query("production", "insert into notes values (7)")
				}
			}
			if got := query("production", "select id from notes"); got != "7" {
				t.Errorf("production's data after a release: %q", got)
			}
			dump := s.user("ls ~/state/backups/where2eat.production/*.dump")
			if strings.Count(dump, ".dump") != 1 {
				t.Fatalf("backups: %q", dump)
			}
			query("production", "delete from notes")
			s.user("goldenpath host restore where2eat production " + dump)
			if got := query("production", "select id from notes"); got != "7" {
				t.Errorf("production's data after a restore: %q", got)
			}
			if got := query("staging", "select count(*) from information_schema.tables where table_name = 'notes'"); got != "0" {
				t.Errorf("staging, which has no migration, has the table of production: %q", got)
			}
		})
	}
}
