//go:build e2e

package server

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
)

var staged = []string{evidence.Provenance, evidence.Tests, evidence.Gate}

// TestPath takes the sample from a pull request to production, and back, on a server with
// each engine (GP-PATH-13).
func TestPath(t *testing.T) {
	for _, engine := range []string{"podman", "docker"} {
		t.Run(engine, func(t *testing.T) {
			s := start(t, "path-"+engine, engine)
			a := sample(t, s)
			a.previews()
			a.releases()
			a.reboots()
			a.nothingLeft()
		})
	}
}

func (a *app) answers(name, want string) {
	a.t.Helper()
	status, body, err := get(a.url(name) + "/version")
	if err != nil || status != 200 || !strings.Contains(body, want) {
		a.t.Errorf("%s answers %d %q, %v; want %s", name, status, body, err, want)
	}
}

func (a *app) pass(code int, out string) {
	a.t.Helper()
	if code != 0 {
		a.t.Fatalf("exit code %d\n%s", code, out)
	}
}

// previews opens, updates and closes a pull request.
func (a *app) previews() {
	a.pass(a.up(1, 0))
	a.answers("pr-1", a.commits[0])
	p := probing(a.t, a.url("pr-1")+"/healthz")
	a.pass(a.up(1, 1))
	p.none(a.t)
	a.answers("pr-1", a.commits[1])
	if list := a.must(append([]string{"preview", "list"}, a.ssh("previews")...)...); !strings.Contains(list, "pr-1") {
		a.t.Errorf("the list has no pr-1:\n%s", list)
	}
	a.must(append([]string{"preview", "down", "--name", "pr-1"}, a.ssh("previews")...)...)
	if status, body, err := get(a.url("pr-1") + "/version"); err == nil && status == 200 && strings.Contains(body, a.commits[1]) {
		a.t.Errorf("the removed preview answers %s", body)
	}
}

// releases stages and promotes two versions and goes back.
func (a *app) releases() {
	code, out := a.promote("staging", 0)
	if code == 0 || !strings.Contains(out, "evidence") {
		a.t.Errorf("an image without evidence is staged: exit code %d\n%s", code, out)
	}
	for version := range 2 {
		a.attest(version, staged...)
		a.pass(a.promote("staging", version))
		a.answers("staging", a.commits[version])
		a.attest(version, evidence.Scorecard, evidence.Battery)
		var p *probes
		if version > 0 {
			p = probing(a.t, a.url("www")+"/healthz")
		}
		a.pass(a.promote("production", version))
		if p != nil {
			p.none(a.t)
		}
		a.answers("www", a.commits[version])
	}
	p := probing(a.t, a.url("www")+"/healthz")
	start := time.Now()
	a.must(append([]string{"rollback", "--environment", "production", "--reason", "results are slow"}, a.ssh("releases")...)...)
	a.t.Logf("rollback in %s", time.Since(start).Round(10*time.Millisecond))
	p.none(a.t)
	a.answers("www", a.commits[0])
}

// reboots restarts the server, then cuts its power, and finds everything again.
func (a *app) reboots() {
	s := a.servers[0]
	for _, how := range []func(){func() { s.machine("reboot") }, func() { s.machine("kill"); s.machine("up", s.engine()) }} {
		start := time.Now()
		how()
		a.t.Logf("the server is back after %.1f s", time.Since(start).Seconds())
		a.comes("www", a.commits[0])
		a.t.Logf("production answers after %.1f s", time.Since(start).Seconds())
	}
	a.comes("staging", a.commits[1])
	a.pass(a.up(2, 0))
	a.answers("pr-2", a.commits[0])
}

// comes waits until an environment answers with a commit.
func (a *app) comes(name, want string) {
	a.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		status, body, err := get(a.url(name) + "/version")
		if err == nil && status == 200 && strings.Contains(body, want) {
			return
		}
		if time.Now().After(end) {
			a.t.Fatalf("%s does not answer: %d %q %v\n%s", name, status, body, err, a.servers[0].root("goldenpath host status; journalctl --no-pager --lines 60"))
		}
	}
}

func (s *server) engine() string {
	return s.name[strings.LastIndex(s.name, "-")+1:]
}

// nothingLeft removes everything and looks for what is left.
func (a *app) nothingLeft() {
	s := a.servers[0]
	a.must(append([]string{"preview", "down", "--name", "pr-2"}, a.ssh("previews")...)...)
	if out := s.root("goldenpath host status"); !strings.Contains(out, "production") || !strings.Contains(out, "2 environments") {
		a.t.Errorf("host status as root: %s", out)
	}
	for _, environment := range []string{"staging", "production"} {
		s.root("goldenpath host down where2eat " + environment)
	}
	engine := s.engine()
	for what, command := range map[string]string{
		"containers": engine + " ps --all --quiet",
		"networks":   engine + " network ls --filter label=dev.goldenpath.environment --quiet",
		"volumes":    engine + " volume ls --quiet",
		"units":      "systemctl --user list-units --all --plain --no-legend 'goldenpath@*' | grep -v 'inactive *dead' || true",
		"folders":    "ls ~/state/environments",
		"enabled":    "ls ~/.config/systemd/user/default.target.wants 2>/dev/null | grep @ || true",
	} {
		if out := s.user(command); out != "" {
			a.t.Errorf("%s are left: %s", what, out)
		}
	}
	if routes := s.root("curl -s localhost:2019/config/apps/http/servers"); strings.Contains(routes, ".test") {
		a.t.Errorf("routes are left: %s", routes)
	}
	s.root("goldenpath host uninstall --yes")
	left := s.root("ls -d /etc/goldenpath /var/lib/goldenpath /usr/local/bin/goldenpath /etc/systemd/user/goldenpath* /etc/systemd/system/goldenpath* /var/lib/systemd/linger/goldenpath 2>/dev/null; id goldenpath 2>/dev/null; nft list tables 2>/dev/null | grep goldenpath; true")
	if left != "" {
		a.t.Errorf("after uninstall: %s", left)
	}
}
