package path

import (
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// leftover DIR fails when, after a moment, a process still has DIR in its
// command line or works below it. `! leftover` is not offered: it would pass for
// the wrong reason.
func leftover(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: leftover DIR")
	}
	dir := ts.MkAbs(args[0])
	var found []string
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if found = processesIn(dir); len(found) == 0 {
			return
		}
	}
	ts.Fatalf("processes left in %s:\n%s", dir, strings.Join(found, "\n"))
}

func processesIn(dir string) []string {
	var found []string
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	for _, p := range all {
		line, err := os.ReadFile(p + "/cmdline")
		if err != nil {
			continue
		}
		cwd, _ := os.Readlink(p + "/cwd") // gone or another user's: not ours
		if strings.Contains(string(line), dir+"/") || strings.HasPrefix(cwd, dir+"/") {
			found = append(found, filepath.Base(p)+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// occupy PORTVAR listens on a free port and puts its number into a variable.
func occupy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: occupy VARIABLE")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
}

// serveRegistry REGISTRY [METHOD PATH]... starts a registry and puts its host and port into a
// variable. It refuses requests of a method whose path contains PATH.
func serveRegistry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 && len(args) != 3 {
		ts.Fatalf("usage: registry VARIABLE [METHOD PATH]")
	}
	inner := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(args) == 3 && r.Method == args[1] && strings.Contains(r.URL.Path, args[2]) {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	ts.Defer(s.Close)
	ts.Setenv(args[0], strings.TrimPrefix(s.URL, "http://"))
}

// gitServer VARIABLE DIR TOKEN serves the bare repositories below a folder as
// GitHub does, over HTTP and only for who has the token, and puts its address into
// a variable.
func gitServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: gitserver VARIABLE DIR TOKEN")
	}
	handler, err := githubtest.Repositories(ts.MkAbs(args[1]), args[2])
	ts.Check(err)
	s := httptest.NewServer(handler)
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL)
}

// pack VARIABLE [FLAG…] makes the artifact of HEAD and puts its digest into a
// variable.
func pack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: pack VARIABLE [FLAG…]")
	}
	file := filepath.Join(ts.Getenv("WORK"), "pack.json")
	// In no run: what a step says and keeps is that of the command under test.
	run := []string{"-u", "GITHUB_ACTIONS", "goldenpath", "run", "--until", "package", "--security-gate", ts.Getenv("GATE"), "--report", file}
	ts.Check(ts.Exec("env", append(run, args[1:]...)...))
	var made struct{ Digest string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &made))
	if made.Digest == "" {
		ts.Fatalf("%s names no digest", file)
	}
	ts.Setenv(args[0], made.Digest)
}
