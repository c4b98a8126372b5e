package trivy

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

func packedChart(t *testing.T, files map[string]string) string {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	all := tar.NewWriter(zip)
	for name, text := range files {
		if err := all.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := all.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := all.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestBomb: a chart that would end the process is a gap (GP-GATE-7).
func TestBomb(t *testing.T) {
	bomb := "{{ \"x\" |\n  repeat 2000000000 }}\n"
	sub := packedChart(t, map[string]string{"s/Chart.yaml": chart, "s/templates/a.yaml": bomb})
	for name, files := range map[string]map[string]string{
		"folder":  {"c/Chart.yaml": chart, "c/templates/a.yaml": bomb},
		"helper":  {"c/Chart.yaml": chart, "c/templates/_a.tpl": "{{ range until 0x7fffffff }}{{ end }}"},
		"subpack": {"c/Chart.yaml": chart, "c/charts/s.tgz": sub},
		"archive": {"s.tgz": sub},
		"nested":  {"c.tgz": packedChart(t, map[string]string{"c/Chart.yaml": chart, "c/charts/s.tgz": sub})},
	} {
		t.Run(name, func(t *testing.T) {
			in := gate.Input{Dir: gatetest.Write(t, files)}
			selected(t, &in)
			res, err := new(Scanner).Scan(context.Background(), in)
			if err != nil || len(res.Missing) != 1 {
				t.Fatal(err, res)
			}
		})
	}
	if holdsBomb("a.yaml", []byte("{{ toYaml . | nindent 8 }} 2000000000 {{ int64 2147483648 }}")) {
		t.Error("an ordinary template is refused")
	}
}
