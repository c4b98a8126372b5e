package database

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// checkZip reads every entry and so verifies its checksum: osv-scanner silently ignores
// entries that it cannot read.
func (u *update) checkZip(ctx context.Context, f *os.File, size int64) (time.Time, error) {
	files, err := zip.NewReader(f, size)
	if err != nil {
		return time.Time{}, err
	}
	if n := int64(len(files.File)); n > u.limits.entries {
		return time.Time{}, fmt.Errorf("the archive has %d files, more than the limit of %d", n, u.limits.entries)
	}
	var total int64
	advisories := 0
	for _, e := range files.File {
		if ctx.Err() != nil {
			return time.Time{}, context.Cause(ctx)
		}
		n, err := readEntry(e, min(u.limits.entry, u.limits.unzipped-total))
		if err != nil {
			return time.Time{}, fmt.Errorf("cannot read entry %.100q of the archive: %w", e.Name, err)
		}
		total += n
		if strings.HasSuffix(e.Name, ".json") {
			advisories++
		}
	}
	if advisories == 0 {
		return time.Time{}, errors.New("the archive contains no advisory")
	}
	return time.Time{}, nil
}

func readEntry(e *zip.File, limit int64) (int64, error) {
	r, err := e.Open()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = errors.New("the archive is too large when unpacked")
	}
	return n, err
}
