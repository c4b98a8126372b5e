package trust

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// keys returns the keys of a new repository with one commit.
func keys(t *testing.T) Keys {
	t.Helper()
	dir := t.TempDir()
	k := Keys{Git: git.Own(dir), State: t.TempDir()}
	commit(t, k, "init", "-q")
	commit(t, k, "commit", "-q", "--allow-empty", "-m", "one")
	return k
}

func commit(t *testing.T, k Keys, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", k.Git.Dir(), "-c", "user.name=ann", "-c", "user.email=ann@example.com"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// published commits the public half of the key of this clone.
func published(t *testing.T) Keys {
	t.Helper()
	k := keys(t)
	own, err := k.Own()
	if err != nil {
		t.Fatal(err)
	}
	if reason, err := k.Publish(own); err != nil || reason != report.ReasonKeyCreated {
		t.Fatal(reason, err)
	}
	commit(t, k, "add", File)
	commit(t, k, "commit", "-q", "-m", "key")
	return k
}

func id(t *testing.T, key *evidence.Key) string {
	t.Helper()
	s, err := key.KeyID()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSigner(t *testing.T) {
	k, stranger := published(t), published(t)
	other, err := os.ReadFile(stranger.PrivateFile())
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile(k.PrivateFile())
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		keys  func(Keys) Keys
		given string
		want  string // part of the error; "": the key of the clone
	}{
		"the clone's":            {nil, "", ""},
		"as text":                {nil, string(own), ""},
		"as a file":              {nil, k.PrivateFile(), ""},
		"another, as text":       {nil, string(other), "--key does not match .goldenpath/evidence.pub"},
		"none, in a workflow":    {func(k Keys) Keys { k.Workflow = true; return k }, "", "no signing key: pass the secret GOLDENPATH_KEY"},
		"not a key":              {nil, "one\ntwo", "--key is not a private key"},
		"not a file":             {nil, "/nowhere/key.pem", "neither a PEM block nor a readable file"},
		"another clone's":        {func(k Keys) Keys { k.State = stranger.State; return k }, "", "the key of this clone does not match"},
		"another, but local":     {func(k Keys) Keys { k.State, k.Local = stranger.State, true; return k }, "", "-"},
		"no public key is there": {func(Keys) Keys { return stranger }, "", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			k := k
			if tt.keys != nil {
				k = tt.keys(k)
			}
			key, err := k.Signer(t.Context(), tt.given)
			var usage *report.UsageError
			switch {
			case tt.want == "-":
				if err != nil {
					t.Error(err)
				}
			case tt.want != "":
				if !errors.As(err, &usage) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v, want %q", err, tt.want)
				}
				if strings.Contains(err.Error(), "PRIVATE") {
					t.Error("the error quotes the key")
				}
			case err != nil:
				t.Error(err)
			default:
				want, _ := k.Committed(t.Context())
				if id(t, key) != id(t, want) {
					t.Error("another key signs")
				}
			}
		})
	}
}

func TestVerifier(t *testing.T) {
	k := published(t)
	committed, err := k.Verifier(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The file of the working tree is not policy.
	stranger := published(t)
	b, err := os.ReadFile(filepath.Join(stranger.Git.Dir(), File))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(k.Git.Dir(), File), b, 0o644); err != nil {
		t.Fatal(err)
	}
	if again, err := k.Verifier(t.Context()); err != nil || id(t, again) != id(t, committed) {
		t.Errorf("the working tree decides: %v", err)
	}
	// Without a committed key a workflow trusts no key, and a clone trusts its own.
	k = keys(t)
	if key, err := k.Verifier(t.Context()); err != nil || key == nil {
		t.Error(key, err)
	}
	k.Workflow = true
	if _, err := k.Verifier(t.Context()); err == nil || !strings.Contains(err.Error(), "is not in this commit, so no evidence can be verified") {
		t.Error(err)
	}
	// A damaged key is not the absence of one.
	k = published(t)
	if err := os.WriteFile(filepath.Join(k.Git.Dir(), File), []byte("nonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	commit(t, k, "commit", "-q", "-a", "-m", "damaged")
	if _, err := k.Verifier(t.Context()); err == nil || !strings.Contains(err.Error(), "is not a public key") {
		t.Error(err)
	}
}

func TestPublish(t *testing.T) {
	k, stranger := published(t), published(t)
	own, err := k.Own()
	if err != nil {
		t.Fatal(err)
	}
	if reason, err := k.Publish(own); err != nil || reason != report.ReasonKeyExists {
		t.Error(reason, err)
	}
	other, err := stranger.Own()
	if err != nil {
		t.Fatal(err)
	}
	if reason, err := k.Publish(other); err != nil || reason != report.ReasonKeyMismatch {
		t.Error(reason, err)
	}
	// Nothing is written outside the repository.
	k = keys(t)
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(k.Git.Dir(), ".goldenpath")); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Publish(own); err == nil {
		t.Error("a link out of the repository is followed")
	}
	if found, _ := os.ReadDir(outside); len(found) != 0 {
		t.Errorf("wrote %v", found)
	}
	k = keys(t)
	if err := os.MkdirAll(filepath.Join(k.Git.Dir(), File), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Publish(own); err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Error(err)
	}
}
