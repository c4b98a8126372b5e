package path

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// What an artifact may hold.
const (
	maxReports = 8
	maxReport  = 2 << 20
)

// tellable are the reports that have a section of their own. That of the preview
// is written by what raises it, and by nobody else.
var tellable = []string{"security-gate", "test", "preview-prepare", "battery", "scorecard"}

// readReports reads what an artifact of an untrusted run left in a folder: reports,
// in the order of tellable, and a failed check for everything else. A name in the
// folder is an author's, so none is shown, and none has a meaning.
func readReports(dir string) (all []*report.Report, refused []report.Check, err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, nil, report.Usage(fmt.Sprintf("--reports: %v: download the artifact into a folder first", err))
	}
	defer d.Close()
	entries, err := d.ReadDir(maxReports + 1)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, nil, report.Usage(fmt.Sprintf("--reports: %v: give a folder", err))
	case len(entries) > maxReports:
		return nil, []report.Check{{Name: "reports", State: report.Failed, Result: fmt.Sprintf("more than %d entries: nothing of it is told", maxReports)}}, nil
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return bytes.Compare([]byte(a.Name()), []byte(b.Name())) })
	byName := map[string]*report.Report{}
	for i, e := range entries {
		r, err := readReport(dir, e)
		if err == nil && byName[r.Name] != nil {
			err = fmt.Errorf("is a second report of %s", r.Name)
		}
		if err != nil {
			refused = append(refused, report.Check{
				Name: fmt.Sprintf("file %d of %d", i+1, len(entries)), State: report.Failed, Result: "not told: it " + err.Error(),
				Note: "the run that made it says what it holds",
			})
			continue
		}
		byName[r.Name] = r
	}
	for _, name := range tellable {
		if r := byName[name]; r != nil {
			all = append(all, r)
		}
	}
	return all, refused, nil
}

// readReport opens only what is an ordinary file before and after it was opened: a
// link leads out, a device or a pipe never ends.
func readReport(dir string, e fs.DirEntry) (*report.Report, error) {
	if !e.Type().IsRegular() {
		return nil, errNotFile
	}
	f, err := os.OpenFile(filepath.Join(dir, e.Name()), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, errors.New("cannot be opened")
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil || !info.Mode().IsRegular():
		return nil, errNotFile
	case info.Size() > maxReport:
		return nil, errTooBig
	}
	b, err := io.ReadAll(io.LimitReader(f, maxReport+1))
	switch {
	case err != nil:
		return nil, errors.New("cannot be read")
	case len(b) > maxReport:
		return nil, errTooBig
	}
	r, err := report.Read(bytes.NewReader(b))
	switch {
	case err != nil:
		return nil, fmt.Errorf("is no report: %w", err)
	case r.Schema != "goldenpath."+r.Name+"/v1":
		return nil, fmt.Errorf("is no report: its schema %.60q is not that of %.60q", r.Schema, r.Name)
	case !slices.Contains(tellable, r.Name):
		return nil, fmt.Errorf("is a report of %.60q, which has no section in a comment", r.Name)
	}
	return r, nil
}

var (
	errNotFile = errors.New("is no ordinary file")
	errTooBig  = fmt.Errorf("is larger than %d MiB", maxReport>>20)
)
