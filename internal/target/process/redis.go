package process

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

var redis = program{
	ServiceKind: target.Redis,
	install:     "apt install redis-server, dnf install redis or brew install redis",
	installed:   redisInstallations,
	create: func(_ context.Context, g *generation, _ installation, _ server) error {
		return os.MkdirAll(g.path("data"), 0o700)
	},
	argv:   redisCommand,
	before: func(*generation) error { return nil },
	ready:  redisReady,
}

// redisVersion is in what redis-server and valkey-server say of themselves.
var redisVersion = regexp.MustCompile(`(?:server|Server).* v=(\d+)\.`)

// redisInstallations lists the Redis servers on this machine, the newest first. Valkey is
// one that has another name.
func redisInstallations(path string) (all []installation) {
	for _, dir := range append(filepath.SplitList(path), "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin") {
		if name := redisProgram(dir); name != "" {
			out, err := exec.Command(name, "--version").Output()
			if m := redisVersion.FindSubmatch(out); err == nil && m != nil {
				major, _ := strconv.Atoi(string(m[1]))
				all = append(all, installation{dir, major})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b installation) int { return b.major - a.major })
	return all
}

func redisProgram(dir string) string {
	for _, name := range []string{"redis-server", "valkey-server"} {
		name = filepath.Join(dir, name)
		if info, err := os.Stat(name); err == nil && filepath.IsAbs(dir) && info.Mode()&0o111 != 0 {
			return name
		}
	}
	return ""
}

// redisCommand writes the configuration: a password among the arguments would be in every
// list of processes.
func redisCommand(g *generation, at installation, s server, durable bool) ([]string, error) {
	lines := []string{
		"bind 127.0.0.1", "port " + strconv.Itoa(s.Port), "requirepass " + s.Password, "dir " + redisQuoted(g.path("data")), "daemonize no",
		"appendonly yes", "appendfsync no",
	}
	if durable {
		lines[len(lines)-1] = "appendfsync everysec"
	}
	name := g.path("redis.conf")
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return nil, err
	}
	return []string{redisProgram(at.bin), name}, nil
}

// redisQuoted quotes a word of redis.conf, which knows fewer escapes than Go.
func redisQuoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`).Replace(s) + `"`
}

// redisReady reports whether the server has loaded its data: until then it answers with an
// error.
func redisReady(_ *generation, s server) bool {
	c, err := net.DialTimeout("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)), time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := fmt.Fprintf(c, "AUTH %s\r\nPING\r\n", s.Password); err != nil {
		return false
	}
	r := bufio.NewScanner(c)
	return r.Scan() && r.Text() == "+OK" && r.Scan() && r.Text() == "+PONG"
}
