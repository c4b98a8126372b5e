package flags

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoad(t *testing.T) {
	tests := map[string]struct {
		flag string
		on   bool
		err  string
	}{
		"on":            {`{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"on"}`, true, ""},
		"off":           {`{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off"}`, false, ""},
		"disabled":      {`{"state":"DISABLED","variants":{"on":true,"off":false},"defaultVariant":"on"}`, false, ""},
		"no variant":    {`{"state":"ENABLED","variants":{"on":true},"defaultVariant":"yes"}`, false, `defaultVariant "yes"`},
		"not boolean":   {`{"state":"ENABLED","variants":{"on":"red"},"defaultVariant":"on"}`, false, "read flags"},
		"not an object": {`7`, false, "read flags"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "flags.json")
			if err := os.WriteFile(path, []byte(`{"flags":{"f":`+tt.flag+`}}`), 0o600); err != nil {
				t.Fatal(err)
			}
			set, err := Load(path)
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Fatalf("got error %v, want %q", err, tt.err)
			}
			if set["f"] != tt.on {
				t.Errorf("got %v, want %v", set["f"], tt.on)
			}
		})
	}
}

func TestLoadNothing(t *testing.T) {
	if set, err := Load(""); err != nil || set["new-voting"] {
		t.Errorf("got %v, %v", set, err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "missing.json")); err == nil {
		t.Error("a missing file was not an error")
	}
}

func TestRepositoryFlags(t *testing.T) {
	set, err := Load("../../flags/flags.json")
	if err != nil {
		t.Fatal(err)
	}
	if on, ok := set["new-voting"]; on || !ok {
		t.Errorf("new-voting must exist and be off, got %v", set)
	}
}
