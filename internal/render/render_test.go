package render

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

const sum = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

// pod breaks no rule, but for what is put into its spec.
func pod(name, spec string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name + "\nspec:\n" + spec +
		"  automountServiceAccountToken: false\n  securityContext: {runAsNonRoot: true}\n  containers:\n  - image: registry.example.com/web@" + sum +
		"\n    securityContext: {allowPrivilegeEscalation: false}\n    resources: {limits: {memory: 1Gi, cpu: 1}}\n"
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			if err := os.Symlink(target, file); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func with(base map[string]string, more map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range []map[string]string{base, more} {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

// render writes the files, and renders one source of them.
func render(ctx context.Context, t *testing.T, files map[string]string, s Source, r Release) (Result, error) {
	t.Helper()
	dir := write(t, files)
	tree, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	logger, writer := slog.Default(), log.Writer()
	res, err := tree.Render(ctx, s, r)
	if ctx.Err() == nil && (slog.Default() != logger || log.Writer() != writer) {
		t.Error("the loggers are not as before")
	}
	if err != nil && strings.Contains(err.Error(), dir) || strings.Contains(fmt.Sprint(res.Gaps), dir) {
		t.Errorf("names a path of the machine: %v %v", err, res.Gaps)
	}
	return res, err
}

// names lists the objects as "file:line Kind/name".
func names(res Result) []string {
	out := []string{}
	for _, o := range res.Objects {
		out = append(out, fmt.Sprintf("%s:%d %s", o.File, o.Line, o.Name()))
	}
	return out
}

func gaps(res Result) string {
	var out []string
	for _, g := range res.Gaps {
		out = append(out, g.What+": "+g.Why)
	}
	return strings.Join(out, "\n")
}

// usage reports whether the error is one that the reader can fix, and says so.
func usage(err error, want string) bool {
	var u *report.UsageError
	return errors.As(err, &u) && strings.Contains(u.Problem, want)
}

// GP-GATE-12: the settings of the gate are not a manifest.
func TestHiddenFilesAreNoManifests(t *testing.T) {
	res, err := render(t.Context(), t, map[string]string{".goldenpath.yml": "version: 1\n", ".github/workflows/x.yml": "on: push\n", "a/.b.yaml": pod("b", ""), "pod.yaml": pod("web", "")}, Source{Manifests: "."}, Release{})
	if diff := cmp.Diff([]string{"a/.b.yaml:1 Pod/b", "pod.yaml:1 Pod/web"}, names(res)); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// GP-PREV-1: a mistake in a name is reported by its key, and nothing outside is read.
func TestMistakes(t *testing.T) {
	const key = "preview.kubernetes"
	for name, tt := range map[string]struct {
		source  Source
		release Release
		want    string
	}{
		"none":              {Source{}, Release{}, key + ": name exactly one"},
		"two":               {Source{Chart: "charts/web", Manifests: "charts"}, Release{}, key + ": name exactly one"},
		"absent":            {Source{Chart: "charts/no"}, Release{}, key + ".chart: charts/no is not in the repository"},
		"outside":           {Source{Manifests: "charts/../../x"}, Release{}, key + ".manifests: charts/../../x is outside"},
		"absolute":          {Source{Kustomize: "/etc"}, Release{}, key + ".kustomize: /etc is outside"},
		"link to a folder":  {Source{Chart: "charts/linked"}, Release{}, "a symbolic link is not followed"},
		"git":               {Source{Manifests: ".git"}, Release{}, ".git is not in the repository"},
		"values, absent":    {Source{Chart: "charts/web", Values: []string{"no.yaml"}}, Release{}, key + ".values[0]: cannot read no.yaml"},
		"values, outside":   {Source{Chart: "charts/web", Values: []string{"production.yaml", "../x.yaml"}}, Release{}, key + ".values[1]: ../x.yaml is outside"},
		"values, a link":    {Source{Chart: "charts/web", Values: []string{"link.yaml"}}, Release{}, key + ".values[0]: cannot read link.yaml"},
		"values, no YAML":   {Source{Chart: "charts/web", Values: []string{"bad.yaml"}}, Release{}, key + ".values[0]: bad.yaml"},
		"values, a list":    {Source{Chart: "charts/web", Values: []string{"list.yaml"}}, Release{}, key + ".values[0]: list.yaml"},
		"values, no chart":  {Source{Manifests: "charts", Set: map[string]any{"a": "b"}}, Release{}, key + ": only a chart has values"},
		"name of a release": {Source{Chart: "charts/web"}, Release{Name: "a\nb: c"}, "not a valid release name"},
		"name of a space":   {Source{Chart: "charts/web"}, Release{Namespace: "a{}"}, "not a valid namespace"},
	} {
		t.Run(name+" GP-PREV-1", func(t *testing.T) {
			tt.source.Key = key
			files := with(webChart, map[string]string{
				"bad.yaml": "a: [b", "list.yaml": "[a]", "link.yaml": "-> production.yaml", "charts/linked": "-> web", ".git/a.yaml": "a: b",
			})
			if _, err := render(t.Context(), t, files, tt.source, tt.release); !usage(err, tt.want) {
				t.Error(err)
			}
		})
	}
}

// GP-PREV-1: rendering that takes long ends with the deadline.
func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the job was cancelled"))
	_, err := render(ctx, t, with(webChart, map[string]string{
		"charts/web/templates/slow.yaml": "{{ range until 2000 }}{{ range until 1000 }}{{ end }}{{ end }}",
	}), Source{Chart: "charts/web"}, Release{})
	if err == nil || err.Error() != "cannot render charts/web: the job was cancelled" {
		t.Error(err)
	}
}

// GP-PREV-2: what is selected can be read, and nothing else.
func TestTree(t *testing.T) {
	dir := write(t, map[string]string{"a/b.yaml": "kind: A", "a/c.yaml": "kind: B", "a/old/l.yaml": "-> ../b.yaml", "a/l.yaml": "-> b.yaml", "large.yaml": "12345"})
	tree, err := Select(dir, []string{"a/b.yaml", "large.yaml"}, func(name string) bool { return name == "a/old" })
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	res, err := tree.Render(t.Context(), Source{Manifests: "a"}, Release{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a/b.yaml:1 A"}, names(res)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("a/l.yaml: symbolic links are not followed", gaps(res)); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{"a/c.yaml": "not exist", "large.yaml": "larger than 4 bytes", "../x": "not exist", "a": "not exist"} {
		if _, err := tree.Read(name, 4); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "nowhere")); err == nil || strings.Contains(err.Error(), dir) {
		t.Error(err)
	}
}
