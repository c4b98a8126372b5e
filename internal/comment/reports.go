package comment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Limits for the artifact with a run's reports.
const (
	maxReports = 8
	maxReport  = 2 << 20 // bytes
)

// reportNames are the reports that have a section of their own. The preview's section
// is not among them: only the commands that create and remove previews write it.
var reportNames = []string{"security-gate", "test", "preview-prepare", "battery", "scorecard"}

// readReports reads the folder into which the artifact of an untrusted run was
// downloaded. It returns the reports in the order of reportNames, and a failed check for
// every other entry. The author of a fork chose the names of the files, so these names are
// neither shown nor interpreted.
func readReports(dir string) (all []*report.Report, refused []report.Check, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, report.Usage(fmt.Sprintf("--reports: %v: download the artifact into a folder first", err))
	}
	defer root.Close()
	d, err := root.Open(".")
	if err != nil {
		return nil, nil, report.Usage(fmt.Sprintf("--reports: %v: make the folder readable", err))
	}
	defer d.Close()
	entries, err := d.ReadDir(maxReports + 1)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, nil, report.Usage(fmt.Sprintf("--reports: %v: make the folder readable", err))
	case len(entries) > maxReports:
		return nil, []report.Check{{Name: "reports", State: report.Failed, Result: fmt.Sprintf("more than %d entries: none of them was published", maxReports)}}, nil
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return bytes.Compare([]byte(a.Name()), []byte(b.Name())) })
	byName := map[string]*report.Report{}
	for i, e := range entries {
		r, err := readReport(root, e)
		if err == nil && byName[r.Name] != nil {
			err = fmt.Errorf("the artifact contains a second report named %s", r.Name)
		}
		if err != nil {
			refused = append(refused, report.Check{
				Name: fmt.Sprintf("file %d of %d", i+1, len(entries)), State: report.Failed, Result: "not published: " + err.Error(),
				Note: "the log of the run that made it may show why",
			})
			continue
		}
		byName[r.Name] = r
	}
	for _, name := range reportNames {
		if r := byName[name]; r != nil {
			all = append(all, r)
		}
	}
	return all, refused, nil
}

// readReport reads a regular file. It does not follow links: the author of a fork chose
// the targets of the links.
func readReport(root *os.Root, e fs.DirEntry) (*report.Report, error) {
	if !e.Type().IsRegular() {
		return nil, errNotFile
	}
	b, err := files.Read(root, e.Name(), maxReport)
	switch { // the errors of package files contain the name
	case errors.Is(err, files.ErrIrregular):
		return nil, errNotFile
	case errors.Is(err, files.ErrTooLarge):
		return nil, fmt.Errorf("larger than %d MiB", maxReport>>20)
	case err != nil:
		return nil, errors.New("the file cannot be read")
	}
	r, err := report.Read(bytes.NewReader(b))
	switch {
	case err != nil:
		return nil, fmt.Errorf("not a report: %w", err)
	case r.Schema != "goldenpath."+r.Name+"/v1":
		return nil, fmt.Errorf("not a report: schema %.60q does not match name %.60q", r.Schema, r.Name)
	case !slices.Contains(reportNames, r.Name):
		return nil, fmt.Errorf("report %.60q has no section in the comment", r.Name)
	}
	return r, nil
}

var errNotFile = errors.New("not a regular file")
