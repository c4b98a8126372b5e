package osv

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// ecosystems the library may ask a database for.
var ecosystems = []string{
	"AlmaLinux", "Alpaquita", "Alpine", "Android", "Azure Linux", "BellSoft Hardened Containers", "Bioconductor",
	"Bitnami", "CRAN", "Chainguard", "CleanStart", "ConanCenter", "Debian", "Docker Hardened Images", "Echo", "FreeBSD",
	"GHC", "GIT", "GitHub Actions", "Go", "Hackage", "Hex", "Homebrew", "Julia", "Kubernetes", "Linux", "Mageia", "Maven",
	"MinimOS", "NuGet", "OSS-Fuzz", "Packagist", "Photon OS", "Pub", "PyPI", "Red Hat", "Rocky Linux", "Root", "RubyGems",
	"SUSE", "SwiftURL", "TuxCare", "Ubuntu", "VSCode", "Wolfi", "crates.io", "npm", "openEuler", "openSUSE", "opam", "vcpkg",
}

func archive(databases, ecosystem string) string {
	return filepath.Join(databases, "osv-scalibr", ecosystem, "all.zip")
}

// overlay fills temp with a database for every ecosystem: that of databases, or an
// empty one. Without it the library stops at the first package that has none, and
// the packages after it come out clean.
func overlay(temp, databases string) error {
	var empty bytes.Buffer
	if err := zip.NewWriter(&empty).Close(); err != nil {
		return err
	}
	for _, eco := range ecosystems {
		to := archive(temp, eco)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		from, err := filepath.Abs(archive(databases, eco))
		if err != nil {
			return err
		}
		if _, err := os.Stat(from); databases == "" || errors.Is(err, fs.ErrNotExist) {
			err = os.WriteFile(to, empty.Bytes(), 0o600)
		} else if err == nil {
			err = os.Symlink(from, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// open identifies a database, nil if there is none. The library drops an advisory
// it cannot parse, one with a field of a later schema say, without a word: unread
// tells.
func open(ctx context.Context, databases, ecosystem string) (db *gate.Database, unread *gate.Gap, err error) {
	if databases == "" {
		return nil, nil, nil
	}
	data, err := os.ReadFile(archive(databases, ecosystem))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	files, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(data)
	db = &gate.Database{Name: "osv/" + ecosystem, Digest: "sha256:" + hex.EncodeToString(sum[:])}
	var written time.Time
	bad, example := 0, ""
	for _, f := range files.File {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		modified, err := advisory(f)
		if err != nil {
			bad++
			example = f.Name + ": " + oneLine(err.Error())
			continue
		}
		db.Time, written = later(db.Time, modified), later(written, f.Modified)
	}
	if db.Time.Year() <= 1 { // the advisories do not say: those of Go's own database never do
		db.Time = written
	}
	db.Time = db.Time.UTC()
	if bad > 0 {
		unread = &gate.Gap{What: fmt.Sprintf("%d advisories for %s", bad, ecosystem), Why: "they cannot be parsed: " + example,
			Remedy: "import the database again, or use a release of the gate that knows its schema"}
	}
	return db, unread, nil
}

func advisory(f *zip.File) (modified time.Time, err error) {
	r, err := f.Open()
	if err != nil {
		return modified, err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		return modified, err
	}
	var v osvschema.Vulnerability
	if err := protojson.Unmarshal(text, &v); err != nil {
		return modified, err
	}
	if v.GetModified() != nil { // of nil it would be 1970
		modified = v.GetModified().AsTime()
	}
	return modified, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
