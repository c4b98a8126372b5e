package osv

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// ImportGo creates <to>/osv-scalibr/Go/all.zip from the OSV files in from, the folder
// data/osv of module golang.org/x/vulndb. The same files give the same bytes.
//
// The files have no "modified" time. The time of the database is that of the
// pseudo-version in from or, without one, of the newest file.
func ImportGo(ctx context.Context, from, to string) (gate.Database, error) {
	names, err := filepath.Glob(filepath.Join(from, "*.json")) // sorted
	if err == nil && len(names) == 0 {
		err = errors.New("the folder contains no *.json file")
	}
	if err != nil {
		return gate.Database{}, fmt.Errorf("cannot read the advisories in %s: %w", from, err)
	}
	when, err := written(from, names)
	if err != nil {
		return gate.Database{}, fmt.Errorf("cannot date the advisories in %s: %w", from, err)
	}
	path := archive(to, "Go")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return gate.Database{}, err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".all-*.zip")
	if err != nil {
		return gate.Database{}, err
	}
	defer os.Remove(temp.Name())
	err = packAll(ctx, temp, names, when)
	if err := errors.Join(err, temp.Chmod(0o644), temp.Sync(), temp.Close()); err != nil {
		return gate.Database{}, fmt.Errorf("cannot import advisories: %w", err)
	}
	// The source record of an update describes the previous file.
	if err := os.Remove(path + ".source.json"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return gate.Database{}, err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return gate.Database{}, err
	}
	all, err := open(ctx, to, "Go", nil)
	if err != nil {
		return gate.Database{}, fmt.Errorf("cannot read the imported advisories: %w", err)
	}
	return all.Database, nil
}

func packAll(ctx context.Context, to *os.File, names []string, when time.Time) error {
	w := zip.NewWriter(to)
	for _, name := range names {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var v osvschema.Vulnerability
		if err := protojson.Unmarshal(text, &v); err != nil {
			return fmt.Errorf("cannot parse %s: %w", name, err)
		}
		if v.GetId() == "" {
			return fmt.Errorf("the advisory %s has no id", name)
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: filepath.Base(name), Method: zip.Deflate, Modified: when})
		if err != nil {
			return err
		}
		if _, err := f.Write(text); err != nil {
			return err
		}
	}
	return w.Close()
}

// pseudo matches a module's pseudo-version and its time:
// v0.0.0-20260813214354-9de686e1fb00.
var pseudo = regexp.MustCompile(`@v\d+\.\d+\.\d+-(?:.*\.)?(\d{14})-[0-9a-f]{12}`)

func written(from string, names []string) (time.Time, error) {
	if m := pseudo.FindStringSubmatch(from); m != nil {
		return time.Parse("20060102150405", m[1])
	}
	var newest time.Time
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return newest, err
		}
		newest = later(newest, info.ModTime())
	}
	return newest.UTC().Truncate(time.Second), nil
}
