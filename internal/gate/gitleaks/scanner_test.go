package gitleaks

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zricethezav/gitleaks/v8/logging"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Made up, and put together here so that no scanner takes this file for a leak.
var (
	token   = "ghp_" + "x7Kq2mVb9RtZ4cWn8LpYs6DfHj3GaQe1uT0o"
	slack   = "https://hooks.slack.com/services/" + "T0A1B2C3D/B4E5F6A7B/" + "Qm7rT2xW9zLkP4vN8sYb3JdF"
	private = "-----BEGIN RSA " + "PRIVATE KEY-----\n" + strings.Repeat("MIIEpAIBAAKCAQEA7vXk2mQ9tRz4LpYs6DfHj3GaQe1uT0oCwNbV8xKq5iUyE\n", 4) + "-----END RSA " + "PRIVATE KEY-----\n"
)

// shared loads the rules once.
var shared = new(Scanner)

type repo struct {
	t   *testing.T
	dir string
}

func newRepo(t *testing.T) repo {
	t.Helper()
	r := repo{t, t.TempDir()}
	r.git("init", "-q", "-b", "main")
	return r
}

func (r repo) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", r.dir, "-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r repo) write(name, text string) {
	r.t.Helper()
	file := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// commit writes the files, of which an empty one is removed, and returns the commit.
func (r repo) commit(files map[string]string) string {
	r.t.Helper()
	for name, text := range files {
		if text == "" {
			r.git("rm", "-q", "--", name)
			continue
		}
		r.write(name, text)
	}
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", "change")
	return r.git("rev-parse", "HEAD")
}

// input has every file of the tree.
func (r repo) input(in gate.Input) gate.Input {
	r.t.Helper()
	files, err := gate.Walk(context.Background(), r.dir, in.Exclude)
	if err != nil {
		r.t.Fatal(err)
	}
	in.Dir, in.Files = r.dir, files
	return in
}

func (r repo) scan(in gate.Input) gate.Result {
	r.t.Helper()
	res, err := shared.Scan(context.Background(), r.input(in))
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

// where lists findings as "rule path:line".
func where(res gate.Result) []string {
	out := []string{}
	for _, f := range res.Findings {
		at := f.At.Path
		if f.At.Line > 0 {
			at += fmt.Sprintf(":%d", f.At.Line)
		}
		out = append(out, f.Rule+" "+at)
	}
	return out
}

func TestTreeAndHistory(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"old.env": "a=1\nTOKEN=" + token + "\n", "both.env": "HOOK=" + slack + "\n"})
	base := r.commit(map[string]string{"old.env": ""})
	head := r.commit(map[string]string{"new.key": "# key\n" + private})

	all := r.scan(gate.Input{Head: head})
	if diff := cmp.Diff([]string{"slack-webhook-url both.env:1", "private-key new.key:2", "github-pat old.env"}, where(all)); diff != "" {
		t.Error(diff)
	}
	if want := "3 commits, 2 files, "; !strings.HasPrefix(all.Covered, want) {
		t.Errorf("covered %q, want %q…", all.Covered, want)
	}
	if !strings.Contains(all.Findings[2].Message, "line 2") || all.Findings[2].At.Line != 0 {
		t.Errorf("a secret of the history: %+v", all.Findings[2])
	}
	change := r.scan(gate.Input{Base: base, Head: head})
	if diff := cmp.Diff([]string{"slack-webhook-url both.env:1", "private-key new.key:2"}, where(change)); diff != "" {
		t.Error(diff)
	}
	if len(all.Missing)+len(change.Missing) > 0 {
		t.Errorf("gaps: %v %v", all.Missing, change.Missing)
	}
}

func TestSecretNeverInResult(t *testing.T) {
	r := newRepo(t)
	encoded := base64.StdEncoding.EncodeToString([]byte(token))
	r.commit(map[string]string{"a": "t = \"" + token + "\"\n", "b": slack, "c": private, "d": "x: " + encoded + "\n"})
	r.commit(map[string]string{"a": "", "c": ""})
	res := r.scan(gate.Input{})
	// The token stands encoded in d, so what the history has of it is the same secret.
	if diff := cmp.Diff([]string{"slack-webhook-url b:1", "github-pat d:1", "private-key c"}, where(res)); diff != "" {
		t.Fatal(diff)
	}
	text, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{token, slack, private, encoded} {
		for i := 0; i+8 <= len(secret); i++ {
			if strings.Contains(string(text), secret[i:i+8]) {
				t.Fatalf("%q is in %s", secret[i:i+8], text)
			}
		}
	}
	for _, f := range res.Findings {
		if f.Severity != report.Critical || f.Fingerprint == "" || !strings.HasPrefix(f.Fix, "revoke and rotate the secret") {
			t.Errorf("%+v", f)
		}
	}
}

func TestFingerprintIsStable(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"a.env": token + "\n"})
	before := r.scan(gate.Input{}).Findings
	r.commit(map[string]string{"a.env": "# moved\n\n" + token + "\n"})
	after := r.scan(gate.Input{}).Findings
	if len(before) != 1 || len(after) != 1 || before[0].Fingerprint != after[0].Fingerprint || after[0].At.Line != 3 {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
}

// A repository must not be able to loosen the gate.
func TestRepositoryCannotLoosen(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{
		".gitleaks.toml":   "[allowlist]\npaths = ['''.*''']\n",
		".gitleaksignore":  "in.env:github-pat:1\n",
		".gitattributes":   "*.env binary\n*.env -diff\n",
		"in.env":           token + " # gitleaks:allow\n",
		"gone.env":         slack + "\n",
		"dir with \"q\".x": "é = 1\n" + strings.Replace(token, "x7", "y7", 1) + "\n",
	})
	r.commit(map[string]string{"gone.env": "", "dir with \"q\".x": ""})
	r.git("config", "diff.noprefix", "true")
	r.git("config", "log.showRoot", "false")
	r.git("config", "color.ui", "always")
	want := []string{"github-pat in.env:1", "github-pat dir with \"q\".x", "slack-webhook-url gone.env"}
	if diff := cmp.Diff(want, where(r.scan(gate.Input{}))); diff != "" {
		t.Error(diff)
	}
}

func TestExclude(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"testdata/a.env": token, "testdata2/b.env": slack})
	got := where(r.scan(gate.Input{Exclude: []string{"testdata/"}}))
	if diff := cmp.Diff([]string{"slack-webhook-url testdata2/b.env:1"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSymlinkAndBinary(t *testing.T) {
	r := newRepo(t)
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(r.dir, "link")); err != nil {
		t.Fatal(err)
	}
	r.commit(map[string]string{"a.bin.elf": "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 64) + token, "f": "link\n"})
	r.git("rm", "-q", "f")
	if err := os.Symlink("a.bin.elf", filepath.Join(r.dir, "f")); err != nil {
		t.Fatal(err)
	}
	r.commit(nil) // f changed its type
	res := r.scan(gate.Input{})
	if diff := cmp.Diff([]string{"github-pat a.bin.elf"}, where(res)); diff != "" || !strings.Contains(res.Covered, "1 binary file (readable text)") {
		t.Errorf("%v, covered %q", where(res), res.Covered)
	}
}

func TestNoRepository(t *testing.T) {
	r := repo{t, t.TempDir()}
	r.write("a.env", token)
	res := r.scan(gate.Input{})
	if len(res.Findings) != 1 || len(res.Missing) != 1 || res.Missing[0].What != "git history" {
		t.Errorf("%+v", res)
	}
}

func TestShallowClone(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"a": "1\n"})
	base := r.commit(map[string]string{"a": "2\n"})
	head := r.commit(map[string]string{"a": "3\n"})
	clone := repo{t, filepath.Join(t.TempDir(), "clone")}
	r.git("clone", "-q", "--depth=2", "file://"+r.dir, clone.dir)
	if got := clone.scan(gate.Input{Head: head}).Missing; len(got) != 1 || !strings.Contains(got[0].Remedy, "fetch-depth: 0") {
		t.Errorf("full history of a shallow clone: %v", got)
	}
	if got := clone.scan(gate.Input{Base: base, Head: head}).Missing; len(got) != 0 {
		t.Errorf("a range the clone has: %v", got)
	}
}

func TestOtherOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	r := newRepo(t)
	r.commit(map[string]string{"a.env": token})
	r.commit(map[string]string{"a.env": ""})
	err := filepath.WalkDir(r.dir, func(name string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chown(name, 12345, 12345))
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := where(r.scan(gate.Input{})); len(got) != 1 {
		t.Errorf("in a container the checkout belongs to another user: %v", got)
	}
}

func TestNothingPrinted(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"a.env": token, "b.zip": "PK\x03\x04"})
	got := gatetest.Printed(t, func() {
		r.scan(gate.Input{})
		logging.Error().Msg("what the library would say of a file")
	})
	if got != "" {
		t.Errorf("printed %q", got)
	}
}

func TestVersion(t *testing.T) {
	if got := new(Scanner).Version(); got != "v8.30.1" && got != "unknown" {
		t.Error(got)
	}
}

// TestWholeHistory: a complete push lists what the history had before, as known.
func TestWholeHistory(t *testing.T) {
	r := newRepo(t)
	token := "ghp_" + filled("<a:36>", 3)
	r.commit(map[string]string{"a.env": "k=" + token + "\n"})
	base := r.commit(map[string]string{"a.env": "k=\n"})
	r.commit(map[string]string{"b.env": "k=ghp_" + filled("<a:36>", 4) + "\n"})
	r.commit(map[string]string{"b.env": "k=\n"})
	for whole, want := range map[bool]string{false: "b.env:", true: "a.env:known b.env:"} {
		var got []string
		for _, f := range r.scan(gate.Input{Base: base, Whole: whole}).Findings {
			got = append(got, f.At.Path+":"+string(f.Status))
		}
		slices.Sort(got)
		if text := strings.Join(got, " "); text != want {
			t.Errorf("whole %v: %s, want %s", whole, text, want)
		}
	}
}
