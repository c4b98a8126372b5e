package process

import (
	"bufio"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestRedis proves GP-PREV-15 for Redis: an environment has a server of its own, which the
// application finds, which keeps its data through a release and a crash, accepts its own
// password only, and ends with the environment.
func TestRedis(t *testing.T) {
	all := redisInstallations(os.Getenv("PATH"))
	if len(all) == 0 {
		t.Skip("Redis is not installed on this machine")
	}
	b := newBench(t)
	d := b.deployment("", commit1)
	d.Services.Redis.Version = all[0].major
	b.mustDeploy(d)
	address, err := url.Parse(b.Connections("preview/pr-12")["REDIS_URL"])
	if err != nil || address.Scheme != "redis" || b.self(b.status().URL).env("REDIS_URL") != address.String() {
		t.Fatalf("%v, %v", address, err)
	}
	password, _ := address.User.Password()
	ask := func(lines string) string {
		t.Helper()
		c, err := net.Dial("tcp", address.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, lines+"QUIT\r\n")
		var out []string
		for s := bufio.NewScanner(c); s.Scan(); {
			out = append(out, s.Text())
		}
		return strings.Join(out, " ")
	}
	login := "AUTH " + password + "\r\n"
	if got := ask("GET a\r\n"); !strings.Contains(got, "NOAUTH") {
		t.Errorf("without the password: %s", got)
	}
	ask(login + "SET a 7\r\n")

	d.Commit = commit2
	b.mustDeploy(d)
	g := &generation{dir: filepath.Join(b.dir(), "services", "redis")}
	if info, err := os.Stat(g.path("redis.conf")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the password: %v, %v", info.Mode(), err)
	}
	if err := syscall.Kill(g.app(), syscall.SIGKILL); err != nil { // as the kernel does when memory is short
		t.Fatal(err)
	}
	var s server
	if err := readJSON(g.path("server.json"), &s); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is started again", func() bool { return g.state().Restarts > 0 && redisReady(g, s) })
	if got := ask(login + "GET a\r\n"); !strings.Contains(got, "$1 7") {
		t.Errorf("after a release and a crash: %s", got)
	}

	d.Services.Redis.Version = all[0].major - 1
	s.Asked++ // as if it had been written by a newer one
	s.Major++
	if err := writeJSON(g.path("server.json"), s); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Deploy(b.ctx, d); err == nil || !strings.Contains(err.Error(), "the data of preview/pr-12 belong to Redis") {
		t.Errorf("an older version: %v", err)
	}
	pid := g.app()
	if err := b.Down(b.ctx, "preview/pr-12"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(b.dir()); err == nil || pid > 0 && syscall.Kill(pid, 0) == nil {
		t.Error("the server or its data stay")
	}
}
