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

// Source records where a file came from. It is written beside the file, as
// <file>.source.json.
type Source struct {
	Name     string    `json:"name"`
	From     string    `json:"from,omitempty"`    // address, or reference with the digest of its manifest
	Digest   string    `json:"digest,omitempty"`  // sha256:… of the file
	Size     int64     `json:"size"`              // of the file
	Fetched  time.Time `json:"fetched,omitzero"`  // when it was downloaded
	Checked  time.Time `json:"checked,omitzero"`  // when a mirror last confirmed that it is current
	Upstream time.Time `json:"upstream,omitzero"` // when it was published
	ETag     string    `json:"etag,omitempty"`
}

// Database returns the description of the database that a report contains.
func (s Source) Database() gate.Database {
	return gate.Database{Name: s.Name, Digest: s.Digest, Time: s.Upstream}
}

// Age returns the age of the database, and false if it is unknown. trivy-db and EPSS
// are published every day, so their age is the age of their content. The other
// databases change only when there is something new; their age is the time since a
// mirror last confirmed that they are current.
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

// clockSkew is the largest accepted difference between clocks. A date further in the
// future is refused, because the database would never become old.
const clockSkew = 24 * time.Hour

// errChanged means that a file does not match its source record: the file was cut off,
// or an update was interrupted.
var errChanged = errors.New("the file is not the one that was downloaded: update the database again")

const maxSource = 64 << 10

// Read returns the source of a database in the folder. It returns nil if the database
// is not in the folder. A file without a source record, for example one that was copied
// into the folder, is dated by its content.
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
		return nil, fmt.Errorf("%.100q is not the name of a database", name)
	}
	info, err := root.Stat(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", k.path)
	}
	s, err := readSource(root, k.path+".source.json")
	if err != nil {
		return nil, err
	}
	switch {
	case s == nil:
		s = &Source{Size: info.Size()}
	case s.Size != info.Size():
		return nil, fmt.Errorf("%s has %d bytes instead of %d: %w", k.path, info.Size(), s.Size, errChanged)
	}
	s.Name = name
	switch {
	case strings.HasPrefix(k.path, "trivy/"):
		// trivy does not open its database without this file.
		m, err := readMetadata(root, path.Join(path.Dir(k.path), "metadata.json"))
		if err != nil {
			return nil, err
		}
		s.Upstream = m.UpdatedAt
	case s.Upstream.IsZero() && s.Checked.IsZero():
		if s.Upstream, err = dateOf(root, name, k.path); err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", k.path, err)
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
		return nil, fmt.Errorf("cannot parse %s: %w", name, err)
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

// dateOf returns the date that the content of a file states.
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
		// In a zip file, a missing time is 1979 or 1980.
		if e.Modified.Year() > 1980 && e.Modified.After(newest) {
			newest = e.Modified.UTC()
		}
	}
	return newest, nil
}

// intact is like read, and also verifies the digest of the file.
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
		return nil, fmt.Errorf("%s has the digest %.19s… instead of %.19s…: %w", k.path, got, s.Digest, errChanged)
	}
	return s, nil
}

// writeSource writes the source record, as the last step of an update. Until then a new
// file does not match its record, and the next update downloads the file again.
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
