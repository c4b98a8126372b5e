package osv

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

func TestImportGo(t *testing.T) {
	text, err := os.ReadFile("testdata/GO-2024-2687.json")
	if err != nil {
		t.Fatal(err)
	}
	from := filepath.Join(t.TempDir(), "vulndb@v0.0.0-20260813214354-9de686e1fb00", "data", "osv")
	write(t, from, map[string]string{"GO-2024-2687.json": string(text), "GO-2020-0001.json": `{"id":"GO-2020-0001","withdrawn":"2020-01-01T00:00:00Z"}`})
	to := t.TempDir()
	first, err := ImportGo(context.Background(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 8, 13, 21, 43, 54, 0, time.UTC); !first.Time.Equal(want) || first.Name != "osv/Go" {
		t.Errorf("%+v", first)
	}
	if err := os.Chtimes(filepath.Join(from, "GO-2020-0001.json"), time.Time{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	again, err := ImportGo(context.Background(), from, to)
	if err != nil || again != first {
		t.Errorf("again %+v, %v\nfirst %+v", again, err, first)
	}
	dir := write(t, t.TempDir(), map[string]string{"go.mod": goMod})
	res := scan(t, gate.Input{Dir: dir, Databases: to})
	if len(res.Findings) != 2 || len(res.Database) != 1 || res.Database[0] != first {
		t.Errorf("a scan with it: %+v", res)
	}

	write(t, from, map[string]string{"GO-2020-0002.json": `{"id": 7`})
	if _, err := ImportGo(context.Background(), from, to); err == nil || !strings.Contains(err.Error(), "GO-2020-0002.json") {
		t.Errorf("a bad file: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(to, "osv-scalibr", "Go", "*"))
	hidden, _ := filepath.Glob(filepath.Join(to, "osv-scalibr", "Go", ".all*"))
	if err != nil || len(left)+len(hidden) != 1 {
		t.Errorf("left behind: %v %v %v", left, hidden, err)
	}
	if _, err := ImportGo(context.Background(), t.TempDir(), to); err == nil {
		t.Error("an empty folder: no error")
	}
}
