//go:build e2e

package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/target"
	remote "github.com/seed-b235b314/goldenpath/internal/target/server"
)

// TestCompare measures deployments against Docker Compose and against the commands of Kamal on
// the same server, with the same image, which is on the server already. internal/bench/server.sh
// builds Docker Compose and runs it. GOLDENPATH_COMPARE is the folder with docker-compose.
//
// The time of a deployment is from the start of the command on this machine until the new
// version answers through Caddy at its name. In each round a version that never ran is
// deployed once by everyone, in turns.
func TestCompare(t *testing.T) {
	tools := os.Getenv("GOLDENPATH_COMPARE")
	if tools == "" {
		t.Skip("a measurement: make bench, or internal/bench/server.sh")
	}
	rounds := 7
	if n, err := strconv.Atoi(os.Getenv("GOLDENPATH_COMPARE_ROUNDS")); err == nil {
		rounds = n
	}
	c := &comparison{t: t, last: map[string]string{}, served: map[*app][]int{}, s: start(t, "cmp-docker", "docker"), compose: filepath.Join(tools, "docker-compose")}
	apps := []*app{c.app(c.s), c.app(start(t, "cmp-podman", "podman"))}
	c.prepare(apps[0])
	ours := map[*app]*side{}
	back := map[*app]*side{}
	for _, a := range apps {
		engine := a.servers[0].engine()
		ours[a] = c.side("goldenpath promote, " + engine)
		back[a] = c.side("goldenpath rollback, " + engine)
	}
	beside, inPlace, fromHere, kamal := c.side("compose beside + route"), c.side("compose in place"), c.side("compose beside, DOCKER_HOST"), c.side("kamal's commands")
	for round := range rounds + 1 { // the first one is not counted
		c.counts = round > 0
		version := round + 1
		for _, a := range apps {
			for len(a.digests) <= version {
				a.version()
			}
			c.stage(a, version)
		}
		image := c.image(version)
		want := apps[0].commits[version]
		turns := []func(){
			func() { c.promote(ours[apps[0]], apps[0], version) },
			func() { c.promote(ours[apps[1]], apps[1], version) },
			func() { c.beside(beside, "beside", version, image, want) },
			func() { c.inPlace(inPlace, image, want) },
			func() { c.beside(fromHere, "remote", version, image, want) },
			func() { c.kamal(kamal, version, image, want) },
		}
		for n := range turns {
			turns[(n+round)%len(turns)]()
		}
		if round == 0 {
			continue // no release to return to
		}
		for _, a := range apps {
			c.rollback(back[a], a)
		}
	}
	c.report(ours[apps[0]])
	for _, a := range apps {
		for len(a.digests) < rounds+3 {
			a.version()
		}
		c.stage(a, rounds+2)
		c.costs(a)
		c.trace(a, rounds+2)
		c.memory(a)
	}
}

// comparison is one run of TestCompare.
type comparison struct {
	t       *testing.T
	s       *server // with Docker
	compose string  // Docker Compose on this machine; "": there is none
	ssh     string  // folder with an ssh command that knows the server
	counts  bool    // what is measured is counted
	ports   int     // that were used
	last    map[string]string
	path    string         // before PATH, for goldenpath
	served  map[*app][]int // versions in production, without those that were rolled back
	busy    int            // measurements that began while this machine had other work
	sides   []*side
}

// side is one of those that are compared.
type side struct {
	name    string
	why     string // it was not measured
	serving []time.Duration
	ended   []time.Duration // of the command
	gap     []time.Duration // in which requests failed
	phases  map[string][]time.Duration
	order   []string
}

func (c *comparison) side(name string) *side {
	s := &side{name: name, phases: map[string][]time.Duration{}}
	c.sides = append(c.sides, s)
	return s
}

// app installs goldenpath on a server. The soak, which begins when the new version serves, is
// short, and does not fail on a busy machine.
func (c *comparison) app(s *server) *app {
	a := prepare(c.t, s)
	_, soak, _ := strings.Cut(a.read(".goldenpath.yml"), "    soak:")
	soak, _, _ = strings.Cut(soak, "\n")
	a.edit(".goldenpath.yml", soak, " {for: 1s, at-least: 5, slo: {availability: 1.0, error-rate: 99.0}}")
	a.edit(".goldenpath.yml", "  seed: go run ./internal/seed\n", "")
	a.pack(s)
	c.stage(a, 0)
	a.pass(a.promote("production", 0))
	c.served[a] = []int{0}
	return a
}

// stage brings a version to staging, and so its image to the server.
func (c *comparison) stage(a *app, version int) {
	a.attest(version, staged...)
	a.pass(a.promote("staging", version))
	a.attest(version, evidence.Scorecard, evidence.Battery)
}

// image gives the image of a version, which is on the server, a name for the others.
func (c *comparison) image(version int) string {
	name := fmt.Sprintf("peer.local/where2eat:%d", version)
	c.s.root("docker tag $(docker inspect --format '{{.Image}}' $(docker ps --quiet --filter label=dev.goldenpath.environment=where2eat.staging | head -n 1)) " + name)
	return name
}

// peerPort is where Caddy serves the others: goldenpath has port 80.
const peerPort = "8080"

// prepare installs what the others need on the server.
func (c *comparison) prepare(a *app) {
	c.s.root("mkdir -p /srv/peer")
	if b, err := os.ReadFile(c.compose); err == nil {
		c.s.feed(string(b), "cat >/usr/local/bin/docker-compose && chmod +x /usr/local/bin/docker-compose && docker-compose version")
	} else {
		c.t.Logf("Docker Compose is not measured: %v", err)
		c.compose = ""
	}
	// What goldenpath gives its containers, too. Docker asks for health every second at the
	// earliest, and the image has no program for it: Compose waits until the container runs.
	compose := `services:
  web:
    image: ${IMAGE}
    restart: unless-stopped
    read_only: true
    tmpfs: [/tmp]
    cap_drop: [ALL]
    security_opt: [no-new-privileges]
    init: true
    environment: {PORT: "8080", HOST: 0.0.0.0, DATA_DIR: /tmp}
    ports: ["127.0.0.1:${OUTER}:8080"]
`
	c.s.feed(compose, "cat >/srv/peer/compose.yml")
	dir := c.t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "compose.yml"), []byte(compose), 0o644); err != nil {
		c.t.Fatal(err)
	}
	// Docker's connection by SSH runs the command ssh.
	real, err := exec.LookPath("ssh")
	if err != nil {
		c.t.Fatal(err)
	}
	wrapper := fmt.Sprintf("#!/bin/sh\nexec %s -F none -i %s -o IdentitiesOnly=yes -o UserKnownHostsFile=%s -o BatchMode=yes -o LogLevel=ERROR \"$@\"\n", real, c.s.file("key"), c.s.file("known_hosts"))
	if err := os.WriteFile(filepath.Join(dir, "ssh"), []byte(wrapper), 0o755); err != nil {
		c.t.Fatal(err)
	}
	c.ssh = dir
	var routes []any
	for _, name := range []string{"beside", "remote", "place", "kamal"} {
		routes = append(routes, map[string]any{"match": []any{map[string]any{"host": []string{name + ".test"}}}, "handle": []any{map[string]any{
			"@id": name, "handler": "reverse_proxy", "upstreams": []any{map[string]any{"dial": "127.0.0.1:1"}}}}})
	}
	b, err := json.Marshal(map[string]any{"listen": []string{":" + peerPort}, "routes": routes, "automatic_https": map[string]any{"disable": true}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.s.feed(string(b), "curl -fsS -X PUT -H 'Content-Type: application/json' --data-binary @- localhost:2019/config/apps/http/servers/peers")
	c.s.root("docker network create kamal >/dev/null; docker run --detach --name kamal-proxy --network kamal --tmpfs /tmp --env DATA_DIR=/tmp " + c.image(0) + " >/dev/null")
}

// route is the command that gives a name another upstream, by Caddy's API: caddy reload is a
// program of 40 MB more.
func route(name, upstream string) string {
	return fmt.Sprintf(`curl -fsS -X PATCH -H 'Content-Type: application/json' -d '[{"dial":"%s"}]' localhost:2019/id/%s/upstreams`, upstream, name)
}

func (c *comparison) port() string {
	c.ports++
	return strconv.Itoa(20000 + c.ports)
}

// measure runs a command until it ends and the wanted version answers. It reports when each
// line of the command arrived.
func (c *comparison) measure(s *side, host, address, want string, run func(line func(string)) error) {
	c.t.Helper()
	c.quiet()
	begin := time.Now()
	var lines []stamped
	done := make(chan error, 1)
	ended := time.Duration(0)
	go func() {
		err := run(func(text string) { lines = append(lines, stamped{time.Since(begin), text}) })
		ended = time.Since(begin)
		done <- err
	}()
	serving, gap := until(c.t, host, address, want, begin)
	if err := <-done; err != nil {
		c.t.Fatalf("%s: %v", s.name, err)
	}
	c.t.Logf("%s: serves after %d ms, ends after %d ms", s.name, serving.Milliseconds(), ended.Milliseconds())
	if !c.counts {
		return
	}
	s.serving, s.ended, s.gap = append(s.serving, serving), append(s.ended, ended), append(s.gap, gap)
	before := time.Duration(0)
	for _, l := range lines {
		name, _, _ := strings.Cut(strings.TrimSpace(l.text), " ")
		if s.phases[name] == nil {
			s.order = append(s.order, name)
		}
		s.phases[name] = append(s.phases[name], l.at-before)
		before = l.at
	}
}

type stamped struct {
	at   time.Duration
	text string
}

// until asks every five milliseconds until a version answers. It returns when it did, and
// for how long no version answered.
func until(t *testing.T, host, address, want string, begin time.Time) (at, gap time.Duration) {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", address)
		}}}
	last := begin
	for time.Since(begin) < time.Minute {
		res, err := client.Get("http://" + host + "/version")
		now := time.Now()
		if err == nil {
			b, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				if strings.Contains(string(b), want) {
					return now.Sub(begin), gap
				}
				last = now
			}
		}
		if last != now {
			gap += now.Sub(last)
			last = now
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%s does not answer %s within a minute", host, want)
	return time.Since(begin), gap
}

// quiet waits until this machine has little other work.
func (c *comparison) quiet() {
	for range 8 { // others may have work for hours: turns make up for it
		if idle() > 0.8 {
			return
		}
	}
	if c.counts {
		c.busy++
	}
}

// idle returns the share of half a second in which the processors had nothing to do.
func idle() float64 {
	read := func() (idle, all float64) {
		b, _ := os.ReadFile("/proc/stat")
		line, _, _ := strings.Cut(string(b), "\n")
		for i, f := range strings.Fields(line)[1:] {
			n, _ := strconv.ParseFloat(f, 64)
			all += n
			if i == 3 || i == 4 {
				idle += n
			}
		}
		return idle, all
	}
	i, a := read()
	time.Sleep(500 * time.Millisecond)
	i2, a2 := read()
	return (i2 - i) / max(1, a2-a)
}

// stream runs a command and passes on each line of its output.
func stream(cmd *exec.Cmd, line func(string)) error {
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	read := make(chan struct{})
	var all bytes.Buffer
	go func() {
		defer close(read)
		var rest []byte
		b := make([]byte, 4096)
		for {
			n, err := r.Read(b)
			rest = append(rest, b[:n]...)
			all.Write(b[:n])
			for i := bytes.IndexByte(rest, '\n'); i >= 0; i = bytes.IndexByte(rest, '\n') {
				line(string(rest[:i]))
				rest = rest[i+1:]
			}
			if err != nil {
				return
			}
		}
	}()
	err := cmd.Run()
	w.Close()
	<-read
	if err != nil {
		return fmt.Errorf("%w\n%s", err, all.String())
	}
	return nil
}

// goldenpath runs goldenpath in the repository of the app.
func (c *comparison) goldenpath(a *app, line func(string), args ...string) error {
	cmd := exec.Command(filepath.Join(root(c.t), "bin/goldenpath"), append(args, a.ssh("releases")...)...)
	cmd.Dir = a.dir
	cmd.Env = append(os.Environ(), "PATH="+c.path+os.Getenv("PATH"))
	return stream(cmd, line)
}

func (c *comparison) promote(s *side, a *app, version int) {
	host := "www." + a.servers[0].name + ".test"
	c.measure(s, host, a.servers[0].address+":80", a.commits[version], func(line func(string)) error {
		return c.goldenpath(a, line, "promote", "--environment", "production", "--digest", a.digests[version])
	})
	c.served[a] = append(c.served[a], version)
	c.settled(a)
}

// rollback returns to the release before, which stands by if the engine can freeze it.
func (c *comparison) rollback(s *side, a *app) {
	served := c.served[a]
	c.served[a] = served[:len(served)-1]
	host := "www." + a.servers[0].name + ".test"
	c.measure(s, host, a.servers[0].address+":80", a.commits[served[len(served)-2]], func(line func(string)) error {
		return c.goldenpath(a, line, "rollback", "--environment", "production", "--reason", "measured")
	})
	c.settled(a)
}

// settled waits until goldenpath has put the old version away.
func (c *comparison) settled(a *app) {
	a.servers[0].user("for i in $(seq 300); do systemctl --user list-units --plain --no-legend --state=active,activating 'goldenpath-settle@*' | grep -q . || exit 0; sleep 0.1; done; exit 1")
}

// ran runs a command on the server with the command ssh.
func (c *comparison) ran(line func(string), environ []string, args ...string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(append(os.Environ(), "PATH="+c.ssh+":"+os.Getenv("PATH")), environ...)
	return stream(cmd, line)
}

// beside brings a version up with Docker Compose beside the old one, and changes the route.
// The old one is removed afterwards, outside the measurement. name is beside, with Docker Compose on the
// server, or remote, with the one on this machine and DOCKER_HOST.
func (c *comparison) beside(s *side, name string, version int, image, want string) {
	if c.compose == "" {
		s.why = "Docker Compose cannot be built here"
		return
	}
	project, port := fmt.Sprintf("%s-%d", name, version), c.port()
	address, upstream := "root@"+c.s.address, "127.0.0.1:"+port
	c.measure(s, name+".test", c.s.address+":"+peerPort, want, func(line func(string)) error {
		up := "--project-name " + project + " up --detach --wait --quiet-pull"
		if name != "remote" {
			return c.ran(line, nil, filepath.Join(c.ssh, "ssh"), address, "cd /srv/peer && IMAGE="+image+" OUTER="+port+" docker-compose "+up+" && "+route(name, upstream))
		}
		args := append([]string{c.compose, "--file", filepath.Join(c.ssh, "compose.yml")}, strings.Fields(up)...)
		if err := c.ran(line, []string{"IMAGE=" + image, "OUTER=" + port, "DOCKER_HOST=ssh://" + address}, args...); err != nil {
			return err
		}
		return c.ran(line, nil, filepath.Join(c.ssh, "ssh"), address, route(name, upstream))
	})
	if old := c.last[name]; old != "" {
		c.s.root("cd /srv/peer && IMAGE=x OUTER=1 docker-compose --project-name " + old + " down --timeout 1 2>&1")
	}
	c.last[name] = project
}

// inPlace lets Docker Compose replace the container: the old version ends before the new one begins.
func (c *comparison) inPlace(s *side, image, want string) {
	if c.compose == "" {
		s.why = "Docker Compose cannot be built here"
		return
	}
	c.measure(s, "place.test", c.s.address+":"+peerPort, want, func(line func(string)) error {
		return c.ran(line, nil, filepath.Join(c.ssh, "ssh"), "root@"+c.s.address, "cd /srv/peer && IMAGE="+image+" OUTER=9001 docker-compose --project-name place up --detach --wait --quiet-pull && "+route("place", "127.0.0.1:9001"))
	})
}

// kamal runs on the server what kamal deploy --skip-push (2.x) runs there, one command after
// the other on one connection, as its SSH library does. Left out are what needs a registry
// (login, twice, image rm and pull) and the start of Ruby. The old container and old images are
// removed after the switch. In place of kamal-proxy, which the Go proxy does not have, Caddy is
// asked: one request for the health, at once and then every second, as kamal-proxy does it, and
// the change of the route; a docker exec that changes nothing stands for the one of its
// command line.
func (c *comparison) kamal(s *side, version int, image, want string) {
	name := fmt.Sprintf("where2eat-web-%d", version)
	filters := "--filter label=service=where2eat --filter label=role=web --filter status=running --filter status=restarting"
	audit := "mkdir -p .kamal && echo deployed >>.kamal/where2eat-audit.log"
	running := `sh -c "docker ps --latest ` + filters + ` --format '{{.Names}}' --filter ancestor=\$(docker image ls --filter reference=peer.local/where2eat:latest --format '{{.ID}}') ; docker ps --latest ` + filters + ` --format '{{.Names}}'" | head -1`
	byName := "docker container ls --all --no-trunc --filter 'name=^" + name + "$' --quiet"
	commands := []string{
		audit,
		"docker inspect --format '{{.Config.Labels.service}}' " + image,
		"mkdir -p .kamal",
		"mkdir .kamal/lock-where2eat && echo locked >.kamal/lock-where2eat/details",
		"docker network create kamal",
		"docker inspect kamal-proxy --format '{{.Config.Image}}' | awk -F: '{print $NF}'",
		"mkdir -p .kamal/proxy/apps-config",
		"docker container start kamal-proxy",
		"docker ps --filter label=service=where2eat --filter label=role=web --format '{{.Names}}'",
		running,
		byName,
		running,
		audit,
		"mkdir -p .kamal/apps/where2eat/env/roles",
		"cat >.kamal/apps/where2eat/env/roles/web.env </dev/null && chmod 600 .kamal/apps/where2eat/env/roles/web.env",
		"docker run --detach --restart unless-stopped --name " + name + " --network kamal --env KAMAL_VERSION=" + fmt.Sprint(version) + " --env PORT=8080 --env HOST=0.0.0.0 --env DATA_DIR=/tmp" +
			" --env-file .kamal/apps/where2eat/env/roles/web.env --log-opt max-size=10m --label service=where2eat --label role=web --tmpfs /tmp " + image,
		byName,
		"docker exec kamal-proxy /where2eat help; to=$(docker inspect --format '{{.NetworkSettings.Networks.kamal.IPAddress}}' " + name + "):8080; until curl -fsS -o /dev/null $to/healthz; do sleep 1; done; " + strings.Replace(route("kamal", "TO"), "TO", "'$to'", 1),
	}
	after := []string{
		"docker ps --quiet --filter label=service=where2eat | tail -n +2 | xargs --no-run-if-empty docker stop --time 1", audit, "docker tag " + image + " peer.local/where2eat:latest", audit,
		"docker ps --quiet --all --filter label=service=where2eat --filter status=exited | tail -n +6", audit, "docker image prune --force --filter label=service=where2eat",
		"rm .kamal/lock-where2eat/details && rm -r .kamal/lock-where2eat",
	}
	c.measure(s, "kamal.test", c.s.address+":"+peerPort, want, func(line func(string)) error {
		key, err := os.ReadFile(c.s.file("key"))
		if err != nil {
			return err
		}
		signer, err := ssh.ParsePrivateKey(key)
		if err != nil {
			return err
		}
		known, _, _, _, err := ssh.ParseAuthorizedKey([]byte(c.s.key))
		if err != nil {
			return err
		}
		client, err := ssh.Dial("tcp", c.s.address+":22", &ssh.ClientConfig{User: "root", Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.FixedHostKey(known)})
		if err != nil {
			return err
		}
		defer client.Close()
		line("connect")
		for i, command := range append(commands, after...) {
			session, err := client.NewSession()
			if err != nil {
				return err
			}
			out, err := session.CombinedOutput(command)
			session.Close()
			if err != nil && !strings.HasPrefix(command, "docker network create") {
				return fmt.Errorf("%s: %w: %s", command, err, out)
			}
			switch i {
			case 14:
				line("before")
			case 15:
				line("run")
			case 17:
				line("proxy")
			}
		}
		line("after")
		return nil
	})
}

// report prints what was measured, with ratios to the first.
func (c *comparison) report(ours *side) {
	c.t.Logf("ms from the command to the new version's answer, %d rounds in turns; %d of the measurements began on a busy machine", len(ours.serving), c.busy)
	c.t.Logf("%-30s %8s %8s %8s %8s %8s %8s", "", "median", "least", "ours/it", "of least", "ends", "failing")
	for _, s := range c.sides {
		if s.why != "" || len(s.serving) == 0 {
			c.t.Logf("%-30s not measured: %s", s.name, s.why)
			continue
		}
		ratios := fmt.Sprintf("%8.2f %8.2f", ratio(median(ours.serving), median(s.serving)), ratio(slices.Min(ours.serving), slices.Min(s.serving)))
		if strings.Contains(s.name, "rollback") {
			ratios = fmt.Sprintf("%8s %8s", "", "")
		}
		c.t.Logf("%-30s %8d %8d %s %8d %8d", s.name, median(s.serving).Milliseconds(), slices.Min(s.serving).Milliseconds(), ratios, median(s.ended).Milliseconds(), median(s.gap).Milliseconds())
		if strings.HasPrefix(s.name, "compose") {
			continue
		}
		var parts []string
		for _, name := range s.order {
			if d := s.phases[name]; len(d) >= len(s.serving) && len(d) < 2*len(s.serving) { // each time, and once
				parts = append(parts, fmt.Sprintf("%s %d (%d)", name, median(d).Milliseconds(), slices.Min(d).Milliseconds()))
			}
		}
		c.t.Logf("    before each line of its output, median (least): %s", strings.Join(parts, ", "))
	}
}

func median(d []time.Duration) time.Duration { return slices.Sorted(slices.Values(d))[len(d)/2] }

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// costs prints what one call costs of everything that a deployment calls.
func (c *comparison) costs(a *app) {
	s := a.servers[0]
	c.quiet()
	var lines []string
	key, err := os.ReadFile(filepath.Join(a.keys, "releases"))
	if err != nil {
		c.t.Fatal(err)
	}
	var connections, sessions []time.Duration
	for range 5 {
		// Nothing is deployed there, so the engine is not asked.
		at := remote.Open("where2eat", "", []remote.Address{{Host: s.address, HostKey: s.key}}, remote.Keys{PEM: string(key)}, nil)
		for n := range 5 {
			begin := time.Now()
			if _, err := at.Status(c.t.Context(), "none"); !errors.Is(err, target.ErrNotDeployed) {
				c.t.Error(err)
			}
			if n == 0 {
				connections = append(connections, time.Since(begin))
			} else {
				sessions = append(sessions, time.Since(begin))
			}
		}
		at.Close()
	}
	lines = append(lines, fmt.Sprintf("%7.1f  connection by SSH, and a first request", float64(median(connections).Microseconds())/1000),
		fmt.Sprintf("%7.1f  another request on it: a session, sh and goldenpath host serve", float64(median(sessions).Microseconds())/1000))
	container := "goldenpath.where2eat.staging." // the last one
	engine := s.engine()
	out := s.user(`c=$(` + engine + ` ps --format '{{.Names}}' --filter name=` + container + ` | head -n 1)
once() { for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do b=$(date +%s%N); "$@" >/dev/null 2>&1; echo $((($(date +%s%N)-b)/1000)); done | sort -n | sed -n 8p | tr '\n' ' '; echo "$*"; }
once true; once date +%s; once goldenpath --version; once ` + engine + ` --version
once ` + engine + ` container inspect $c; once ` + engine + ` image inspect $(` + engine + ` container inspect --format '{{.Image}}' $c); once ` + engine + ` volume inspect goldenpath.where2eat.staging.data; once ` + engine + ` rm --force none
[ ` + engine + ` = podman ] || once curl -s --unix-socket /run/docker.sock http://docker/containers/$c/json
once systemctl --user show --property=NRestarts --value goldenpath@where2eat.staging.1.service; once systemctl --user daemon-reload; once curl -s localhost:2019/config/`)
	for line := range strings.Lines(out) {
		micro, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, _ := strconv.ParseFloat(micro, 64)
		lines = append(lines, fmt.Sprintf("%7.1f  %s", n/1000, what))
	}
	c.t.Logf("ms of one call on %s, medians\n%s", engine, strings.Join(lines, "\n"))
}

// trace deploys once more with programs that note each call of git on this machine, and of
// the engine, of systemctl and of goldenpath on the server. Each note costs a few milliseconds.
func (c *comparison) trace(a *app, version int) {
	s := a.servers[0]
	engine := s.engine()
	s.root("mkdir -m 1777 /tmp/trace && for p in " + engine + " systemctl; do " + `printf '#!/bin/sh\nb=$(date +%%s%%3N)\n[ "$1" != run ] || [ "$2" != --name ] || { echo "$b $b '$p' $*" >>/tmp/trace/$$; exec /usr/bin/'$p' "$@"; }\n/usr/bin/'$p' "$@"\nr=$?\necho "$b $(date +%%s%%3N) '$p' $*" >>/tmp/trace/$$\nexit $r\n' >/usr/local/bin/$p && chmod 755 /usr/local/bin/$p; done` + `
mv /usr/local/bin/goldenpath /usr/local/bin/goldenpath.real
printf '#!/bin/sh\nb=$(date +%%s%%3N)\n[ "$2" != exec ] || { echo "$b $b goldenpath $*" >>/tmp/trace/$$; exec /usr/local/bin/goldenpath.real "$@"; }\n/usr/local/bin/goldenpath.real "$@"\nr=$?\necho "$b $(date +%%s%%3N) goldenpath $*" >>/tmp/trace/$$\nexit $r\n' >/usr/local/bin/goldenpath
chmod 755 /usr/local/bin/goldenpath`)
	c.traced(a, "promote", "--environment", "production", "--digest", a.digests[version])
	c.settled(a)
	c.traced(a, "rollback", "--environment", "production", "--reason", "traced")
	c.settled(a)
	s.root("mv /usr/local/bin/goldenpath.real /usr/local/bin/goldenpath; rm /usr/local/bin/" + engine + " /usr/local/bin/systemctl")
}

func (c *comparison) traced(a *app, args ...string) {
	s := a.servers[0]
	s.root("rm -f /tmp/trace/*")
	dir := c.t.TempDir()
	git, err := exec.LookPath("git")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "git"), []byte("#!/bin/sh\nb=$(date +%s%3N)\n"+git+` "$@"
r=$?
echo "$b $(date +%s%3N) client: git $*" >>`+dir+"/calls\nexit $r\n"), 0o755)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.path = dir + ":"
	defer func() { c.path = "" }()
	c.quiet()
	begin := time.Now()
	var out []string
	if err := c.goldenpath(a, func(l string) {
		out = append(out, fmt.Sprintf("%6d        client: %.100s", time.Since(begin).Milliseconds(), l))
	}, args...); err != nil {
		c.t.Fatal(err)
	}
	time.Sleep(time.Second)
	sum, count := map[string]int64{}, map[string]int{}
	calls, _ := os.ReadFile(filepath.Join(dir, "calls"))
	for line := range strings.Lines(string(calls) + s.root("cat /tmp/trace/*")) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(f) < 3 {
			continue
		}
		from, _ := strconv.ParseInt(f[0], 10, 64)
		to, _ := strconv.ParseInt(f[1], 10, 64)
		out = append(out, fmt.Sprintf("%6d %5d  %.140s", from-begin.UnixMilli(), to-from, f[2]))
		words := strings.Fields(f[2])
		kind := strings.Join(words[:min(len(words), 3)], " ")
		sum[kind], count[kind] = sum[kind]+to-from, count[kind]+1
	}
	slices.Sort(out)
	c.t.Logf("%s on %s: ms after the start, ms that it took\n%s", args[0], s.engine(), strings.Join(out, "\n"))
	var kinds []string
	for k := range sum {
		kinds = append(kinds, fmt.Sprintf("%6d ms in %2d × %s", sum[k], count[k], k))
	}
	slices.Sort(kinds)
	c.t.Log("together\n" + strings.Join(kinds, "\n"))
}

// memory prints the memory of what runs on the server for one release, the one that stands
// by, and five previews.
func (c *comparison) memory(a *app) {
	s := a.servers[0]
	if s == c.s {
		s.root("docker ps --all --format '{{.Names}}' | grep -v ^goldenpath | xargs --no-run-if-empty docker rm --force")
	}
	s.root("goldenpath host down where2eat staging")
	for n := range 5 {
		a.pass(a.run(append([]string{"preview", "up", "--name", fmt.Sprintf("pr-%d", 100+n), "--digest", a.digests[0]}, a.ssh("previews")...)...))
	}
	time.Sleep(15 * time.Second)
	type row struct {
		count    int
		rss, pss int64
	}
	groups := map[string]*row{}
	single := map[string]*row{}
	for line := range strings.Lines(s.root(`for p in /proc/[0-9]*; do [ -e $p/smaps_rollup ] || continue; m=$(awk '/^Rss:/{r=$2} /^Pss:/{p=$2} END{print r, p}' $p/smaps_rollup 2>/dev/null) || continue; [ -n "$m" ] || continue; echo "$m $(stat -c %U $p) $(tr '\0' ' ' <$p/cmdline)"; done`)) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 4)
		if len(f) < 4 || strings.HasPrefix(f[3], "awk") {
			continue
		}
		rss, _ := strconv.ParseInt(f[0], 10, 64)
		pss, _ := strconv.ParseInt(f[1], 10, 64)
		group, kind := belongs(f[2], f[3])
		for all, name := range map[*map[string]*row]string{&groups: group, &single: group + ": " + kind} {
			r := (*all)[name]
			if r == nil {
				r = &row{}
				(*all)[name] = r
			}
			r.count, r.rss, r.pss = r.count+1, r.rss+rss, r.pss+pss
		}
	}
	var lines []string
	for _, all := range []map[string]*row{groups, single} {
		var part []string
		for name, r := range all {
			part = append(part, fmt.Sprintf("%-50s %3d processes, RSS %6.1f MB, PSS %6.1f MB", name, r.count, float64(r.rss)/1000*1.024, float64(r.pss)/1000*1.024))
		}
		slices.Sort(part)
		lines = append(lines, part...)
	}
	c.t.Logf("memory at rest on %s: a release, the one that stands by, five previews\n%s", s.engine(), strings.Join(lines, "\n"))
}

// belongs reports whose a process is: goldenpath's are those that would not run without it.
func belongs(user, command string) (group, kind string) {
	words := strings.Fields(command)
	program := filepath.Base(words[0])
	switch {
	case program == "goldenpath":
		return "goldenpath", "goldenpath"
	case (program == "docker" || program == "podman") && len(words) > 1 && words[1] == "run":
		if strings.Contains(command, "goldenpath.where2eat.production.") {
			return "goldenpath", program + " run, a release"
		}
		return "goldenpath", program + " run, a preview"
	case user == "goldenpath" && (program == "systemd" || program == "(sd-pam)" || strings.HasPrefix(program, "dbus")):
		return "goldenpath", "the user's systemd and D-Bus"
	case program == "caddy":
		return "Caddy", program
	case slices.ContainsFunc([]string{"dockerd", "containerd", "docker-", "conmon", "slirp4netns", "rootlessport", "exe", "catatonit", "podman", "aardvark", "netavark", "fuse-overlayfs"}, func(p string) bool { return strings.HasPrefix(program, p) }):
		return "engine", program
	case program == "where2eat":
		return "app", program
	}
	return "system", "other"
}
