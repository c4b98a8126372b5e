//go:build e2e

package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/ssh"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// attacker holds SSH keys of CI and speaks with a server without goldenpath's client.
type attacker struct {
	t       *testing.T
	a       *app
	clients map[string]*ssh.Client // by the name of the key; "root" is the test itself
	serves  string                 // commit of production
	count   int
}

// TestForcedCommand attacks one server with the keys of CI. A stolen key creates previews
// within limits and does nothing else: after each attack nothing has changed on the server,
// production answers as before, the refusal names its reason, and the audit log has a line.
func TestForcedCommand(t *testing.T) {
	s := start(t, "att-attack-podman", "podman")
	a := sample(t, s)
	x := &attacker{t: t, a: a, clients: map[string]*ssh.Client{}, serves: a.commits[1]}
	x.arrange()
	t.Run("ssh", x.in(x.overSSH))
	t.Run("http", x.in(x.overHTTP))
	t.Run("keys", x.in(x.otherEnvironments))
	t.Run("evidence", x.in(x.withoutEvidence))
	t.Run("images", x.in(x.otherImages))
	t.Run("names", x.in(x.badNames))
	t.Run("engine", x.in(x.engineVariables))
	t.Run("secrets", x.in(x.secrets))
	t.Run("disk", x.in(x.fullDisk))
	t.Run("replay", x.in(x.replay))
	t.Run("two promotions", x.in(x.twoPromotions))
	t.Run("clean-up before the switch", x.in(x.cleanUpBeforeSwitch))
	t.Run("slow", x.in(x.slow))
	if x.count < 40 {
		t.Errorf("only %d attacks were made", x.count)
	}
	t.Logf("%d attacks", x.count)
	x.nothingRan()
}

// in makes a part of the test report to its own t.
func (x *attacker) in(part func()) func(*testing.T) {
	return func(t *testing.T) {
		old := x.t
		x.t, x.a.t = t, t
		defer func() { x.t, x.a.t = old, old }()
		part()
	}
}

// arrange releases version 1, makes a preview of version 0, and adds a second app whose
// previews could have the address of production.
func (x *attacker) arrange() {
	a, s := x.a, x.a.servers[0]
	s.user("systemctl --user stop goldenpath-sweep.timer") // it would change files during an attack
	s.root(`sed -i 's|^apps:|apps:\n  shop:\n    preview: {url: "http://{name}.` + s.name + `.test"}|' /etc/goldenpath/host.yml`)
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "shop", "-f", filepath.Join(a.keys, "shop")).CombinedOutput(); err != nil {
		x.t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(a.keys, "shop.pub"))
	if err != nil {
		x.t.Fatal(err)
	}
	s.feed(string(b), "cat > /root/shop.pub && goldenpath host allow --role previews --app shop /root/shop.pub")
	for version := range 2 {
		a.attest(version, evidence.Provenance, evidence.Tests, evidence.Gate, evidence.Scorecard, evidence.Battery)
		a.pass(a.promote("staging", version))
	}
	a.pass(a.promote("production", 1))
	a.pass(a.up(1, 0))
	home := os.Getenv("GOLDENPATH_SERVER")
	if home == "" {
		home = filepath.Join(root(x.t), ".cache/server")
	}
	x.log("root", "root", filepath.Join(home, s.name, "key"))
	for _, role := range []string{"previews", "releases", "shop"} {
		x.log(role, "goldenpath", filepath.Join(a.keys, role))
	}
	x.settled()
}

// settled waits until what runs in the background after a switch has ended.
func (x *attacker) settled() {
	x.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		units := x.root("su - goldenpath -c 'XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user list-units --plain --no-legend --state=activating,active \"goldenpath-settle@*\"'")
		if units == "" {
			return
		}
		if time.Now().After(end) {
			x.t.Fatalf("still runs: %s", units)
		}
	}
}

func (x *attacker) log(as, user, key string) {
	x.t.Helper()
	b, err := os.ReadFile(key)
	if err != nil {
		x.t.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKey(b)
	if err != nil {
		x.t.Fatal(err)
	}
	c, err := ssh.Dial("tcp", x.a.servers[0].address+":22", &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second,
	})
	if err != nil {
		x.t.Fatal(err)
	}
	x.clients[as] = c
	x.t.Cleanup(func() { c.Close() })
}

// root runs a command as root of the server, on a connection that stays open.
func (x *attacker) root(command string) string {
	x.t.Helper()
	s, err := x.clients["root"].NewSession()
	if err != nil {
		x.t.Fatal(err)
	}
	defer s.Close()
	out, err := s.CombinedOutput(command)
	if err != nil {
		x.t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return strings.TrimSpace(string(out))
}

// raw opens a session that asks for a command, sends bytes, and returns what arrives.
func (x *attacker) raw(key, command string, send []byte) string {
	x.t.Helper()
	s, err := x.clients[key].NewSession()
	if err != nil {
		x.t.Fatal(err)
	}
	defer s.Close()
	return x.exchange(s, func() error { return s.Start(command) }, send)
}

func (x *attacker) exchange(s *ssh.Session, begin func() error, send []byte) string {
	x.t.Helper()
	in, err := s.StdinPipe()
	if err != nil {
		x.t.Fatal(err)
	}
	var out locked
	s.Stdout, s.Stderr = &out, &out
	if err := begin(); err != nil {
		return "the server refuses: " + err.Error()
	}
	go func() { _, _ = in.Write(send) }() // the server may stop reading
	ended := make(chan struct{})
	go func() { _ = s.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(protocol.IdleTime / 2): // not because nothing happens any more
		x.t.Errorf("the session has not ended: %.300s", out.String())
	}
	return out.String()
}

// locked is a buffer for two streams.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// request is a request that is the last of its connection.
func request(method, path string, body []byte, headers ...string) []byte {
	text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: server\r\nConnection: close\r\nGoldenpath-Protocol: %d\r\nContent-Length: %d\r\n", method, path, protocol.Version, len(body))
	for _, h := range headers {
		text += h + "\r\n"
	}
	return append([]byte(text+"\r\n"), body...)
}

func post(path string, body any) []byte {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return request("POST", path, b)
}

// state describes everything on the server that an attack could change.
func (x *attacker) state() (all string, audit []string) {
	x.t.Helper()
	out := x.root(`cd ~goldenpath/state
		find environments records backups -type f ! -name '*lock' 2>/dev/null | sort | xargs sha256sum
		find images -mindepth 1 -type d ! -path '*/blobs/*' ! -path '*/_uploads*' ! -name _uploads | sort
		find images -type f -path '*/blobs/sha256/*' | sort
		sha256sum ../.ssh/authorized_keys /etc/goldenpath/host.yml
		ls -d /tmp/owned* ~goldenpath/owned* /owned* 2>/dev/null
		curl -s localhost:2019/config/ | sha256sum
		su - goldenpath -c "podman ps --all --format '{{.Names}} {{.ImageID}} {{.Status}}'" | sed 's/ Up .*//' | sort
		echo AUDIT; cat audit.jsonl`)
	all, lines, _ := strings.Cut(out, "AUDIT\n")
	return all, strings.Split(lines, "\n")
}

// without runs an attack and fails the test if it changed anything. If logged, the audit log
// must have a new line with an error.
func (x *attacker) without(what string, logged bool, want string, attack func() string) {
	x.t.Helper()
	x.count++
	before, old := x.state()
	out := attack()
	after, log := x.state()
	if before != after {
		x.t.Errorf("%s: the server has changed:\n%s\nbefore:\n%s\nanswer: %.500s", what, after, before, out)
	}
	if !strings.Contains(out, want) {
		x.t.Errorf("%s: the answer does not contain %q: %.1000s", what, want, out)
	}
	if logged {
		var e struct{ Key, Error, From string }
		if len(log) <= len(old) {
			x.t.Errorf("%s: the audit log has no line", what)
		} else if err := json.Unmarshal([]byte(log[len(log)-1]), &e); err != nil || e.Error == "" || e.Key == "" || e.From == "" {
			x.t.Errorf("%s: the audit log has %s, %v", what, log[len(log)-1], err)
		}
	}
	x.a.answers("www", x.serves)
}

// refuses sends one request that the server must refuse.
func (x *attacker) refuses(what, key, want string, send []byte) {
	x.t.Helper()
	x.without(what, true, want, func() string { return x.raw(key, "goldenpath host serve", send) })
}

const hello = "/v1/hello"

func (x *attacker) overSSH() {
	get := request("GET", hello, nil)
	for _, command := range []string{
		"touch /tmp/owned", "goldenpath host serve; touch /tmp/owned", "$(touch /tmp/owned)", "`touch /tmp/owned`", "x\ntouch /tmp/owned\n",
		"goldenpath host serve --role releases --app shop && touch /tmp/owned", "goldenpath host down where2eat production", "bash -i", "scp -t /tmp/owned", "internal-sftp", "", "|| touch /tmp/owned #",
	} {
		for _, key := range []string{"previews", "releases"} {
			x.without(fmt.Sprintf("%s: command %q", key, command), false, `"role":"`+key+`"`, func() string { return x.raw(key, command, get) })
		}
	}
	session := func(what, want string, ask func(*ssh.Session) error) {
		x.without(what, false, want, func() string {
			s, err := x.clients["previews"].NewSession()
			if err != nil {
				return err.Error()
			}
			defer s.Close()
			if err := ask(s); err != nil {
				return "the server refuses: " + err.Error()
			}
			return x.exchange(s, func() error { return s.Start("sh") }, get)
		})
	}
	demand := func(kind string, payload []byte) func(*ssh.Session) error {
		return func(s *ssh.Session) error {
			ok, err := s.SendRequest(kind, true, payload)
			if err == nil && !ok {
				err = fmt.Errorf("%s", kind)
			}
			return err
		}
	}
	session("a terminal", "refuses", func(s *ssh.Session) error { return s.RequestPty("xterm", 40, 80, nil) })
	session("an agent", "refuses", demand("auth-agent-req@openssh.com", nil))
	session("X11", "refuses", demand("x11-req", ssh.Marshal(struct {
		Single           bool
		Protocol, Cookie string
		Screen           uint32
	}{false, "MIT-MAGIC-COOKIE-1", strings.Repeat("0", 32), 0})))
	for _, name := range []string{"LD_PRELOAD", "PATH", "BASH_ENV", "GOLDENPATH_ROLE", "SSH_ORIGINAL_COMMAND", "XDG_RUNTIME_DIR"} {
		session("the variable "+name, "refuses", func(s *ssh.Session) error { return s.Setenv(name, "/tmp/owned") })
	}
	x.without("a shell", false, `"role":"previews"`, func() string {
		s, err := x.clients["previews"].NewSession()
		if err != nil {
			return err.Error()
		}
		defer s.Close()
		return x.exchange(s, s.Shell, append(get, "touch /tmp/owned\n"...))
	})
	x.without("sftp", false, "400 Bad Request", func() string {
		c, requests, err := x.clients["previews"].OpenChannel("session", nil)
		if err != nil {
			return err.Error()
		}
		defer c.Close()
		go ssh.DiscardRequests(requests)
		if ok, err := c.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{"sftp"})); err != nil || !ok {
			return fmt.Sprint("400 Bad Request: there is no sftp: ", err)
		}
		if _, err := c.Write([]byte("\x00\x00\x00\x05\x01\x00\x00\x00\x03\r\n\r\n")); err != nil {
			return err.Error()
		}
		b, _ := io.ReadAll(c)
		return string(b)
	})
	for what, open := range map[string]func(*ssh.Client) error{
		"forwarding to Caddy":    func(c *ssh.Client) error { _, err := c.Dial("tcp", "127.0.0.1:2019"); return err },
		"forwarding to a socket": func(c *ssh.Client) error { _, err := c.Dial("unix", "/run/dbus/system_bus_socket"); return err },
		"forwarding from a port": func(c *ssh.Client) error { _, err := c.Listen("tcp", "127.0.0.1:0"); return err },
		"forwarding from a file": func(c *ssh.Client) error { _, err := c.ListenUnix("/tmp/owned"); return err },
		"a tunnel": func(c *ssh.Client) error {
			_, _, err := c.OpenChannel("tun@openssh.com", ssh.Marshal(struct{ Mode, Unit uint32 }{1, 0}))
			return err
		},
	} {
		for _, key := range []string{"previews", "releases"} {
			x.without(key+": "+what, false, "refuses", func() string {
				if err := open(x.clients[key]); err != nil {
					return "the server refuses: " + err.Error()
				}
				return "it is open"
			})
		}
	}
}

func (x *attacker) overHTTP() {
	send := func(what, want string, b []byte) {
		x.t.Helper()
		x.without(what, false, want, func() string { return x.raw("previews", "", b) })
	}
	send("garbage", "400", []byte("\x16\x03\x01\x00\xa5garbage\r\n\r\n"))
	send("huge headers", "431", request("GET", hello, nil, "X: "+strings.Repeat("x", 1<<20)))
	send("another version of the protocol", "version 1 of the protocol and the client \\\"99\\\"", bytes.ReplaceAll(request("POST", protocol.PathDown, []byte("{}")), []byte("Protocol: 1"), []byte("Protocol: 99")))
	send("no version", "version 1 of the protocol", bytes.ReplaceAll(request("GET", hello, nil), []byte("Goldenpath-Protocol: 1\r\n"), nil))
	send("a path that does not exist", "404", request("GET", "/debug/pprof/", nil))
	send("a method that does not exist", "405", request("DELETE", protocol.PathPrepare, nil))
	send("CONNECT", "40", request("CONNECT", "127.0.0.1:2019", nil))
	send("two lengths", "400", request("POST", protocol.PathDown, []byte("{}"), "Content-Length: 7"))
	send("a length and an unknown encoding", "501", request("POST", protocol.PathDown, []byte("0\r\n\r\n"), "Transfer-Encoding: identity"))
	x.refuses("huge JSON", "previews", "request body too large", request("POST", protocol.PathPrepare, append([]byte(`{"app":"`), bytes.Repeat([]byte("x"), protocol.MaxJSON+1)...)))
	x.refuses("deep JSON", "previews", "cannot read the request", request("POST", protocol.PathPrepare, bytes.Repeat([]byte("["), 1<<20)))
	x.refuses("an unknown field", "previews", "unknown field", request("POST", protocol.PathPrepare, []byte(`{"role":"releases"}`)))
	x.refuses("no JSON", "previews", "cannot read the request", request("POST", protocol.PathSwitch, []byte("app=where2eat")))
	x.refuses("huge records", "previews", "too large", request("PUT", protocol.PathRecords+"/where2eat", append([]byte(`{"version":"`), bytes.Repeat([]byte("x"), protocol.MaxJSON+1)...)))
	x.refuses("records of another version", "previews", "moved", request("PUT", protocol.PathRecords+"/where2eat", []byte(`{"files":{},"version":"x"}`)))
	// Both of two requests that arrive at once are judged.
	down := bytes.ReplaceAll(post(protocol.PathDown, protocol.SwitchRequest{App: "where2eat", Environment: "production"}), []byte("Connection: close\r\n"), nil)
	x.without("two requests at once", true, "", func() string {
		out := x.raw("previews", "", append(down, post(protocol.PathDown, protocol.SwitchRequest{App: "shop", Environment: "preview/www"})...))
		if n := strings.Count(out, `"kind":"forbidden"`); n != 2 {
			x.t.Errorf("%d of 2 requests are refused: %s", n, out)
		}
		return out
	})
}

// spec is a deployment of a version, with its evidence for a release.
func (x *attacker) spec(environment string, version int) protocol.Spec {
	x.t.Helper()
	s := protocol.Spec{App: "where2eat", Environment: environment, Digest: x.a.digests[version], Commit: x.a.commits[version], Ready: target.Ready{Path: "/healthz", VersionPath: "/version"}}
	if !strings.HasPrefix(environment, "preview/") {
		var err error
		if s.Evidence, err = x.a.images().Referrers(context.Background(), s.Digest, evidence.MediaType); err != nil {
			x.t.Fatal(err)
		}
		s.Config = []byte(x.a.git("cat-file", "blob", s.Commit+":.goldenpath.yml") + "\n")
	}
	return s
}

func (x *attacker) otherEnvironments() {
	for _, environment := range []string{"production", "staging"} {
		x.refuses("a preview key prepares "+environment, "previews", "it is for previews", post(protocol.PathPrepare, x.spec(environment, 1)))
		x.refuses("a preview key switches "+environment, "previews", "it is for previews", post(protocol.PathSwitch, protocol.SwitchRequest{App: "where2eat", Environment: environment, Generation: 1}))
		x.refuses("a preview key removes "+environment, "previews", "it is for previews", post(protocol.PathDown, protocol.SwitchRequest{App: "where2eat", Environment: environment}))
		x.refuses("a releases key removes "+environment, "releases", "on the server only", post(protocol.PathDown, protocol.SwitchRequest{App: "where2eat", Environment: environment}))
	}
	x.refuses("a releases key makes a preview", "releases", "it is for releases", post(protocol.PathPrepare, x.spec("preview/pr-3", 0)))
	x.refuses("a releases key removes a preview", "releases", "it is for releases", post(protocol.PathDown, protocol.SwitchRequest{App: "where2eat", Environment: "preview/pr-1"}))
	x.refuses("a releases key writes records", "releases", "it is for releases", request("PUT", protocol.PathRecords+"/where2eat", []byte(`{}`)))
	x.refuses("a key of another app removes a preview", "shop", "not for the app", post(protocol.PathDown, protocol.SwitchRequest{App: "where2eat", Environment: "preview/pr-1"}))
	x.refuses("a key reads the records of another app", "previews", "not for the app", request("GET", protocol.PathRecords+"/shop", nil))
	x.without("a key reads the state of another app", false, "not for the app", func() string {
		return x.raw("previews", "", post(protocol.PathStatus, protocol.SwitchRequest{App: "shop", Environment: "preview/www"}))
	})
	x.without("a key lists another app", false, "not for the app", func() string {
		return x.raw("previews", "", post(protocol.PathList, protocol.SwitchRequest{App: "shop"}))
	})
	x.without("a preview key plans production", false, "it is for previews", func() string { return x.raw("previews", "", post(protocol.PathPlan, x.spec("production", 1))) })
	// The address of production.
	hijack := protocol.Spec{App: "shop", Environment: "preview/www", Digest: x.a.digests[0], Commit: x.a.commits[0]}
	x.refuses("a preview whose name makes the address of production", "shop", "which is the address of production of where2eat", post(protocol.PathPrepare, hijack))
	hijack.Environment = "preview/pr-1"
	x.refuses("a preview with the address of another", "shop", "which is the address of preview/pr-1 of where2eat", post(protocol.PathPrepare, hijack))
	for _, address := range []string{x.a.url("www"), "http://example.com", "http://*", x.a.url("pr-3") + ":8080", "http://x@" + strings.TrimPrefix(x.a.url("pr-3"), "http://")} {
		s := x.spec("preview/pr-3", 0)
		s.URL = address
		x.refuses("a preview that asks for "+address, "previews", "is to answer at", post(protocol.PathPrepare, s))
	}
	s := x.spec("production", 1)
	s.URL = x.a.url("staging")
	x.refuses("production at the address of staging", "releases", "is to answer at", post(protocol.PathPrepare, s))
}

func (x *attacker) withoutEvidence() {
	dir := x.t.TempDir()
	stranger, err := evidence.OpenKey(dir)
	if err != nil {
		x.t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(x.a.dir, ".git/goldenpath/keys/key.pem"))
	if err != nil {
		x.t.Fatal(err)
	}
	own, err := evidence.ParseKey(b)
	if err != nil {
		x.t.Fatal(err)
	}
	kinds := []string{evidence.Provenance, evidence.Tests, evidence.Gate, evidence.Scorecard, evidence.Battery}
	sign := func(key *evidence.Key, when time.Time, change func(*evidence.Statement)) (all [][]byte) {
		x.t.Helper()
		for _, kind := range kinds {
			s := evidence.Statement{Type: kind, Name: "where2eat", Digest: x.a.digests[1], Predicate: map[string]any{"verdict": "pass", "result": "PASSED", "environment": "staging"}}
			change(&s)
			b, err := evidence.Sign(context.Background(), key, s, when)
			if err != nil {
				x.t.Fatal(err)
			}
			all = append(all, b)
		}
		return all
	}
	now := time.Now()
	try := func(what, want string, all [][]byte) {
		x.t.Helper()
		s := x.spec("production", 1)
		s.Evidence = all
		x.refuses(what, "releases", want, post(protocol.PathPrepare, s))
	}
	same := func(*evidence.Statement) {}
	genuine := x.spec("production", 1).Evidence
	try("no evidence", "no trusted evidence of battery on staging", nil)
	try("only a provenance", "no trusted evidence of tests", sign(own, now, same)[:1])
	try("evidence of another image", "its evidence is about the image shop", sign(own, now, func(s *evidence.Statement) { s.Name = "shop" }))
	try("evidence of a stranger", "statements were not signed by a key that this server trusts", sign(stranger, now, same))
	try("evidence of another digest", "no trusted evidence", x.spec("production", 0).Evidence)
	try("evidence that says fail", "security-gate: fail", append(genuine, sign(own, now, func(s *evidence.Statement) { s.Predicate["verdict"] = "fail" })...))
	try("evidence from the future", "signed in the future", sign(own, now.Add(time.Hour), same))
	try("a battery of another environment", "no trusted evidence of battery on staging", sign(own, now, func(s *evidence.Statement) { s.Predicate["environment"] = "production" }))
	try("evidence that is not JSON", "no trusted evidence", [][]byte{[]byte("pass"), nil, bytes.Repeat([]byte("{"), 1<<16)})
	changed := bytes.Clone(genuine[0])
	changed[len(changed)/2] ^= 1
	try("a changed envelope", "no trusted evidence", [][]byte{changed})
	// Version 0 has all evidence, was built before version 1, and never served in production.
	x.refuses("an old image that never served", "releases", "was built at", post(protocol.PathPrepare, x.spec("production", 0)))
	for _, digest := range []string{"", "latest", "sha256:" + strings.Repeat("0", 64), "sha256:../../../etc/passwd", x.a.digests[0] + "\n"} {
		s := x.spec("production", 1)
		s.Digest = digest
		x.refuses(fmt.Sprintf("the digest %q", digest), "releases", "may not run in production", post(protocol.PathPrepare, s))
	}
}

// transport speaks HTTP over sessions of a key.
func (x *attacker) transport(key string) *http.Transport {
	t := &http.Transport{MaxConnsPerHost: 1, DisableCompression: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		s, err := x.clients[key].NewSession()
		if err != nil {
			return nil, err
		}
		in, err := s.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := s.StdoutPipe()
		if err != nil {
			return nil, err
		}
		return protocol.NewConn(out, in, key, func() error { _ = in.Close(); return s.Close() }), s.Start("")
	}}
	return t
}

// push stores a blob in the repository of an app and returns its digest.
func (x *attacker) push(key, repository string, content []byte) (string, error) {
	x.t.Helper()
	t := x.transport(key)
	defer t.CloseIdleConnections()
	r, err := name.NewRepository("server.test/"+repository, name.Insecure)
	if err != nil {
		x.t.Fatal(err)
	}
	l := static.NewLayer(content, types.OCILayer)
	d, err := l.Digest()
	if err != nil {
		x.t.Fatal(err)
	}
	return d.String(), remote.WriteLayer(r, l, remote.WithTransport(t))
}

func (x *attacker) otherImages() {
	secret, err := x.push("shop", "shop", []byte("the program of shop"))
	if err != nil {
		x.t.Fatal(err)
	}
	read := func(path string) {
		x.t.Helper()
		x.without("GET "+path, false, "", func() string {
			out := x.raw("previews", "", request("GET", path, nil))
			if strings.Contains(out, "the program of shop") || strings.Contains(out, "root:x:0") {
				x.t.Errorf("GET %s shows what belongs to others: %s", path, out)
			}
			return out
		})
	}
	for _, path := range []string{
		"/v2/shop/blobs/" + secret, "/v2/where2eat/../shop/blobs/" + secret, "/v2/where2eat/%2e%2e/shop/blobs/" + secret, "/v2/where2eat%2f..%2fshop/blobs/" + secret,
		"/v2//shop/blobs/" + secret, "/v2/./shop/blobs/" + secret, "/v2/where2eat/..%2fshop/blobs/" + secret, "/v2/where2eat/blobs/" + secret,
		"/v2/where2eat/blobs/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "/v2/where2eat/blobs/sha256:../../../../etc/passwd", "/v2/where2eat,shop/blobs/" + secret,
	} {
		read(path)
	}
	x.refuses("the blob of another app", "previews", "not for the app", request("GET", "/v2/shop/blobs/"+secret, nil))
	x.refuses("a blob mounted from another app", "previews", "not for the app", request("POST", "/v2/where2eat/blobs/uploads/?mount="+secret+"&from=shop", nil))
	x.refuses("an upload for another app", "previews", "not for the app", request("POST", "/v2/shop/blobs/uploads/", nil))
	x.refuses("a catalogue", "previews", "not for the app", request("GET", "/v2/_catalog", nil))
	for _, path := range []string{"manifests/" + x.a.digests[1], "blobs/" + x.a.digests[1], "blobs/uploads/x"} {
		x.refuses("DELETE "+path, "previews", "may not do that", request("DELETE", "/v2/where2eat/"+path, nil))
		x.refuses("DELETE "+path, "releases", "may not do that", request("DELETE", "/v2/where2eat/"+path, nil))
	}
	for _, path := range []string{"sub/blobs/uploads/", "blobs/blobs/uploads", "blobs/sha256/blobs/uploads/", "manifests/blobs/uploads", "..%2fx/blobs/uploads/"} {
		x.without("a repository below that of the app: "+path, false, "", func() string {
			out := x.raw("previews", "", request("POST", "/v2/where2eat/"+path, nil))
			if strings.Contains(out, " 202 ") || strings.Contains(out, " 201 ") {
				x.t.Errorf("the server accepts %s: %s", path, out)
			}
			return out
		})
	}
	x.without("an image with other content than its digest", false, " 400 ", func() string {
		return x.raw("previews", "", request("PUT", "/v2/where2eat/manifests/"+x.a.digests[1], []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`), "Content-Type: application/vnd.oci.image.index.v1+json"))
	})
}

func (x *attacker) badNames() {
	long := strings.Repeat("a", 10000)
	for _, bad := range []string{"../../etc", "preview/../production", "preview/a/b", "preview/a.b", "preview/.", "preview/", "preview/a\x00b", "preview/é", "preview/" + long, "preview/a b", "preview/-a", "preview/a\n", "preview/PR-1", "preview/$(touch /tmp/owned)", "preview/--help", "preview/%i"} {
		x.refuses(fmt.Sprintf("the environment %.40q", bad), "previews", "", post(protocol.PathPrepare, x.spec(bad, 0)))
		x.refuses(fmt.Sprintf("removing %.40q", bad), "previews", "", post(protocol.PathDown, protocol.SwitchRequest{App: "where2eat", Environment: bad}))
	}
	for _, bad := range []string{"", "../where2eat", "where2eat/", "where2eat,shop", "where2eat\x00", "WHERE2EAT", "ŵhere2eat", long, "where2eat.preview"} {
		s := x.spec("preview/pr-3", 0)
		s.App = bad
		x.refuses(fmt.Sprintf("the app %.40q", bad), "previews", "not for the app", post(protocol.PathPrepare, s))
	}
	for _, bad := range []string{"..%2f..%2f.ssh%2fauthorized_keys", "where2eat%2f..%2fshop", "where2eat%00", "where2eat.json"} {
		x.refuses("the records "+bad, "previews", "not for the app", request("GET", protocol.PathRecords+"/"+bad, nil))
		x.refuses("writing the records "+bad, "previews", "not for the app", request("PUT", protocol.PathRecords+"/"+bad, []byte(`{}`)))
	}
	for variable, value := range map[string]string{"PORT": "22", "A=B": "x", "A\nB": "x", "A\x00": "x", "": "x", "#": "x", " A": "x", "--privileged": "x", "A": "x\x00y", "LD_PRELOAD": "x\n/tmp/owned", "CONTAINERS_CONF": strings.Repeat("/", 1<<16)} {
		for _, secret := range []bool{false, true} {
			s := x.spec("preview/pr-3", 0)
			if s.Env = map[string]string{variable: value}; secret {
				s.Env, s.Secrets = nil, s.Env
			}
			x.refuses(fmt.Sprintf("the variable %q", variable), "previews", "cannot be set", post(protocol.PathPrepare, s))
		}
	}
	for _, image := range []string{"--privileged", "oci:/var/lib/goldenpath/state/images/shop", "dir:/etc", "postgres:16", "goldenpath.local/shop@sha256:" + strings.Repeat("0", 64), "--authfile@sha256:" + strings.Repeat("0", 64)} {
		s := x.spec("preview/pr-3", 0)
		s.Services.Postgres = target.Service{Version: 16, Image: image}
		x.refuses("the database image "+image, "previews", "is not an image with a digest", post(protocol.PathPrepare, s))
	}
	s := x.spec("preview/pr-3", 0)
	s.Ready.Path = "@127.0.0.1:2019/config/"
	x.refuses("a path that is another address", "previews", "is not a path", post(protocol.PathPrepare, s))
}

// engineVariables deploys a preview with variables that the engine would obey if they were its
// own: they are those of the container.
func (x *attacker) engineVariables() {
	x.count++
	digest, err := x.push("previews", "where2eat", []byte("[containers]\nvolumes = [\"/var/lib/goldenpath/state:/steal\"]\n"))
	if err != nil {
		x.t.Fatal(err)
	}
	file := "/var/lib/goldenpath/state/images/where2eat/blobs/sha256/" + strings.TrimPrefix(digest, "sha256:")
	if x.root("head -n 1 "+file) != "[containers]" {
		x.t.Fatalf("%s is not what was sent", file)
	}
	s := x.spec("preview/pr-3", 0)
	s.Env = map[string]string{"CONTAINERS_CONF": file, "CONTAINERS_CONF_OVERRIDE": file, "LD_PRELOAD": file, "PATH": "/tmp/owned", "XDG_CONFIG_HOME": "/tmp/owned", "QUOTED": ` "a" 'b' \n $HOME # `, "LINES": "one\ntwo"}
	g := x.deploy("previews", s)
	container := fmt.Sprintf("goldenpath.where2eat.preview.pr-3.%d", g)
	inspect := x.root("su - goldenpath -c \"podman container inspect --format '{{json .Mounts}} {{json .Config.Env}} {{.HostConfig.Privileged}}' " + container + "\"")
	if strings.Contains(inspect, "/steal") {
		x.t.Errorf("the preview sees the state of the server: %s", inspect)
	}
	for name, value := range s.Env {
		b, _ := json.Marshal(name + "=" + value)
		if !strings.Contains(inspect, string(b)) {
			x.t.Errorf("the container does not have %s: %s", b, inspect)
		}
	}
	x.a.answers("pr-3", x.a.commits[0])
	x.a.answers("www", x.serves)
}

// deploy prepares and switches, and returns the generation.
func (x *attacker) deploy(key string, s protocol.Spec) int {
	x.t.Helper()
	out := x.raw(key, "", post(protocol.PathPrepare, s))
	g := generation(out)
	if g == 0 {
		x.t.Fatalf("%s is not prepared: %s", s.Environment, out)
	}
	out = x.raw(key, "", post(protocol.PathSwitch, protocol.SwitchRequest{App: s.App, Environment: s.Environment, Generation: g}))
	if !strings.Contains(out, `"running"`) {
		x.t.Fatalf("%s is not switched: %s", s.Environment, out)
	}
	x.settled()
	return g
}

// generation returns the generation that was prepared, or 0.
func generation(answer string) (g int) {
	_, rest, _ := strings.Cut(answer, `"ready":{"generation":`)
	_, _ = fmt.Sscan(strings.NewReplacer(",", " ", "}", " ").Replace(rest), &g)
	return g
}

// secrets looks for a secret where others than its container could find it.
func (x *attacker) secrets() {
	x.count++
	const secret = "correct-horse-battery"
	const pattern = "correct-horse-[b]attery" // does not find itself
	s := x.spec("preview/pr-2", 0)
	s.Secrets = map[string]string{"TOKEN": secret, "PEM": secret + "\nsecond line"}
	s.Migrate = target.Migration{Argv: []string{"/where2eat", "migrate"}}
	x.deploy("previews", s)
	if got := x.root("su - goldenpath -c \"podman exec goldenpath.where2eat.preview.pr-2.1 /where2eat nothing; podman container inspect --format '{{json .Config.Env}}' goldenpath.where2eat.preview.pr-2.1\" 2>/dev/null"); strings.Count(got, secret) != 2 {
		x.t.Fatalf("the container does not have its secrets: %s", got)
	}
	for where, command := range map[string]string{
		"the audit log":              "cat ~goldenpath/state/audit.jsonl",
		"the list of processes":      "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '",
		"unit files":                 "cat /etc/systemd/user/goldenpath* ; grep -r . ~goldenpath/.config/systemd /run/user/*/systemd 2>/dev/null; true",
		"the state of units":         "su - goldenpath -c 'XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user show --all \"goldenpath*\"'",
		"the journal":                "journalctl --no-pager --output verbose --all",
		"Caddy":                      "curl -s localhost:2019/config/",
		"files that others may read": "find ~goldenpath /tmp /run /var/log -xdev -type f -perm /044 -size -2000k -exec grep -las '" + pattern + "' {} +; true",
	} {
		if found := x.root("(" + command + ") | grep -a '" + pattern + "' || true"); found != "" {
			x.t.Errorf("%s: has the secret: %.300s", where, found)
		}
	}
	if readable := x.root("su daemon -s /bin/sh -c 'ls /var/lib/goldenpath/state /var/lib/goldenpath/state/environments 2>/dev/null; true'"); readable != "" {
		x.t.Errorf("others can list the state: %s", readable)
	}
	if out := x.raw("previews", "", post(protocol.PathStatus, protocol.SwitchRequest{App: "where2eat", Environment: "preview/pr-2"})); strings.Contains(out, secret) {
		x.t.Errorf("the state shows the secret: %s", out)
	}
}

// fullDisk declares more than the server has room for, and sends it without declaring it.
func (x *attacker) fullDisk() {
	x.refuses("a blob of 100 TB", "previews", "of free disk and is to keep", []byte("POST /v2/where2eat/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100000000000000\r\n\r\n"))
	s := x.a.servers[0]
	s.root(`cp -a /etc/goldenpath/host.yml /root/host.yml; free=$(df --output=avail -B1M ~goldenpath | tail -n 1); printf 'budget: {disk: %dMiB}\n' $((free - 256)) >> /etc/goldenpath/host.yml`)
	defer s.root("cat /root/host.yml > /etc/goldenpath/host.yml; rm -rf ~goldenpath/state/images/where2eat/_uploads")
	x.count++
	t := x.transport("previews")
	defer t.CloseIdleConnections()
	body := &zeros{left: 2 << 30}
	send := x.upload(t, "where2eat", body)
	send.ContentLength = -1 // in chunks: its length is not declared
	if res, err := t.RoundTrip(send); err == nil {
		res.Body.Close()
		if res.StatusCode < 400 {
			x.t.Errorf("an upload of 2 GiB with room for 256 MiB: %s", res.Status)
		}
	}
	if sent := 2<<30 - body.left; sent > 1<<30 {
		x.t.Errorf("%d MiB were taken with room for 256 MiB", sent>>20)
	}
	if log := x.root("tail -n 1 ~goldenpath/state/audit.jsonl"); !strings.Contains(log, "free disk") {
		x.t.Errorf("the audit log does not have the upload that was stopped: %s", log)
	}
	x.a.answers("www", x.serves)
}

// upload begins to send a blob, and returns the request that sends its body.
func (x *attacker) upload(t *http.Transport, repository string, body io.Reader) *http.Request {
	begin, err := http.NewRequest("POST", "http://server/v2/"+repository+"/blobs/uploads/", nil)
	if err != nil {
		x.t.Fatal(err)
	}
	res, err := t.RoundTrip(begin)
	if err != nil || res.StatusCode != http.StatusAccepted {
		x.t.Fatalf("%v %v", res, err)
	}
	res.Body.Close()
	where, err := res.Location()
	if err != nil {
		x.t.Fatal(err)
	}
	send, err := http.NewRequest("PATCH", where.String(), body)
	if err != nil {
		x.t.Fatal(err)
	}
	return send
}

type zeros struct{ left int }

func (z *zeros) Read(p []byte) (int, error) {
	n := min(len(p), z.left)
	if n == 0 {
		return 0, io.EOF
	}
	clear(p[:n])
	z.left -= n
	return n, nil
}

// replay repeats what was done already, and asks for what is gone.
func (x *attacker) replay() {
	s := x.spec("production", 1)
	x.without("the same release again", false, `"serves":true`, func() string { return x.raw("releases", "", post(protocol.PathPrepare, s)) })
	g := x.root(`sed -n 's/.*"serving": \([0-9]*\).*/\1/p' ~goldenpath/state/environments/where2eat.production/environment.json`)
	var number int
	if _, err := fmt.Sscan(g, &number); err != nil {
		x.t.Fatal(err)
	}
	x.without("the same switch again", false, `"running"`, func() string {
		return x.raw("releases", "", post(protocol.PathSwitch, protocol.SwitchRequest{App: "where2eat", Environment: "production", Generation: number}))
	})
	for _, n := range []int{0, -1, number + 1, 1 << 40} {
		x.refuses(fmt.Sprintf("a switch to generation %d", n), "releases", "no longer there", post(protocol.PathSwitch, protocol.SwitchRequest{App: "where2eat", Environment: "production", Generation: n}))
	}
	x.refuses("a switch where nothing is", "previews", "no longer there", post(protocol.PathSwitch, protocol.SwitchRequest{App: "where2eat", Environment: "preview/none", Generation: 1}))
}

// twoPromotions releases two versions at once, without the lock that goldenpath's client takes:
// one of them serves, and the server knows which.
func (x *attacker) twoPromotions() {
	x.count++
	a := x.a
	p := probing(x.t, a.url("staging")+"/healthz")
	var all sync.WaitGroup
	outs, specs := make([]string, 2), []protocol.Spec{x.spec("staging", 0), x.spec("staging", 1)}
	for version := range 2 {
		all.Go(func() {
			out := x.raw("releases", "", post(protocol.PathPrepare, specs[version]))
			if g := generation(out); g != 0 {
				out = x.raw("releases", "", post(protocol.PathSwitch, protocol.SwitchRequest{App: "where2eat", Environment: "staging", Generation: g}))
			}
			outs[version] = out
		})
	}
	all.Wait()
	p.none(x.t)
	won := 0
	for _, out := range outs {
		switch {
		case strings.Contains(out, `"running":`):
			won++
		case !strings.Contains(out, "superseded") && !strings.Contains(out, "another deployment") && !strings.Contains(out, "deploy again"):
			x.t.Errorf("the one that lost does not learn why: %s", out)
		}
	}
	if won == 0 {
		x.t.Errorf("neither is released:\n%s\n%s", outs[0], outs[1])
	}
	status := x.raw("releases", "", post(protocol.PathStatus, protocol.SwitchRequest{App: "where2eat", Environment: "staging"}))
	_, body, err := get(a.url("staging") + "/version")
	said := 0
	for _, commit := range a.commits {
		if strings.Contains(status, commit) {
			said++
			if err != nil || !strings.Contains(body, commit) {
				x.t.Errorf("staging is said to serve %s and answers %s, %v", commit, body, err)
			}
		}
	}
	if said != 1 {
		x.t.Errorf("staging serves neither: %s", status)
	}
	x.settled()
	a.answers("www", x.serves)
}

// cleanUpBeforeSwitch puts away old generations and sweeps between the preparation of a
// generation and the switch to it: that generation stays, whether it is new or stood by.
func (x *attacker) cleanUpBeforeSwitch() {
	for _, version := range []int{0, 1} { // the first of them stands by
		x.deploy("releases", x.spec("staging", version))
	}
	for what, tt := range map[string]struct {
		key  string
		spec protocol.Spec
	}{
		"what stood by": {"releases", x.spec("staging", 0)},
		"a new preview": {"previews", x.spec("preview/pr-3", 1)},
	} {
		out := x.raw(tt.key, "", post(protocol.PathPrepare, tt.spec))
		g := generation(out)
		if g == 0 {
			x.t.Fatalf("%s is not prepared: %s", what, out)
		}
		x.a.servers[0].user("goldenpath host settle " + tt.spec.App + "." + strings.ReplaceAll(tt.spec.Environment, "/", ".") + " && goldenpath host sweep")
		out = x.raw(tt.key, "", post(protocol.PathSwitch, protocol.SwitchRequest{App: tt.spec.App, Environment: tt.spec.Environment, Generation: g}))
		if !strings.Contains(out, `"running"`) {
			x.t.Errorf("%s is gone before the switch: %s", what, out)
		}
		x.settled()
	}
	x.a.answers("staging", x.a.commits[0])
	x.a.answers("pr-3", x.a.commits[1])
}

// slow opens connections that never say what they want, and an upload that never arrives.
// Others are served, and the upload, for which others wait, is ended.
func (x *attacker) slow() {
	for range 8 {
		x.count++
		s, err := x.clients["previews"].NewSession()
		if err != nil {
			x.t.Fatal(err)
		}
		defer s.Close()
		in, err := s.StdinPipe()
		if err != nil {
			x.t.Fatal(err)
		}
		if err := s.Start(""); err != nil {
			x.t.Fatal(err)
		}
		if _, err := io.WriteString(in, "GET /v1/hello HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
			x.t.Fatal(err)
		}
	}
	for _, key := range []string{"releases", "shop"} {
		if out := x.raw(key, "", request("GET", hello, nil)); !strings.Contains(out, `"role"`) {
			x.t.Errorf("%s is not answered: %s", key, out)
		}
	}
	// An upload that stands still.
	x.count++
	t := x.transport("shop")
	defer t.CloseIdleConnections()
	r, w := io.Pipe()
	defer w.Close()
	send := x.upload(t, "shop", r)
	send.ContentLength = 1 << 20
	go func() {
		if res, err := t.RoundTrip(send); err == nil {
			res.Body.Close()
		}
	}()
	if _, err := w.Write([]byte("x")); err != nil {
		x.t.Fatal(err)
	}
	begun := time.Now()
	x.a.pass(x.a.up(1, 1)) // needs the registry
	x.t.Logf("a deployment waited %s for the upload", time.Since(begun).Round(time.Second))
	for end := time.Now().Add(40 * time.Second); x.root("pgrep -u goldenpath -fa '[h]ost serve --role previews --app shop' || true") != ""; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			x.t.Fatal("the upload that stands still is not ended")
		}
	}
	x.a.answers("pr-1", x.a.commits[1])
	x.a.answers("www", x.serves)
}

// nothingRan looks for what an attack could have left.
func (x *attacker) nothingRan() {
	if found := x.root("ls -d /tmp/owned* /owned* ~goldenpath/owned* 2>/dev/null; true"); found != "" {
		x.t.Errorf("a command of an attacker ran: %s", found)
	}
	for _, key := range []string{"previews", "releases", "shop"} {
		x.clients[key].Close()
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		left := x.root("pgrep -u goldenpath -fa '[g]oldenpath host serve' || true")
		if left == "" {
			return
		}
		if time.Now().After(end) {
			x.t.Errorf("processes of closed connections are left: %s", left)
			return
		}
	}
}
