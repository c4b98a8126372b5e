package database

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// Source says of a file where it is from. It is written beside it, as
// <file>.source.json.
type Source struct {
	Name     string    `json:"name"`
	From     string    `json:"from,omitempty"`    // address, or reference with the digest of its manifest
	Digest   string    `json:"digest,omitempty"`  // sha256:… of the file
	Size     int64     `json:"size"`              // of the file
	Fetched  time.Time `json:"fetched,omitzero"`  // when it came
	Checked  time.Time `json:"checked,omitzero"`  // when a mirror last said that it is current
	Upstream time.Time `json:"upstream,omitzero"` // when it was published
	ETag     string    `json:"etag,omitempty"`
}

// Database is how a report names it.
func (s Source) Database() gate.Database {
	return gate.Database{Name: s.Name, Digest: s.Digest, Time: s.Upstream}
}

// Age is how old the database is, and false when that is not known. trivy-db and
// EPSS are published every day: their age is that of their content. The others
// change when there is something new: it is how long ago they were known to be
// current.
func (s Source) Age(now time.Time) (time.Duration, bool) {
	since := s.Checked
	if k, _ := kindOf(s.Name); k.daily || since.IsZero() {
		since = s.Upstream
	}
	if since.IsZero() || since.Sub(now) > clockSkew {
		return 0, false
	}
	return max(0, now.Sub(since)), true
}

// clockSkew is how far clocks may differ. A date further in the future would be
// young for ever.
const clockSkew = 24 * time.Hour

// errChanged says that the file is not the one its source tells of: it was cut,
// or an update ended between the two.
var errChanged = errors.New("the file is not the one that was fetched")

const maxSource = 64 << 10

// Read returns what is known of a database in the folder, nil when it is not
// there. A file that came without its source, by hand say, is dated by itself.
func Read(dir, name string) (*Source, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return read(root, name)
}

func read(root *os.Root, name string) (*Source, error) {
	k, ok := kindOf(name)
	if !ok {
		return nil, fmt.Errorf("%.100q is no database", name)
	}
	info, err := root.Stat(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", k.path)
	}
	s, err := readSource(root, k.path+".source.json")
	if err != nil {
		return nil, err
	}
	switch {
	case s == nil:
		s = &Source{Size: info.Size()}
	case s.Size != info.Size():
		return nil, fmt.Errorf("%s has %d bytes, not %d: %w", k.path, info.Size(), s.Size, errChanged)
	}
	s.Name = name
	switch {
	case strings.HasPrefix(k.path, "trivy/"):
		// trivy does not open its database without it.
		m, err := readMetadata(root, path.Join(path.Dir(k.path), "metadata.json"))
		if err != nil {
			return nil, err
		}
		s.Upstream = m.UpdatedAt
	case s.Upstream.IsZero() && s.Checked.IsZero():
		if s.Upstream, err = dateOf(root, name, k.path); err != nil {
			return nil, fmt.Errorf("read %s: %w", k.path, err)
		}
	}
	return s, nil
}

func readSource(root *os.Root, name string) (*Source, error) {
	text, err := readSmall(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := &Source{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	return s, nil
}

func readSmall(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	if err == nil && len(text) > maxSource {
		err = fmt.Errorf("%s has more than %d bytes", name, maxSource)
	}
	return text, err
}

// dateOf dates a file by what is in it.
func dateOf(root *os.Root, name, file string) (time.Time, error) {
	f, err := root.Open(file)
	if err != nil {
		return time.Time{}, err
	}
	defer f.Close()
	switch name {
	case Exploited:
		_, when, err := parseKEV(f, limits{}.orDefault())
		return when, err
	case Scores:
		_, when, err := parseEPSS(f, limits{}.orDefault())
		return when, err
	}
	info, err := f.Stat()
	if err != nil {
		return time.Time{}, err
	}
	files, err := zip.NewReader(f, info.Size())
	if err != nil {
		return time.Time{}, err
	}
	var newest time.Time
	for _, e := range files.File {
		// The format cannot say "no time": it says 1979 or 1980.
		if e.Modified.Year() > 1980 && e.Modified.After(newest) {
			newest = e.Modified.UTC()
		}
	}
	return newest, nil
}

// intact is read, and the file's digest besides.
func intact(root *os.Root, name string) (*Source, error) {
	s, err := read(root, name)
	if err != nil || s == nil || s.Digest == "" {
		return s, err
	}
	k, _ := kindOf(name)
	f, err := root.Open(k.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return nil, err
	}
	if got := "sha256:" + hex.EncodeToString(sum.Sum(nil)); got != s.Digest {
		return nil, fmt.Errorf("%s is %.19s…, not %.19s…: %w", k.path, got, s.Digest, errChanged)
	}
	return s, nil
}

// writeSource is the last step of an update: until then a new file has the size
// or the digest of no source, and is fetched again.
func writeSource(root *os.Root, s Source) error {
	k, _ := kindOf(s.Name)
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return put(root, k.path+".source.json", func(f *os.File) error {
		_, err := io.Copy(f, bytes.NewReader(append(text, '\n')))
		return err
	})
}
