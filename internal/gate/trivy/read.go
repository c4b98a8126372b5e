package trivy

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// Limits in bytes. A larger file is not read and becomes a gap.
const (
	maxDockerfile = 1 << 20
	maxManifest   = 10 << 20
	maxPlan       = 64 << 20
	maxTerraform  = 5 << 20
	maxChartFile  = 5 << 20 // Helm's own limit
	maxArchive    = 20 << 20
	maxChart      = 100 << 20 // unpacked; Helm's own limit
)

// signs are words of the forms other than Kubernetes.
var signs = [][]byte{[]byte(`"planned_values"`), []byte("AWSTemplateFormatVersion"), []byte(": AWS::"), []byte(`"AWS::`), []byte("eploymentTemplate.json")}

var errTooLarge = errors.New("the file is too large")

// unread returns the gap for a file that could not be checked.
func unread(what string, err error) gate.Gap {
	g := gate.Gap{What: what, Why: oneLine(err.Error()), Remedy: "correct the file: its checks did not run"}
	var inPath *os.PathError
	switch {
	case errors.Is(err, files.ErrTooLarge), errors.Is(err, errTooLarge):
		g.Remedy = "split the file, or list it in gate.exclude"
	case errors.As(err, &inPath):
		g.Why = inPath.Err.Error() // without the path on this machine
	}
	return g
}

// mentions reports whether a file may be one of the forms of a YAML or JSON file. The
// file may have any size.
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
		if text := buf[:kept+n]; marked(text) || slices.ContainsFunc(signs, func(sign []byte) bool { return bytes.Contains(text, sign) }) {
			return true
		}
		if err != nil {
			return false
		}
		kept = copy(buf, buf[max(0, kept+n-maxMark):kept+n])
	}
}

// holdsChart reports whether an archive contains a chart. It unpacks no more than Helm
// would.
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
