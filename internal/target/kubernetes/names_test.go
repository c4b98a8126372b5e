package kubernetes

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// GP-PREV-1: DNS-1123, at most 63 characters, stable, free of collisions.
func TestNamespaceName(t *testing.T) {
	if got, want := namespaceName("where2eat", "pr-12", "acme/where2eat"), "where2eat-pr-12-"; !strings.HasPrefix(got, want) || got != namespaceName("where2eat", "pr-12", "acme/where2eat") {
		t.Errorf("%s", got)
	}
	long := strings.Repeat("a", 60)
	seen := map[string][]string{}
	for _, in := range [][]string{
		{"web", "pr-1", "acme/web"}, {"web", "pr-1", "other/web"}, {"web", "pr-12", "acme/web"}, {"web-pr", "1", "acme/web"}, {"web", "pr-1", ""},
		{long, "pr-1", "acme/web"}, {long, "pr-2", "acme/web"}, {long + "b", "pr-1", "acme/web"}, {long + "-", "pr-1", "x"},
		{"WEB", "Pr-1", "acme/web"}, {"-", "-", ""}, {"ünï", "feature/x y", "a"}, {"", "", ""}, {"a.b", "c_d", "e"},
		{strings.Repeat("a", 55) + "-", "-b", "x"},
	} {
		got := namespaceName(in[0], in[1], in[2])
		if bad := validation.IsDNS1123Label(got); len(bad) > 0 {
			t.Errorf("%q: %q: %v", in, got, bad)
		}
		if before, ok := seen[got]; ok {
			t.Errorf("%q and %q are both %q", before, in, got)
		}
		seen[got] = in
	}
}

func FuzzNames(f *testing.F) {
	f.Add("web", "pr-1")
	f.Add("\x00", strings.Repeat("ü", 99))
	f.Fuzz(func(t *testing.T, a, b string) {
		if bad := validation.IsDNS1123Label(namespaceName(a, b, "")); len(bad) > 0 {
			t.Errorf("GP-PREV-1: %q %q: %v", a, b, bad)
		}
		if bad := validation.IsValidLabelValue(labelValue(a)); len(bad) > 0 {
			t.Errorf("GP-SAFE-2: %q: %v", a, bad)
		}
	})
}

func TestLabelValue(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{"", "ann", "acme/web", "acme.web", "ann[bot]", "$(rm -rf /)\x1b[31m", strings.Repeat("x", 64), strings.Repeat("x", 65), "-", "_._", "ü", "a\nb", "preview/pr-1"} {
		got := labelValue(text)
		if bad := validation.IsValidLabelValue(got); len(bad) > 0 {
			t.Errorf("GP-SAFE-2: %q: %q: %v", text, got, bad)
		}
		if before, ok := seen[got]; ok {
			t.Errorf("%q and %q are both %q", before, text, got)
		}
		seen[got] = text
	}
	if got := labelValue("ann"); got != "ann" {
		t.Errorf("%q", got)
	}
}

// What was edited by hand neither hides a preview nor changes what it is.
func TestListedByHand(t *testing.T) {
	at := &Target{App: "web", Repository: "acme/web"}
	r := target.Running{Environment: "preview/pr-1", App: "web", Tags: target.Tags{Repository: "acme/web", PullRequest: 1, Expires: clockAt("2026-01-02T03:04:05Z")}}
	state, err := stateOf(r)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		state  string
		labels map[string]string
		want   string
		note   string
	}{
		"as it was":     {state: state},
		"no label":      {state: state, labels: map[string]string{Domain + "/expires-at": ""}, note: "removed by hand"},
		"later":         {state: state, labels: map[string]string{Domain + "/expires-at": "20990101T000000Z"}, note: "edited by hand"},
		"nonsense":      {state: state, labels: map[string]string{Domain + "/expires-at": "soon"}, note: "edited by hand"},
		"no state":      {state: "", note: "cannot be read"},
		"not JSON":      {state: "{", note: "cannot be read"},
		"of another":    {state: strings.ReplaceAll(state, "pr-1", "pr-2"), note: "by hand"},
		"of staging":    {state: strings.ReplaceAll(state, "preview/pr-1", "staging"), note: "by hand"},
		"of another PR": {state: "", labels: map[string]string{Domain + "/pull-request": "2"}, want: "-", note: "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &metav1.ObjectMeta{Name: at.namespace("preview/pr-1"), Labels: labels(r, ""), Annotations: map[string]string{stateKey: tt.state}}
			for k, v := range tt.labels {
				if m.Labels[k] = v; v == "" {
					delete(m.Labels, k)
				}
			}
			got := at.listed(m)
			want := "preview/pr-1"
			if tt.want != "" {
				want = ""
			}
			if got.Environment != want || !strings.Contains(strings.Join(got.Notes, "\n"), tt.note) || tt.note == "" && len(got.Notes) > 0 {
				t.Errorf("GP-PREV-5: %+v", got)
			}
			if !got.Tags.Expires.Equal(r.Tags.Expires) && tt.state != "" && strings.HasPrefix(tt.state, `{"`) {
				t.Errorf("GP-PREV-4: expires %s", got.Tags.Expires)
			}
		})
	}
}
