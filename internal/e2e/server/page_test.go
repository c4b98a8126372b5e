//go:build e2e

package server

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/e2e/names"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
)

// web is an app that a person brings along.
var web = map[string]string{
	"go.mod": "module shop\n\ngo 1.25\n",
	"main.go": `package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, greeting) })
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	panic(http.ListenAndServe(net.JoinHostPort(os.Getenv("HOST"), os.Getenv("PORT")), nil))
}
`,
	"greeting.go":      "package main\n\nconst greeting = \"hello\"\n",
	"greeting_test.go": "package main\n\nimport \"testing\"\n\nfunc TestGreeting(t *testing.T) {\n\tif greeting == \"\" {\n\t\tt.Fatal()\n\t}\n}\n",
	".gitignore":       "dist/\nreports/\n",
}

// blocks returns the shell commands of the part of docs/server.md that leads to production,
// by block, with the name of the server of this test.
func blocks(t *testing.T, host string) (all [][]string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root(t), "docs/server.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(b), "## From a new server to production")
	part, _, _ = strings.Cut(part, "\n## ")
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(part, -1) {
		var lines []string
		for _, line := range strings.Split(strings.TrimSpace(m[1]), "\n") {
			line, _, _ = strings.Cut(line, " #")
			lines = append(lines, strings.ReplaceAll(strings.TrimSpace(line), "shop.example.com", host))
		}
		all = append(all, lines)
	}
	return all
}

// TestPage runs every command of docs/server.md that leads from a new server to production:
// the three of the short way, and those by hand.
func TestPage(t *testing.T) {
	s := start(t, "page-podman", "podman")
	host := s.name + ".test"
	names.Resolve(t, s.address, host, "staging."+host, "pr-local.preview."+host, "pr-7.preview."+host)
	page := blocks(t, host)
	if len(page) != 6 {
		t.Fatalf("the page has %d blocks of commands: %q", len(page), page)
	}
	own := authority(t, s.address)

	// A shell in the repository of a person, who has root's key in their SSH configuration and
	// gh for the secrets.
	bin := t.TempDir()
	for name, text := range map[string]string{
		"gh":  "#!/bin/sh\necho \"$*\" >> " + bin + "/gh.log\nexec grep -q 'PRIVATE KEY'\n",
		"ssh": "#!/bin/sh\nexec /usr/bin/ssh -o IdentityFile=" + s.file("key") + " -o IdentitiesOnly=yes -o UserKnownHostsFile=" + bin + "/known_hosts -o StrictHostKeyChecking=accept-new \"$@\"\n",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(root(t), "bin/goldenpath"), filepath.Join(bin, "goldenpath")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+filepath.Join(root(t), "bin")+":"+os.Getenv("PATH"))
	a := &app{t: t, keys: t.TempDir(), servers: []*server{s}}
	shell := func(command string) string {
		t.Helper()
		cmd := exec.Command("bash", "-euc", command)
		cmd.Dir = a.dir
		begun := time.Now()
		out, err := cmd.CombinedOutput()
		t.Logf("%.1f s: %s", time.Since(begun).Seconds(), command)
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		return string(out)
	}
	repository := func() {
		a.dir = filepath.Join(t.TempDir(), "shop")
		if err := os.MkdirAll(a.dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range web {
			if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		a.git("init", "--quiet", "--initial-branch=main")
		a.git("add", "--all")
		a.git("commit", "--quiet", "--message", "first")
	}
	commit := func() {
		a.git("add", "--all")
		a.git("commit", "--quiet", "--message", "goldenpath")
		a.git("config", "user.name", "ann")
		a.git("config", "user.email", "ann@example.com")
	}
	says := func(address, want string) {
		t.Helper()
		out, err := exec.Command("curl", "--silent", "--show-error", "--fail", "--max-time", "20", "--cacert", os.Getenv("SSL_CERT_FILE"), address).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s says %q, %v; want %q", address, out, err, want)
		}
	}

	repository()
	begun := time.Now()
	for i, line := range page[0] {
		shell(line)
		switch i {
		case 0:
			commit()
		case 1:
			s.certifiedBy(own) // a server on the internet asks a public authority
		}
	}
	t.Logf("the short way to production: %.0f s", time.Since(begun).Seconds())
	says("https://"+host+"/", "hello")
	if out := shell("goldenpath rollback --reason WHY || true"); !strings.Contains(out, "release") {
		t.Errorf("a rollback of the only release: %s", out)
	}
	s.root("goldenpath host uninstall --yes")

	repository()
	for _, line := range page[1] { // a server of this test has them, and reaches no mirror
		shell("apt-cache show podman >/dev/null 2>&1 || apt-get update -qq; " + strings.Replace(line, "apt install", "apt-get install --simulate --yes", 1))
	}
	for _, line := range page[2] {
		shell(line)
	}
	a.edit(".goldenpath.yml", "from: staging}", "from: staging, soak: {for: 5s, at-least: 20}}")
	commit()
	for _, name := range []string{filepath.Join(root(t), "bin/goldenpath"), ".goldenpath.yml", ".goldenpath/evidence.pub"} {
		if !filepath.IsAbs(name) {
			name = filepath.Join(a.dir, name)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s.feed(string(b), "cat > /root/"+filepath.Base(name)+" && chmod +x /root/"+filepath.Base(name))
	}
	on := func(line string) string { return s.root("cd /root && export PATH=/root:$PATH && " + line) }
	for _, line := range page[3] {
		on(line + " --dry-run")
		on(line)
	}
	s.certifiedBy(own)
	for _, line := range page[4] {
		shell(line)
	}
	for _, role := range []string{"previews", "releases"} {
		s.feed(a.read(role+".pub"), "cat > /root/"+role+".pub")
		if err := os.Rename(filepath.Join(a.dir, role), filepath.Join(a.keys, role)); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range page[5] {
		on(line)
	}
	if b, err := os.ReadFile(filepath.Join(bin, "gh.log")); err != nil || strings.Count(string(b), "secret set") != 3 {
		t.Errorf("secrets: %q, %v", b, err)
	}
	// What a push makes GitHub do.
	a.commits = []string{a.git("rev-parse", "HEAD")}
	a.digests = []string{a.output("digest", a.must("package", "--json"))}
	a.attest(0, evidence.Provenance, evidence.Tests, evidence.Gate, evidence.Scorecard, evidence.Battery)
	a.pass(a.up(7, 0))
	says("https://pr-7.preview."+host+"/", "hello")
	a.pass(a.promote("staging", 0))
	a.pass(a.promote("production", 0))
	says("https://"+host+"/", "hello")
	if out := on("goldenpath host status"); !strings.Contains(out, "production") {
		t.Errorf("host status: %s", out)
	}
	if out := shell("goldenpath status production --ssh-key " + filepath.Join(a.keys, "releases")); !strings.Contains(out, host) {
		t.Errorf("status: %s", out)
	}
}
