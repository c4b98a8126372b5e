package trivy

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"regexp"
	"strings"
)

var errBomb = errors.New("a template repeats text millions of times and was not rendered, because the result may not fit into memory")

var (
	action = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	// The library has no limit for these functions.
	repeats = regexp.MustCompile(`\b(?:repeat|until|untilStep|seq|n?indent|rand(?:Alpha|AlphaNum|Ascii|Numeric|Bytes))\b`)
	million = regexp.MustCompile(`\b(?:[0-9][0-9_]{6,}|0[xX][0-9a-fA-F_]{6,}|0[bBoO][0-9_]{7,}|[0-9.]+[eE]\+?[0-9]+)`)
)

// holdsBomb reports whether a file of a chart, or a file in a nested archive, repeats
// text a million times or more by a literal number, or unpacks to more than Helm
// accepts. A computed number is not detected.
func holdsBomb(name string, text []byte) bool {
	left := int64(maxChart)
	return holdsBombWithin(&left, name, text)
}

func holdsBombWithin(left *int64, name string, text []byte) bool {
	if !strings.HasSuffix(name, ".tgz") && !strings.HasSuffix(name, ".gz") {
		for _, a := range action.FindAll(text, -1) {
			if repeats.Match(a) && million.Match(a) {
				return true
			}
		}
		return false
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return false
	}
	defer unpacked.Close()
	files := tar.NewReader(io.LimitReader(unpacked, *left+1))
	for {
		header, err := files.Next()
		if err != nil {
			return false
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		inner, err := io.ReadAll(files)
		*left -= int64(len(inner)) + 512 // and its header
		if *left <= 0 {
			return true
		}
		if err != nil {
			return false
		}
		if holdsBombWithin(left, header.Name, inner) {
			return true
		}
	}
}
