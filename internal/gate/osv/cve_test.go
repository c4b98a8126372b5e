package osv

import (
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// GP-GATE-2: an advisory without a severity has the one that the trivy database states for
// its CVE.
func TestRateByAlias(t *testing.T) {
	dbs := t.TempDir()
	pack(t, archive(dbs, "Go"), map[string]string{"GO-1.json": `{"id":"GO-1","aliases":["CVE-2026-1"],"affected":[{"package":{"ecosystem":"Go","name":"stdlib"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.25.6"}]}]}]}`})
	in := gate.Input{Dir: write(t, t.TempDir(), map[string]string{"go.mod": "module m\n\ngo 1.25.5\n"}), Databases: dbs}
	rated := func(want report.Severity, from string) {
		t.Helper()
		res := scan(t, in)
		if len(res.Findings) != 1 || res.Findings[0].Severity != want || res.Findings[0].Rated != from || len(res.Missing) > 0 {
			t.Errorf("%+v %v", res.Findings, res.Missing)
		}
	}
	rated(report.High, unrated)
	file := filepath.Join(dbs, "trivy", "db", "trivy.db")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(file, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("vulnerability"))
		if err != nil {
			return err
		}
		return b.Put([]byte("CVE-2026-1"), []byte(`{"Title":"x","CVSS":{"nvd":{"V3Vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L","V3Score":5.3},"redhat":{"V3Vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}}`))
	})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	rated(report.Medium, "CVSS 3.1 score 5.3 of CVE-2026-1")
	if err := os.WriteFile(file, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	rated(report.High, unrated)
}

// GP-GATE-9: licences of lock files that state them, wherever the package occurs first.
func TestLicences(t *testing.T) {
	for base, text := range map[string]string{
		"package-lock.json": `{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0"},"node_modules/b/node_modules/a":{"version":"1.0.0","license":"MIT"},"node_modules/c/node_modules/a":{"version":"1.0.0"}}}`,
		"composer.lock":     `{"packages":[],"packages-dev":[{"name":"a","version":"v1.0.0","license":["MIT"]}]}`,
	} {
		got := parserOf(base)([]byte(text), func(string) []byte { return nil })[[2]string{"a", "1.0.0"}].licences
		if len(got) != 1 || got[0] != "MIT" {
			t.Errorf("%s: %q", base, got)
		}
	}
	two := parserOf("composer.lock")([]byte(`{"packages":[{"name":"a","version":"1","license":["MIT","GPL-3.0-only"]}]}`), nil)
	if got := two[[2]string{"a", "1"}].licences; len(got) != 1 || got[0] != "(MIT OR GPL-3.0-only)" {
		t.Errorf("%q", got)
	}
}
