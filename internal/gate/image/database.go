package image

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"

	"github.com/aquasecurity/trivy-db/pkg/db"
	"github.com/aquasecurity/trivy-db/pkg/metadata"
	bolt "go.etcd.io/bbolt"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

var errNoDatabase = errors.New("there is no trivy-db")

// database is the opened trivy-db. The library supports only one per process.
type database struct{ about gate.Database }

// openDatabase opens trivy-db in the database folder. The library would create the
// folder and delete a broken database, so it is given a link to the file. bolt maps the
// file into memory, where a missing page ends the process, so a truncated file is
// refused.
func openDatabase(databases, temp string) (*database, error) {
	from := filepath.Join(databases, "trivy", "db")
	file := filepath.Join(from, "trivy.db")
	info, err := os.Stat(file)
	if databases == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, errNoDatabase
	}
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(from, "metadata.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w with a known age: metadata.json is missing next to trivy.db", errNoDatabase)
	}
	if err != nil {
		return nil, err
	}
	var about metadata.Metadata
	if err := json.Unmarshal(text, &about); err != nil {
		return nil, fmt.Errorf("cannot read metadata.json of trivy-db: %w", err)
	}
	if about.Version != db.SchemaVersion {
		return nil, fmt.Errorf("trivy-db has schema %d, but this version of security-gate reads schema %d: fetch it again", about.Version, db.SchemaVersion)
	}
	to := filepath.Join(temp, "db")
	if err := os.Mkdir(to, 0o700); err != nil {
		return nil, err
	}
	if file, err = filepath.Abs(file); err != nil {
		return nil, err
	}
	if err := os.Symlink(file, db.Path(to)); err != nil {
		return nil, err
	}
	options := *bolt.DefaultOptions
	options.ReadOnly = true
	if err := db.Init(to, db.WithBoltOptions(&options)); err != nil {
		return nil, fmt.Errorf("cannot open trivy-db: %w", err)
	}
	d := &database{gate.Database{Name: "trivy-db", Digest: identify(text, info.Size()), Time: about.UpdatedAt.UTC()}}
	if err := sound(func() error { return d.whole(info.Size()) }); err != nil {
		db.Close()
		return nil, err
	}
	return d, nil
}

func (d *database) close() { db.Close() }

// identify returns a digest of the metadata and the size, in place of a digest of the
// file: the file has almost 1 GB, and reading it takes longer than scanning most
// images.
func identify(metadata []byte, size int64) string {
	sum := sha256.Sum256(append(bytes.Clone(metadata), "\x00"+strconv.FormatInt(size, 10)...))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// sound calls read, which reads the database, and converts a panic to an error. At a
// broken page bolt panics, or reads memory that is not mapped.
func sound(read func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("trivy-db is corrupt, fetch it again: %v", p)
		}
	}()
	return read()
}

// whole refuses a file that ends before its last page, and an empty database.
func (d *database) whole(size int64) error {
	return db.Config{}.Connection().View(func(tx *bolt.Tx) error {
		if tx.Size() > size {
			return fmt.Errorf("trivy-db is truncated (%d of %d bytes): fetch it again", size, tx.Size())
		}
		if tx.Bucket([]byte("vulnerability")) == nil || tx.Bucket([]byte("data-source")) == nil {
			return errors.New("trivy-db is empty: fetch it again")
		}
		return nil
	})
}

// knows reports whether the database has advisories whose bucket name starts with the
// prefix, such as "npm::" or "alpine 3.20". The library does not report an error if
// there are none.
func (d *database) knows(prefix string) bool {
	found := false
	_ = db.Config{}.Connection().View(func(tx *bolt.Tx) error {
		key, _ := tx.Cursor().Seek([]byte(prefix))
		found = bytes.HasPrefix(key, []byte(prefix))
		return nil
	})
	return found
}
