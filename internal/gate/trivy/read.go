package trivy

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/dustin/go-humanize"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// Larger files are not read: they are a gap.
const (
	maxDockerfile = 1 << 20
	maxManifest   = 10 << 20
	maxTerraform  = 5 << 20
	maxChartFile  = 5 << 20 // Helm's own limit
	maxArchive    = 20 << 20
	maxChart      = 100 << 20 // unpacked: Helm's own limit
)

var errTooLarge = errors.New("too large")

// read returns the file, errTooLarge if it is larger than the limit.
func read(root *os.Root, name string, limit int64) ([]byte, error) {
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(text)) > limit {
		return nil, fmt.Errorf("%w: more than %s", errTooLarge, humanize.IBytes(uint64(limit)))
	}
	return text, err
}

// unread is the gap that a file leaves.
func unread(what string, err error) gate.Gap {
	g := gate.Gap{What: what, Why: oneLine(err.Error()), Remedy: "repair the file: its checks did not run"}
	var inPath *os.PathError
	switch {
	case errors.Is(err, errTooLarge):
		g.Remedy = "split it, or name it under exclude"
	case errors.As(err, &inPath):
		g.Why = inPath.Err.Error() // without the folder of this machine
	}
	return g
}

// mentions reports whether the file may be of Kubernetes, however large it is.
func mentions(root *os.Root, name string) bool {
	file, err := root.Open(name)
	if err != nil {
		return false
	}
	defer file.Close()
	buf := make([]byte, 1<<20)
	kept := 0
	for {
		n, err := file.Read(buf[kept:])
		if marked(buf[:kept+n]) {
			return true
		}
		if err != nil {
			return false
		}
		kept = copy(buf, buf[max(0, kept+n-maxMark):kept+n])
	}
}

// holdsChart reports whether the archive holds a chart. Only as much is unpacked as
// Helm would.
func holdsChart(r io.Reader) bool {
	unpacked, err := gzip.NewReader(r)
	if err != nil {
		return false
	}
	defer unpacked.Close()
	files := tar.NewReader(io.LimitReader(unpacked, maxChart))
	for {
		header, err := files.Next()
		if err != nil {
			return false
		}
		if header.Typeflag == tar.TypeReg && path.Base(header.Name) == chartFile {
			return true
		}
	}
}
