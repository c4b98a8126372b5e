package database

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

var cve = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,19}$`)

// KEV reads CISA's catalogue of known exploited vulnerabilities from the folder. It
// returns the day on which each CVE was added, such as 2026-03-01. Without the file,
// both results are nil.
func KEV(dir string) (map[string]string, *gate.Database, error) {
	return load(dir, Exploited, parseKEV)
}

// load reads a file of the folder. It returns nil if the file does not exist.
func load[V any](dir, name string, parse func(io.Reader, limits) (map[string]V, time.Time, error)) (map[string]V, *gate.Database, error) {
	k, _ := kindOf(name)
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	f, err := root.Open(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	sum := sha256.New()
	found, when, err := parse(io.TeeReader(f, sum), limits{}.orDefault())
	if err != nil {
		return nil, nil, fmt.Errorf("cannot read %s: %w", k.path, err)
	}
	return found, &gate.Database{Name: name, Digest: "sha256:" + hex.EncodeToString(sum.Sum(nil)), Time: when}, nil
}

// catalogue has the fields of CISA's file that are read, except the entries.
type catalogue struct {
	DateReleased time.Time `json:"dateReleased"`
	Count        *int      `json:"count"`
}

// parseKEV reads the catalogue entry by entry, to the end of r.
func parseKEV(r io.Reader, l limits) (map[string]string, time.Time, error) {
	in := &io.LimitedReader{R: r, N: l.text + 1}
	d := json.NewDecoder(in)
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, time.Time{}, errors.Join(errors.New("not CISA's catalogue of exploited vulnerabilities: the file is not a JSON object"), err)
	}
	var head catalogue
	var found map[string]string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, time.Time{}, err
		}
		switch key {
		case "dateReleased":
			err = d.Decode(&head.DateReleased)
		case "count":
			err = d.Decode(&head.Count)
		case "vulnerabilities":
			if found != nil {
				return nil, time.Time{}, errors.New("the catalogue has two lists of vulnerabilities")
			}
			found, err = entries(d)
		default:
			err = d.Decode(&json.RawMessage{})
		}
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("cannot parse %.100q in the catalogue: %w", key, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, time.Time{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, time.Time{}, errors.New("the file continues after the end of the catalogue")
	}
	switch {
	case in.N == 0:
		return nil, time.Time{}, fmt.Errorf("the catalogue has more than %d bytes", l.text)
	case len(found) == 0:
		return nil, time.Time{}, errors.New("not CISA's catalogue of exploited vulnerabilities: the list of vulnerabilities is missing")
	case head.Count != nil && *head.Count != len(found):
		return nil, time.Time{}, fmt.Errorf("the catalogue states %d entries but has %d", *head.Count, len(found))
	}
	return found, head.DateReleased.UTC(), nil
}

func entries(d *json.Decoder) (map[string]string, error) {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, errors.Join(errors.New("not a list"), err)
	}
	found := map[string]string{}
	for n := 1; d.More(); n++ {
		var e struct {
			ID    string `json:"cveID"`
			Added string `json:"dateAdded"`
		}
		if err := d.Decode(&e); err != nil {
			return nil, err
		}
		if !cve.MatchString(e.ID) {
			return nil, fmt.Errorf("entry %d: %.50q is not a CVE id", n, e.ID)
		}
		if _, err := time.Parse(time.DateOnly, e.Added); err != nil {
			return nil, fmt.Errorf("entry %d: %.50q is not a date", n, e.Added)
		}
		found[e.ID] = e.Added
	}
	_, err := d.Token()
	return found, err
}

func (u *update) checkKEV(_ context.Context, f *os.File, _ int64) (time.Time, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return time.Time{}, err
	}
	_, when, err := parseKEV(f, u.limits)
	return when, err
}
