package tool

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExposed(t *testing.T) {
	dir := t.TempDir()
	inherited := Exposed(nil, dir) // what the environment of the test run holds
	for name, tt := range map[string]struct {
		environ []string
		want    []string
	}{
		"a step without secrets": {[]string{"PATH=/bin", "GITHUB_SHA=abc", "INPUT_URL=http://x", "ACTIONS_CACHE_URL=http://x", "GOLDENPATH_KEYS=x"}, nil},
		"empty variables":        {[]string{"GITHUB_TOKEN=", "INPUT_KUBECONFIG="}, nil},
		"a container action":     {[]string{"INPUT_KUBECONFIG=x", "INPUT_TOKEN=x", "ACTIONS_RUNTIME_TOKEN=x"}, []string{"ACTIONS_RUNTIME_TOKEN", "INPUT_KUBECONFIG", "INPUT_TOKEN"}},
		"a cloud":                {[]string{"AWS_SESSION_TOKEN=x", "GOOGLE_APPLICATION_CREDENTIALS=/x", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=x"}, []string{"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "AWS_SESSION_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS"}},
		"twice":                  {[]string{"gh_token=x", "GH_TOKEN=y"}, []string{"GH_TOKEN"}},
	} {
		if len(inherited) > 0 {
			t.Skipf("the environment of the test run holds %q", inherited)
		}
		if diff := cmp.Diff(tt.want, Exposed(tt.environ, dir)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "gha-creds-0123.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Exposed(nil, dir); len(got) != 1 || got[0] != "the file gha-creds-0123.json" {
		t.Errorf("%q", got)
	}
}

// The name of a program may look like the fields that follow it.
func TestParentOf(t *testing.T) {
	for stat, want := range map[string]int{
		"12 (bash) S 7 12 12":     7,
		"12 (a) R 99) (b) S 7 12": 7,
		"12 (bash) S":             0,
		"":                        0,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "stat"), []byte(stat), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := parentOf(dir); got != want {
			t.Errorf("%q: %d, want %d", stat, got, want)
		}
	}
	if got := parentOf(t.TempDir()); got != 0 {
		t.Errorf("no process: %d", got)
	}
}
