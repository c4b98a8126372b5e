package gate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestUnlocked: a manifest without a lock file is reported, and never looks
// clean (GP-GATE-8).
func TestUnlocked(t *testing.T) {
	asks := `{"dependencies": {"left-pad": "1"}}`
	for name, tt := range map[string]struct {
		files   map[string]string
		changed Changes
		want    []string
	}{
		"none":                   {map[string]string{"package.json": asks, "app/Cargo.toml": "[dependencies]\nserde = \"1\"\n"}, nil, []string{"app/Cargo.toml", "package.json"}},
		"beside it":              {map[string]string{"package.json": asks, "yarn.lock": ""}, nil, nil},
		"above it":               {map[string]string{"apps/web/package.json": asks, "pnpm-lock.yaml": "importers:\n  apps/web:\n    dependencies: {}\n"}, nil, nil},
		"of another project":     {map[string]string{"apps/web/package.json": asks, "pnpm-lock.yaml": "importers:\n  .: {}\n"}, nil, []string{"apps/web/package.json"}},
		"the lock file is gone":  {map[string]string{"a/package.json": asks}, Changes{"a/package-lock.json": true}, []string{"a/package.json"}},
		"one elsewhere is gone":  {map[string]string{"a/package.json": asks}, Changes{"b/package-lock.json": true}, nil},
		"nothing reads it":       {map[string]string{"build.sbt": "libraryDependencies += \"a\" % \"b\" % \"1\"\n", "x/build.sbt": "name := \"x\"\n"}, nil, []string{"build.sbt"}},
		"below it":               {map[string]string{"package.json": asks, "web/package-lock.json": "{}"}, nil, []string{"package.json"}},
		"asks for nothing":       {map[string]string{"package.json": `{"name": "x"}`}, nil, nil},
		"not of this change":     {map[string]string{"package.json": asks}, Changes{"README.md": true}, nil},
		"of this change":         {map[string]string{"package.json": asks}, Changes{"package.json": true}, []string{"package.json"}},
		"a byte order mark":      {map[string]string{"apps/web/package.json": asks, "pnpm-lock.yaml": "\ufeffimporters:\n  apps/web:\n    dependencies: {}\n"}, nil, nil},
		"before JSON":            {map[string]string{"apps/web/package.json": asks, "package-lock.json": "\ufeff" + `{"lockfileVersion": 3, "packages": {"": {}, "apps/web": {"name": "web"}}}`}, nil, nil},
		"before the manifest":    {map[string]string{"package.json": "\ufeff" + `{"name": "x"}`}, nil, nil},
		"a script":               {map[string]string{"a.py": "# /// script\n# dependencies = [\n#   \"requests[socks]<3\", \"b==1\",\n# ]\n# ///\n"}, nil, []string{"a.py"}},
		"a script with a lock":   {map[string]string{"a.py": "# /// script\n# dependencies = [\"requests\"]\n# ///\n", "a.py.lock": ""}, nil, nil},
		"a script with versions": {map[string]string{"a.py": "# /// script\n# dependencies = [\"requests[socks]==3\"]\n# ///\n", "b.py": "# dependencies = [\"a\"]\n"}, nil, nil},
		"Go names versions":      {map[string]string{"go.mod": "module x\nrequire example.com/y v1.0.0\n"}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Input: Input{Dir: t.TempDir()}}
			for file, text := range tt.files {
				at := filepath.Join(o.Dir, file)
				if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				o.Files = append(o.Files, File{Path: file, Size: int64(len(text))})
			}
			var got []string
			for _, g := range unlocked(o, tt.changed) {
				got = append(got, g.What)
			}
			if diff := cmp.Diff(tt.want, got, cmp.Transformer("sorted", sorted)); diff != "" {
				t.Error(diff)
			}
			if len(tt.want) == 0 || tt.changed != nil {
				return
			}
			rep, _, err := Run(t.Context(), o)
			if err != nil || rep.Verdict != report.Warn || rep.Reason != "not-everything-checked" || !strings.Contains(rep.Title, tt.want[0]) {
				t.Errorf("%s %s %q, %v", rep.Verdict, rep.Reason, rep.Title, err)
			}
		})
	}
}

func sorted(in []string) map[string]bool {
	out := map[string]bool{}
	for _, s := range in {
		out[s] = true
	}
	return out
}
