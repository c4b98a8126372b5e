//go:build e2e

package server

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
)

// TestFaults breaks what a server and its client depend on. The state stays right, a message
// names what to do, production keeps serving as long as something can serve, and afterwards
// the same command succeeds.
func TestFaults(t *testing.T) {
	t.Run("podman", func(t *testing.T) {
		a := released(t, start(t, "att-fault-podman", "podman"))
		for _, fault := range []struct {
			name string
			run  func()
		}{
			{"programs", a.badPrograms}, {"host key", a.otherHostKey}, {"killed previews", a.killedPreviews}, {"killed promotions", a.killedPromotions},
			{"the same promotion twice", a.twice}, {"no engine", a.noPodman}, {"full disk", a.noDisk}, {"greedy previews", a.greedy}, {"no Caddy", a.noCaddy},
		} {
			t.Run(fault.name, func(t *testing.T) { a.as(t, fault.run) })
		}
		a.nothingLeft()
	})
	t.Run("docker", func(t *testing.T) {
		a := released(t, start(t, "att-fault-docker", "docker"))
		a.walled()
		a.portTaken()
		a.noDocker()
	})
}

// as makes the helpers report to a part of the test.
func (a *app) as(t *testing.T, run func()) {
	old := a.t
	a.t, a.servers[0].t = t, t
	defer func() { a.t, a.servers[0].t = old, old }()
	run()
}

// released is the sample with both versions released to production, so that each may serve
// there again. Version 1 serves.
func released(t *testing.T, s *server) *app {
	a := sample(t, s)
	for version := range 2 {
		a.attest(version, evidence.Provenance, evidence.Tests, evidence.Gate, evidence.Scorecard, evidence.Battery)
		a.pass(a.promote("staging", version))
		a.pass(a.promote("production", version))
	}
	s.user("systemctl --user stop goldenpath-sweep.timer") // what remains must be removed by the commands themselves
	return a
}

// fails expects a failure whose output contains all of want, and that production answers.
func (a *app) fails(what string, code int, out string, want ...string) {
	a.t.Helper()
	if code == 0 {
		a.t.Errorf("%s: it passes\n%s", what, out)
	}
	for _, w := range want {
		if !strings.Contains(out, w) {
			a.t.Errorf("%s: the output does not contain %q\n%s", what, w, out)
		}
	}
}

// with runs a part of the test with another configuration.
func (a *app) with(old, new string, run func()) {
	a.t.Helper()
	before := a.read(".goldenpath.yml")
	a.edit(".goldenpath.yml", old, new)
	defer func() {
		if err := os.WriteFile(filepath.Join(a.dir, ".goldenpath.yml"), []byte(before), 0o644); err != nil {
			a.t.Error(err)
		}
	}()
	run()
}

// badPrograms deploys previews that cannot work, first where nothing is and then where a
// working version serves.
func (a *app) badPrograms() {
	p := probing(a.t, a.url("www")+"/healthz")
	defer p.none(a.t)
	for _, fault := range []struct {
		name, old, new string
		want           []string
	}{
		{"it crashes at the start", "preview:\n", "preview:\n  env: {FLAGS: /nothing}\n", []string{"ended three times", "/nothing"}},
		{"it listens on 127.0.0.1 only", "ready: {path: /healthz, version-path: /version, timeout: 1m}", "env: {HOST: 127.0.0.1}\n  ready: {path: /healthz, timeout: 4s}", []string{"let it listen on 0.0.0.0"}},
		{"it is never ready", "ready: {path: /healthz, version-path: /version, timeout: 1m}", "ready: {path: /nothing, timeout: 3s}", []string{"GET /nothing: 404", "not ready after 3s", "correct ready in .goldenpath.yml"}},
		{"the migration fails", "preview:\n", "preview:\n  migrate: [/where2eat, nothing]\n", []string{"the migration failed", "usage: where2eat"}},
		{"the migration does not exist", "preview:\n", "preview:\n  migrate: [/nothing]\n", []string{"the migration failed", "/nothing"}},
	} {
		a.with(fault.old, fault.new, func() {
			code, out := a.up(1, 0)
			a.fails(fault.name, code, out, fault.want...)
		})
		if status, body, err := get(a.url("pr-1") + "/version"); err == nil && status == 200 && body != "" {
			a.t.Errorf("%s: it answers %q", fault.name, body)
		}
	}
	// Where version 1 serves, it serves on.
	a.pass(a.up(1, 1))
	a.with("ready: {path: /healthz, version-path: /version, timeout: 1m}", "ready: {path: /nothing, timeout: 3s}", func() {
		code, out := a.up(1, 0)
		a.fails("an update that is never ready", code, out, "still serves")
	})
	a.answers("pr-1", a.commits[1])
	a.with("preview:\n", "preview:\n  migrate: [/where2eat, migrate]\n", func() { a.pass(a.up(1, 0)) })
	a.answers("pr-1", a.commits[0])
	a.must(append([]string{"preview", "down", "--name", "pr-1"}, a.ssh("previews")...)...)
	a.gone("preview.pr-1")
}

// gone fails if the server has anything of an environment.
func (a *app) gone(slug string) {
	a.t.Helper()
	s := a.servers[0]
	for what, command := range map[string]string{
		"containers": s.engine() + " ps --all --format '{{.Names}}'",
		"networks":   s.engine() + " network ls --format '{{.Name}}'",
		"volumes":    s.engine() + " volume ls --format '{{.Name}}'",
		"units":      "systemctl --user list-units --all --plain --no-legend 'goldenpath@*'",
		"enabled":    "ls ~/.config/systemd/user/default.target.wants",
		"folders":    "ls ~/state/environments",
	} {
		if out := s.user("(" + command + ") | grep -F where2eat." + slug + " || true"); out != "" {
			a.t.Errorf("%s of %s are left: %s", what, slug, out)
		}
	}
}

// otherHostKey meets a server with another key than the configuration names.
func (a *app) otherHostKey() {
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "other", "-f", filepath.Join(a.keys, "other")).CombinedOutput(); err != nil {
		a.t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(a.keys, "other.pub"))
	if err != nil {
		a.t.Fatal(err)
	}
	other := strings.Join(strings.Fields(string(b))[:2], " ")
	before := a.read(".goldenpath.yml")
	defer os.WriteFile(filepath.Join(a.dir, ".goldenpath.yml"), []byte(before), 0o644)
	if err := os.WriteFile(filepath.Join(a.dir, ".goldenpath.yml"), []byte(strings.ReplaceAll(before, a.servers[0].key, other)), 0o644); err != nil {
		a.t.Fatal(err)
	}
	sessions := a.servers[0].root("journalctl --no-pager --unit ssh.service | grep -c 'Accepted publickey for goldenpath' || true")
	code, out := a.up(1, 0)
	a.fails("another host key", code, out, "has the host key", "goldenpath host key", "somebody is between you and the server")
	code, out = a.promote("production", 1)
	a.fails("another host key", code, out, "ran on another target")
	if now := a.servers[0].root("journalctl --no-pager --unit ssh.service | grep -c 'Accepted publickey for goldenpath' || true"); now != sessions {
		a.t.Errorf("the client has logged in to a server that it does not know: %s logins, then %s", sessions, now)
	}
	a.answers("www", a.commits[1])
}

// kill starts a command, kills it at once after a time, and reports whether it was running.
func (a *app) kill(after time.Duration, args ...string) bool {
	a.t.Helper()
	cmd := exec.Command(filepath.Join(root(a.t), "bin/goldenpath"), args...)
	cmd.Dir = a.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	return cmd.Wait() != nil
}

// moments returns random times within a limit: one in each of n equal parts, in any order.
func moments(n int, limit time.Duration) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = time.Duration(float64(limit) * (float64(i) + rand.Float64()) / float64(n))
	}
	rand.Shuffle(n, func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// killedPreviews kills the client at moments of a deployment, and repeats the command.
func (a *app) killedPreviews() {
	p := probing(a.t, a.url("www")+"/healthz")
	args := func(version int) []string {
		return append([]string{"preview", "up", "--name", "pr-2", "--digest", a.digests[version]}, a.ssh("previews")...)
	}
	killed := 0
	for i, after := range moments(8, lasts(func() { a.run(args(1)...); a.run(args(0)...) })/2) {
		if a.kill(after, args(i%2)...) {
			killed++
		}
		code, out := a.run(args(i % 2)...)
		if code != 0 {
			a.t.Errorf("killed after %s, the command does not converge: %d\n%s", after, code, out)
			continue
		}
		a.answers("pr-2", a.commits[i%2])
		if i%3 == 2 {
			a.only("preview.pr-2", 1)
			a.must(append([]string{"preview", "down", "--name", "pr-2"}, a.ssh("previews")...)...)
			a.gone("preview.pr-2")
		}
	}
	if killed < 2 {
		a.t.Errorf("only %d of 8 commands were killed before they ended", killed)
	}
	a.must(append([]string{"preview", "down", "--name", "pr-2"}, a.ssh("previews")...)...)
	a.gone("preview.pr-2")
	p.none(a.t)
}

// killedPromotions kills the client at moments of a release, and repeats the command.
func (a *app) killedPromotions() {
	p, q := probing(a.t, a.url("www")+"/healthz"), probing(a.t, a.url("staging")+"/healthz")
	args := func(version int) []string {
		return append([]string{"promote", "--older", "--environment", "staging", "--digest", a.digests[version]}, a.ssh("releases")...)
	}
	killed := 0
	for i, after := range moments(7, lasts(func() { a.run(args(1)...); a.run(args(0)...) })/2) {
		if a.kill(after, args((i+1)%2)...) {
			killed++
		}
		code, out := a.run(args((i + 1) % 2)...)
		if code != 0 {
			a.t.Errorf("killed after %s, the command does not converge: %d\n%s", after, code, out)
			continue
		}
		a.answers("staging", a.commits[(i+1)%2])
	}
	a.only("staging", 2) // one that serves and one that stands by
	if killed < 2 {
		a.t.Errorf("only %d of 7 commands were killed before they ended", killed)
	}
	p.none(a.t)
	q.none(a.t)
}

// lasts returns how long something takes here and now.
func lasts(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}

// only waits until an environment has at most n containers, and as many files.
func (a *app) only(slug string, n int) {
	a.t.Helper()
	s := a.servers[0]
	for end := time.Now().Add(40 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		out := s.user("ls ~/state/environments/where2eat." + slug + " | grep -E '^[0-9]+.json$'; " + s.engine() + " ps --all --format '{{.Names}}' | grep -F where2eat." + slug + ".")
		if len(strings.Fields(out)) <= 2*n {
			return
		}
		if time.Now().After(end) {
			a.t.Errorf("%s has more than %d generations: %s", slug, n, out)
			return
		}
	}
}

// twice runs the same promotion two times at once.
func (a *app) twice() {
	p := probing(a.t, a.url("staging")+"/healthz")
	a.pass(a.run(append([]string{"promote", "--older", "--environment", "staging", "--digest", a.digests[0]}, a.ssh("releases")...)...))
	ended := make(chan string, 2)
	for range 2 {
		go func() {
			code, out := a.promote("staging", 1)
			ended <- fmt.Sprintf("%d %s", code, out)
		}()
	}
	passed := 0
	for range 2 {
		out := <-ended
		if strings.HasPrefix(out, "0 ") {
			passed++
		} else if !strings.Contains(out, "locked") && !strings.Contains(out, "another deployment") {
			a.t.Errorf("the second does not learn why: %s", out)
		}
	}
	if passed == 0 {
		a.t.Error("neither promotion passes")
	}
	a.answers("staging", a.commits[1])
	p.none(a.t)
}

// noPodman deploys while Podman cannot be run. What runs already does not need it.
func (a *app) noPodman() {
	s := a.servers[0]
	p := probing(a.t, a.url("www")+"/healthz")
	s.root("chmod a-x /usr/bin/podman")
	code, out := a.up(3, 0)
	a.fails("no Podman", code, out, "is not installed", "apt install podman")
	code, out = a.run(append([]string{"promote", "--older", "--environment", "staging", "--digest", a.digests[0]}, a.ssh("releases")...)...)
	a.fails("no Podman", code, out, "is not installed")
	a.answers("www", a.commits[1])
	s.root("chmod a+x /usr/bin/podman")
	a.pass(a.up(3, 0))
	a.answers("pr-3", a.commits[0])
	a.must(append([]string{"preview", "down", "--name", "pr-3"}, a.ssh("previews")...)...)
	p.none(a.t)
}

// noDisk deploys while the state is on a disk without room.
func (a *app) noDisk() {
	s := a.servers[0]
	p := probing(a.t, a.url("www")+"/healthz")
	state := "~goldenpath/state"
	s.root("cp -a " + state + " /root/state && mount -t tmpfs -o size=96M,mode=700,uid=$(id -u goldenpath),gid=$(id -g goldenpath) state " + state + " && cp -a /root/state/. " + state)
	defer s.root("rm -rf /root/state && cp -a " + state + " /root/state && umount " + state + " && rm -rf " + state + " && cp -a /root/state " + state)
	code, out := a.up(3, 0)
	a.fails("less room than the configuration asks for", code, out, "of free disk and is to keep 1.0 GiB free", "remove previews")
	s.root("cp -a /etc/goldenpath/host.yml /root/host.yml; printf 'budget: {disk: 1KiB}\\n' >> /etc/goldenpath/host.yml; cat /dev/zero > " + state + "/filler 2>/dev/null; true")
	code, out = a.up(3, 0)
	a.fails("a full disk", code, out, "no space left", "remove previews", "what serves is not changed")
	code, out = a.run(append([]string{"promote", "--older", "--environment", "staging", "--digest", a.digests[0]}, a.ssh("releases")...)...)
	a.fails("a full disk", code, out, "no space left", "remove previews")
	a.answers("www", a.commits[1])
	if bad := s.root("find " + state + " -name '*.json' -size 0"); bad != "" {
		a.t.Errorf("files without content: %s", bad)
	}
	s.root("rm " + state + "/filler")
	a.pass(a.up(3, 0))
	a.answers("pr-3", a.commits[0])
	a.must(append([]string{"preview", "down", "--name", "pr-3"}, a.ssh("previews")...)...)
	a.gone("preview.pr-3")
	a.pass(a.run(append([]string{"promote", "--older", "--environment", "staging", "--digest", a.digests[0]}, a.ssh("releases")...)...))
	a.answers("staging", a.commits[0])
	a.answers("www", a.commits[1])
	s.root("cat /root/host.yml > /etc/goldenpath/host.yml")
	p.none(a.t)
}

// greedy fills the data of previews: those above their limit are removed, and the largest one
// if room is short, but none that uses little, and no release.
func (a *app) greedy() {
	s := a.servers[0]
	p := probing(a.t, a.url("www")+"/healthz")
	s.root("cp -a /etc/goldenpath/host.yml /root/host.yml")
	defer s.root("cat /root/host.yml > /etc/goldenpath/host.yml")
	for number := range 3 {
		a.pass(a.up(number+1, 0))
	}
	fill := func(environment string, mib int) {
		at := s.user("podman volume inspect --format '{{.Mountpoint}}' goldenpath.where2eat." + environment + ".data")
		s.user(fmt.Sprintf("podman unshare dd if=/dev/zero of=%s/filler bs=1M count=%d 2>/dev/null", at, mib))
	}
	fill("preview.pr-1", 30)
	fill("preview.pr-2", 70)
	fill("production", 90)
	s.root("printf 'previews: {disk: 20MiB}\n' >> /etc/goldenpath/host.yml")
	s.user("goldenpath host guard") // there is room
	a.answers("pr-1", a.commits[0])
	s.root("cat /root/host.yml > /etc/goldenpath/host.yml; printf 'previews: {disk: 50MiB}\n' >> /etc/goldenpath/host.yml")
	s.user("goldenpath host sweep")
	a.gone("preview.pr-2")
	a.answers("pr-1", a.commits[0])
	fill("preview.pr-1", 40)
	fill("preview.pr-3", 65)
	s.root("cat /root/host.yml > /etc/goldenpath/host.yml; printf 'budget: {disk: 1000TiB}\n' >> /etc/goldenpath/host.yml")
	s.user("goldenpath host guard")
	a.gone("preview.pr-3")
	a.answers("pr-1", a.commits[0])
	a.answers("www", a.commits[1])
	audit := s.root("grep '\"what\":\"evict\"' ~goldenpath/state/audit.jsonl")
	if !strings.Contains(audit, "previews.disk is 50MiB") || !strings.Contains(audit, "no other preview uses more than its 65 MiB") {
		a.t.Errorf("the audit log: %s", audit)
	}
	s.root("cat /root/host.yml > /etc/goldenpath/host.yml")
	s.user("podman unshare rm $(podman volume inspect --format '{{.Mountpoint}}' goldenpath.where2eat.production.data)/filler")
	a.must(append([]string{"preview", "down", "--name", "pr-1"}, a.ssh("previews")...)...)
	p.none(a.t)
}

// noCaddy deploys while Caddy does not run. With it nothing is reachable, and when it is back
// everything is.
func (a *app) noCaddy() {
	s := a.servers[0]
	serves := s.user("cat ~/state/environments/where2eat.staging/environment.json")
	s.root("systemctl stop caddy-api")
	code, out := a.up(3, 1)
	a.fails("no Caddy", code, out, "Caddy does not respond", "systemctl status caddy-api")
	code, out = a.promote("staging", 1)
	a.fails("no Caddy", code, out, "Caddy does not respond")
	s.root("systemctl start caddy-api")
	a.comes("www", a.commits[1])
	a.answers("staging", a.commits[0])
	for _, field := range []string{`"serving"`, `"url"`} {
		if line(serves, field) != line(s.user("cat ~/state/environments/where2eat.staging/environment.json"), field) {
			a.t.Errorf("the recorded state has changed: %s", serves)
		}
	}
	a.pass(a.up(3, 1))
	a.answers("pr-3", a.commits[1])
	a.answers("www", a.commits[1])
	a.must(append([]string{"preview", "down", "--name", "pr-3"}, a.ssh("previews")...)...)
	a.pass(a.up(2, 0)) // nothingLeft removes it
}

// line returns the line of a text that contains a word.
func line(text, word string) string {
	for l := range strings.Lines(text) {
		if strings.Contains(l, word) {
			return l
		}
	}
	return ""
}

// walled connects from the containers to SSH of the server that runs them. From the server
// itself the same addresses answer.
func (a *app) walled() {
	a.t.Helper()
	s := a.servers[0]
	a.pass(a.up(3, 0))
	for _, slug := range []string{"production", "preview.pr-3"} {
		out := s.root(`for c in $(docker ps --format '{{.Names}}' | grep -F goldenpath.where2eat.` + slug + `.); do
				bridge=$(docker network inspect --format '{{index .Options "com.docker.network.bridge.name"}}' goldenpath.where2eat.` + slug + `)
				gateway=$(ip -4 -o address show dev $bridge | sed 's/.*inet \([0-9.]*\).*/\1/')
				timeout 2 bash -c "exec 3<>/dev/tcp/$gateway/22" && echo "server: open"
				nsenter --target $(docker container inspect --format '{{.State.Pid}}' $c) --net timeout 2 bash -c "exec 3<>/dev/tcp/$gateway/22" && echo "container: open"
			done 2>&1; true`)
		if !strings.Contains(out, "server: open") {
			a.t.Errorf("%s: SSH does not answer the server itself: %s", slug, out)
		}
		if strings.Contains(out, "container: open") {
			a.t.Errorf("a container of %s reaches SSH of the server: %s", slug, out)
		}
	}
}

// portTaken restarts what serves while something else has its port, as Docker itself has after
// a power cut.
func (a *app) portTaken() {
	s := a.servers[0]
	was := s.root(`docker port $(docker ps --format '{{.Names}}' --filter name=where2eat.production | head -n 1) | sed 's/.*://'`)
	container := s.root("docker ps --format '{{.Names}}' --filter name=where2eat.production | head -n 1")
	unit := "goldenpath@" + strings.TrimPrefix(container, "goldenpath.") + ".service"
	s.user("systemctl --user stop " + unit)
	s.root("systemd-run --quiet --unit port-thief socat TCP-LISTEN:" + was + ",bind=127.0.0.1,fork /dev/null 2>/dev/null || systemd-run --quiet --unit port-thief perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalAddr => \"127.0.0.1:" + was + "\", Listen => 5, ReuseAddr => 1) or die; sleep 600'")
	time.Sleep(time.Second)
	s.user("systemctl --user start " + unit)
	a.comes("www", a.commits[1])
	if now := s.root("docker port " + container + " | sed 's/.*://'"); now == was {
		a.t.Errorf("it has the port %s that something else has", now)
	}
	s.root("systemctl stop port-thief")
}

// noDocker deploys while the service is stopped, with which all containers end. When it is
// back, they are, too.
func (a *app) noDocker() {
	s := a.servers[0]
	s.root("systemctl stop docker.socket docker.service")
	code, out := a.up(3, 0)
	a.fails("no Docker", code, out, "ocker daemon")
	code, out = a.run(append([]string{"promote", "--older", "--environment", "staging", "--digest", a.digests[0]}, a.ssh("releases")...)...)
	a.fails("no Docker", code, out, "ocker daemon")
	s.root("systemctl start docker.socket docker.service")
	a.comes("www", a.commits[1])
	a.comes("staging", a.commits[1])
	a.pass(a.up(3, 0))
	a.answers("pr-3", a.commits[0])
}
