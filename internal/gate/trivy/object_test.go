package trivy

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

const (
	service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n"
	jsonPod = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": "nginx:1.27", "securityContext": {"privileged": true}}]}}`
)

func utf16Of(text string, order binary.AppendByteOrder) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

func indented(text string) string {
	return "- " + strings.TrimSuffix(strings.ReplaceAll(text, "\n", "\n  "), "  ")
}

// TestForms: kubectl accepts all of these (GP-GATE-7).
func TestForms(t *testing.T) {
	s := &Scanner{}
	list := "apiVersion: v1\nkind: List\nitems:\n" + indented(pod)
	for _, c := range []struct {
		name, file, text string
		line             int
		gap              bool
	}{
		{"plain", "a.yaml", pod, 7, false},
		{"comment after separator", "a.yaml", service + "--- # two\n" + pod, 12, false},
		{"space after separator", "a.yaml", service + "---  \n" + pod, 12, false},
		{"list", "a.yaml", list, 10, false},
		{"list in a list", "a.yaml", "apiVersion: v1\nkind: List\nitems:\n" + indented(list), 13, false},
		{"list of pods", "a.yaml", "apiVersion: v1\nkind: PodList\nitems:\n" + indented(strings.Replace(pod, "apiVersion: v1\nkind: Pod\n", "", 1)), 8, false},
		{"two in JSON", "a.json", strings.Replace(jsonPod, "true", "false", 1) + "\n" + jsonPod, 2, false},
		{"JSON documents", "a.yaml", strings.Replace(jsonPod, "true", "false", 1) + "\n---\n" + jsonPod, 3, false},
		{"flow", "a.yaml", strings.ReplaceAll(jsonPod, `"`, ""), 1, false},
		{"UTF-16 little", "a.yaml", utf16Of(pod, binary.LittleEndian), 7, false},
		{"UTF-16 big", "a.json", utf16Of(jsonPod, binary.BigEndian), 0, false},
		{"byte order mark", "a.json", "\ufeff" + jsonPod, 0, false},
		{"escaped key in JSON", "a.json", strings.Replace(jsonPod, "apiV", `api\u0056`, 1), 0, false},
		{"escaped key in YAML", "a.yaml", strings.Replace(pod, "apiVersion", `"\x61pi\U00000056ersion"`, 1), 7, false},
		{"escaped in UTF-16", "a.json", utf16Of(strings.Replace(jsonPod, "apiV", `api\u0056`, 1), binary.LittleEndian), 0, false},
		{"yes", "a.yaml", strings.Replace(pod, "true", "yes", 1), 7, false},
		{"merged", "a.yaml", strings.Replace(pod, "privileged: true", "<<: {privileged: true}", 1), 7, false},
		{"before what is broken", "a.yaml", pod + "--- # two\na: [\n", 7, true},
		{"after what is broken", "a.yaml", "a: [\n---\n" + pod, 3, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := gate.Input{Dir: gatetest.Write(t, map[string]string{c.file: c.text})}
			selected(t, &in)
			res, err := s.Scan(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			lines := []int{}
			for _, f := range res.Findings {
				if f.Rule == "KSV-0017" {
					lines = append(lines, f.At.Line)
				}
			}
			if len(lines) != 1 || lines[0] != c.line || (len(res.Missing) > 0) != c.gap {
				t.Errorf("KSV-0017 in lines %v, want %d; missing %+v", lines, c.line, res.Missing)
			}
		})
	}
	t.Run("list in a chart", func(t *testing.T) {
		in := gate.Input{Dir: gatetest.Write(t, map[string]string{"Chart.yaml": chart, "templates/list.yaml": list})}
		selected(t, &in)
		res, err := s.Scan(context.Background(), in)
		if err != nil || len(res.Missing) != 0 {
			t.Fatal(err, res.Missing)
		}
		for _, f := range res.Findings {
			if f.Rule == "KSV-0017" && f.At.Line == 0 {
				return
			}
		}
		t.Errorf("findings %+v", res.Findings)
	})
}

func TestMentionsAcrossBuffers(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, key := range []string{"apiVersion", `api\u0056ersion`, utf16Of(`api\u0056ersion`, binary.LittleEndian)} {
		if err := os.WriteFile(filepath.Join(dir, "a"), []byte(strings.Repeat(" ", 1<<20-5)+key), 0o644); err != nil {
			t.Fatal(err)
		}
		if !mentions(root, "a") {
			t.Errorf("%q not found", key)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{pod, jsonPod + jsonPod, service + "--- # x\n" + pod, "kind: List\nitems: &a [*a, *a]\n", "---x\n{{a}}: 1\n", utf16Of(pod, binary.BigEndian), "{}\n---\nnull\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		marked(text)
		documents, _ := parse(t.Context(), "a.yaml", utf8From(text))
		anyObject(documents)
		for _, d := range documents {
			d.ToRego()
		}
	})
}
