package render

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var webChart = map[string]string{
	"charts/web/Chart.yaml":            "apiVersion: v2\nname: web\nversion: 1.0.0\nkubeVersion: '>=1.99.0'\n",
	"charts/web/values.yaml":           "network: false\nname: a\ntable: {a: b}\n",
	"charts/web/values.schema.json":    `{"$ref": "https://schemas.example.com/values.json"}`,
	"charts/web/.helmignore":           "old/\n*.bak\n",
	"charts/web/templates/_help.tpl":   "{{ define \"name\" }}{{ .Release.Name }}-{{ .Values.name }}{{ end }}",
	"charts/web/templates/NOTES.txt":   "not: [yaml",
	"charts/web/templates/pod.yaml":    strings.Replace(pod("{{ include \"name\" . }}-{{ randAlphaNum 5 | lower }}", "  hostNetwork: {{ .Values.network }}\n"), "kind: Pod", "kind: Pod # {{ lookup \"v1\" \"Pod\" \"\" \"\" }}{{ getHostByName \"www.example.com\" }}", 1),
	"charts/web/templates/two.yaml":    pod("two", "  hostPID: {{ .Values.network }}\n") + "---apiVersion: v1\nkind: ConfigMap\n",
	"charts/web/templates/old/bad.yml": "not: [yaml",
	"charts/web/crds/crd.yaml":         "# kept\n" + pod("crd", "  hostIPC: true\n"),
	"production.yaml":                  "network: true\nname: b\ntable: text\n",
}

// GP-GATE-12: to inspect, a chart is rendered the same twice: files in their order,
// CRDs last, and without what Helm leaves out.
func TestChart(t *testing.T) {
	for range 2 {
		res, err := render(t.Context(), t, webChart, Source{Chart: "charts/web/", Values: []string{"./production.yaml"}}, Release{Inspect: true})
		if err != nil || gaps(res) != "" {
			t.Fatal(gaps(res), err)
		}
		if diff := cmp.Diff([]string{
			"charts/web/templates/pod.yaml:0 Pod/web-b-xxxxx", "charts/web/templates/two.yaml:0 Pod/two",
			"charts/web/templates/two.yaml:0 ConfigMap", "charts/web/crds/crd.yaml:2 Pod/crd",
		}, names(res)); diff != "" || res.CRDs != 1 || res.Generic != "charts/web/Chart.yaml" || res.Varying != nil {
			t.Error(diff, res)
		}
	}
}

// GP-GATE-12: what cannot be rendered is stated, never taken for clean.
func TestChartGaps(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"dependency":     {map[string]string{"charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies: [{name: redis, version: 1.x, repository: 'https://charts.example.com'}]\n"}, "dependency redis is not"},
		"no chart":       {map[string]string{"charts/web/Chart.yaml": "-> values.yaml"}, "Chart.yaml file is missing"},
		"template":       {map[string]string{"charts/web/templates/x.yaml": "{{ .Values.a.b.c }}"}, "nil pointer"},
		"fail":           {map[string]string{"charts/web/templates/x.yaml": "{{ fail \"say who\" }}"}, "say who"},
		"recursion":      {map[string]string{"charts/web/templates/x.yaml": "{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}"}, "error calling include"},
		"no YAML":        {map[string]string{"charts/web/templates/x.yaml": "a: [b"}, "did not find"},
		"symbolic link":  {map[string]string{"charts/web/templates/x.yaml": "-> two.yaml"}, "symbolic link"},
		"outside":        {map[string]string{"charts/web/templates/x.yaml": "-> /etc/passwd"}, "symbolic link"},
		"memory":         {map[string]string{"charts/web/templates/x.yaml": "{{ repeat 1000000000 \"x\" }}"}, "more than"},
		"numbers":        {map[string]string{"charts/web/templates/x.yaml": "{{ range until 1000000000 }}x{{ end }}"}, "more than"},
		"values bomb":    {map[string]string{"charts/web/values.yaml": "a: &a '" + strings.Repeat("x", 1<<20) + "'\nb: [" + strings.Repeat("*a, ", 100) + "]"}, "bytes with all aliases"},
		"broken archive": {map[string]string{"charts/web/charts/redis-1.tgz": "no archive"}, "redis"},
	} {
		t.Run(name+" GP-GATE-12", func(t *testing.T) {
			files := with(webChart, tt.files)
			if name == "no chart" {
				delete(files, "charts/web/Chart.yaml")
				files["charts/web/Chart.yaml"] = tt.files["charts/web/Chart.yaml"]
			}
			res, err := render(t.Context(), t, files, Source{Chart: "charts/web"}, Release{Inspect: true})
			if err != nil {
				t.Fatal(err)
			}
			if got := gaps(res); !strings.Contains(got, tt.want) {
				t.Errorf("gaps: %s", got)
			}
		})
	}
}

// plainChart has nothing that keeps it from being deployed.
func plainChart(template string) map[string]string {
	return map[string]string{
		"c/Chart.yaml":          "apiVersion: v2\nname: web\nversion: 1.0.0\nkubeVersion: '>=1.30.0'\n",
		"c/values.yaml":         "a: {b: c, list: [1, 2]}\n",
		"c/templates/text.yaml": "kind: Text\ntext:\n" + template,
	}
}

// text is what the one object says.
func text(t *testing.T, files map[string]string, s Source, r Release) map[string]any {
	t.Helper()
	s.Chart = "c"
	res, err := render(t.Context(), t, files, s, r)
	if err != nil || gaps(res) != "" || len(res.Objects) == 0 {
		t.Fatal(gaps(res), err, names(res))
	}
	m, _ := res.Objects[0].Map["text"].(map[string]any)
	return m
}

// GP-PREV-1: a chart learns which release it is, and what the cluster can do.
func TestRelease(t *testing.T) {
	files := plainChart(`  release: "{{ .Release.Name }} {{ .Release.Namespace }} {{ .Release.IsInstall }} {{ .Release.IsUpgrade }} {{ .Release.Revision }} {{ .Release.Service }}"
  kube: "{{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.KubeVersion.Minor }}"
  apis: "{{ .Capabilities.APIVersions.Has "example.com/v1/Widget" }} {{ .Capabilities.APIVersions.Has "apps/v1" }}"
  found: "{{ lookup "v1" "Secret" "a" "b" }}{{ getHostByName "localhost" }}"
`)
	for name, tt := range map[string]struct {
		release             Release
		release_, kube, api string
	}{
		"a new one": {Release{Name: "pr-12", Namespace: "web-pr-12", KubeVersion: "v1.33.4+k3s1"}, "pr-12 web-pr-12 true false 1 Helm", "v1.33.4+k3s1 33", "false true"},
		"again":     {Release{Name: "pr-12", Namespace: "web-pr-12", Upgrade: true, Revision: 7, APIVersions: []string{"example.com/v1/Widget"}}, "pr-12 web-pr-12 false true 7 Helm", "v1.20.0 20", "true false"},
		"zero":      {Release{}, "web default true false 1 Helm", "v1.20.0 20", "false true"},
	} {
		t.Run(name+" GP-PREV-1", func(t *testing.T) {
			want := map[string]any{"release": tt.release_, "kube": tt.kube, "apis": tt.api, "found": "map[]"}
			if diff := cmp.Diff(want, text(t, files, Source{}, tt.release)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// GP-PREV-2: passwords are random, however the zero release is used by mistake, and
// constant only to inspect.
func TestRandom(t *testing.T) {
	files := plainChart("  a: {{ randAlphaNum 20 }}\n  b: {{ randBytes 20 }}\n  c: {{ uuidv4 }}\n  d: {{ randAlphaNum 0 | quote }}\n  e: {{ (genSelfSignedCert \"a\" nil nil 1).Key | b64enc }}\n")
	one, two := text(t, files, Source{}, Release{}), text(t, files, Source{}, Release{})
	for _, key := range []string{"a", "b", "c", "e"} {
		if one[key] == two[key] || one[key] == nil || strings.Contains(one[key].(string), "xxxxx") {
			t.Errorf("%s: %v twice", key, one[key])
		}
	}
	if len(one["a"].(string)) != 20 || len(one["b"].(string)) != 28 || one["d"] != "" {
		t.Error(one)
	}
	res, err := render(t.Context(), t, files, Source{Chart: "c"}, Release{})
	if diff := cmp.Diff([]string{"genSelfSignedCert", "randAlphaNum", "randBytes", "uuidv4"}, res.Varying); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if same := text(t, files, Source{}, Release{Inspect: true}); same["a"] != strings.Repeat("x", 20) {
		t.Error(same)
	}
	for name := range functions(false, calls{}) {
		if _, ok := functions(true, calls{})[name]; !ok && !slices.Contains(varying, name) {
			t.Errorf("%s is neither constant to inspect nor noted", name)
		}
	}
}

// GP-PREV-2: what Helm would not install is a gap, and so is what fills the memory.
func TestDeployGaps(t *testing.T) {
	for name, tt := range map[string]struct{ file, text, want string }{
		"schema":             {"c/values.schema.json", `{"properties": {"a": {"properties": {"b": {"pattern": "^d$"}, "list": {"type": "string"}}, "required": ["x"]}}}`, "values.schema.json of web: .a lacks x; .a.b breaks pattern; .a.list is of type array, not string"},
		"schema, unknown":    {"c/values.schema.json", `{"additionalProperties": false}`, ". has the unknown a"},
		"schema, remote":     {"c/values.schema.json", `{"$ref": "http://127.0.0.1:1/values.json"}`, "is not downloaded"},
		"schema, file":       {"c/values.schema.json", `{"$ref": "file:///etc/hostname"}`, "is not downloaded"},
		"schema, beside":     {"c/values.schema.json", `{"$ref": "values.json"}`, "is not downloaded"},
		"schema, URN":        {"c/values.schema.json", `{"$ref": "urn:example:values"}`, "is not downloaded"},
		"schema, no JSON":    {"c/values.schema.json", `{`, "unexpected EOF"},
		"schema, itself":     {"c/values.schema.json", `{"$ref": "#"}`, ". breaks the schema"},
		"library":            {"c/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\ntype: library\n", "a library chart cannot be deployed"},
		"version":            {"c/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\nkubeVersion: '>=1.99.0'\n", "the chart requires Kubernetes >=1.99.0, but the cluster has v1.33.4"},
		"random word":        {"c/templates/x.yaml", "{{ randAlphaNum 1000000000 }}", "more than"},
		"random bytes":       {"c/templates/x.yaml", "{{ randBytes 1000000000 }}", "more than"},
		"random, none":       {"c/templates/x.yaml", "{{ randInt 1 1 }}", "randInt"},
		"link":               {"c/templates/x.yaml", "-> text.yaml", "symbolic link"},
		"link to a folder":   {"c/templates/more", "-> ../../other", "symbolic link"},
		"link to the values": {"c/values.yaml", "-> ../other.yaml", "symbolic link"},
	} {
		t.Run(name+" GP-PREV-2", func(t *testing.T) {
			files := plainChart("  a: b\n")
			files["other/x.yaml"], files[tt.file] = "a: b", tt.text
			res, err := render(t.Context(), t, files, Source{Chart: "c"}, Release{KubeVersion: "v1.33.4"})
			if err != nil {
				t.Fatal(err)
			}
			if got := gaps(res); !strings.Contains(got, tt.want) {
				t.Errorf("gaps: %s", got)
			}
		})
	}
	t.Run("no value of the schema's is shown GP-PREV-2", func(t *testing.T) {
		files := with(plainChart("  a: b\n"), map[string]string{"c/values.schema.json": `{"properties": {"a": {"properties": {"b": {"enum": ["d"]}}}}}`})
		res, err := render(t.Context(), t, files, Source{Chart: "c", Set: map[string]any{"a.b": "hunter2"}}, Release{})
		if err != nil || !strings.Contains(gaps(res), ".a.b breaks enum") || strings.Contains(gaps(res), "hunter2") {
			t.Error(gaps(res), err)
		}
	})
}

// GP-PREV-1: charts below a chart get their values, hooks stay, partials do not.
func TestSubcharts(t *testing.T) {
	files := map[string]string{
		"c/Chart.yaml":                      "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies: [{name: db, version: 1.x, condition: db.enabled}, {name: more, version: 1.x, condition: more.enabled}]\n",
		"c/values.yaml":                     "db: {enabled: true, size: 2}\nmore: {enabled: false}\nglobal: {tier: gold}\n",
		"c/templates/hook.yaml":             "kind: Job\nmetadata: {name: migrate, annotations: {helm.sh/hook: pre-upgrade}}\n",
		"c/templates/_part.yaml":            "kind: Partial\n",
		"c/charts/db/Chart.yaml":            "apiVersion: v2\nname: db\nversion: 1.0.0\n",
		"c/charts/db/values.yaml":           "size: 1\n",
		"c/charts/db/values.schema.json":    `{"properties": {"size": {"type": "integer"}}}`,
		"c/charts/db/templates/db.yaml":     "kind: DB\nmetadata: {name: '{{ .Values.size }}-{{ .Values.global.tier }}'}\n",
		"c/charts/db/crds/crd.yaml":         "kind: CustomResourceDefinition\nmetadata: {name: dbs}\n",
		"c/charts/more/Chart.yaml":          "apiVersion: v2\nname: more\nversion: 1.0.0\n",
		"c/charts/more/templates/more.yaml": "kind: More\n",
	}
	res, err := render(t.Context(), t, files, Source{Chart: "c"}, Release{Name: "pr-1"})
	if err != nil || gaps(res) != "" {
		t.Fatal(gaps(res), err)
	}
	if diff := cmp.Diff([]string{
		"c/charts/db/templates/db.yaml:0 DB/2-gold", "c/templates/hook.yaml:0 Job/migrate", "c/charts/db/crds/crd.yaml:1 CustomResourceDefinition/dbs",
	}, names(res)); diff != "" || res.CRDs != 1 {
		t.Error(diff, res.CRDs)
	}
	meta, _ := res.Objects[1].Map["metadata"].(map[string]any)
	if diff := cmp.Diff(map[string]any{"helm.sh/hook": "pre-upgrade"}, meta["annotations"]); diff != "" {
		t.Error(diff)
	}
	res, err = render(t.Context(), t, files, Source{Chart: "c", Set: map[string]any{"db.size": "many"}}, Release{})
	if err != nil || !strings.Contains(gaps(res), "values.schema.json of db: .size is of type string, not integer") {
		t.Error(gaps(res), err)
	}
}

// where2eat is how the sample application is deployed.
var where2eat = Source{Chart: "charts/where2eat", Set: map[string]any{
	"image.repository": "registry.example.com/where2eat", "image.digest": sum, "ingress.host": "pr-12.example.com",
}}

// GP-PREV-1: the chart of the sample application can be deployed as it is.
func TestWhere2eat(t *testing.T) {
	tree, err := Open("../../testdata/where2eat")
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	res, err := tree.Render(t.Context(), where2eat, Release{Name: "where2eat", Namespace: "where2eat-pr-12", KubeVersion: "v1.33.4"})
	if err != nil || gaps(res) != "" || len(res.Varying) > 0 {
		t.Fatal(gaps(res), err, res.Varying)
	}
	for _, o := range res.Objects {
		if o.Namespace() != "where2eat-pr-12" {
			t.Errorf("%s is in %q", o.Name(), o.Namespace())
		}
	}
	if got := strings.Join(names(res), " "); !strings.Contains(got, "Deployment/where2eat") || !strings.Contains(got, "Service/where2eat") {
		t.Error(got)
	}
}

func BenchmarkWhere2eat(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		tree, err := Open("../../testdata/where2eat")
		if err != nil {
			b.Fatal(err)
		}
		res, err := tree.Render(b.Context(), where2eat, Release{Name: "where2eat"})
		if tree.Close(); err != nil || len(res.Gaps) > 0 {
			b.Fatal(res.Gaps, err)
		}
	}
}
