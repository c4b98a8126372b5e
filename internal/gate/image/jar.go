package image

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/aquasecurity/trivy/pkg/dependency/parser/java/jar"
	"github.com/aquasecurity/trivy/pkg/fanal/analyzer"
	"github.com/aquasecurity/trivy/pkg/fanal/analyzer/language"
	"github.com/aquasecurity/trivy/pkg/fanal/types"
	xio "github.com/aquasecurity/trivy/pkg/x/io"

	"github.com/seed-b235b314/goldenpath/internal/gate/image/oci"
)

const (
	maxJars     = 512 << 20 // nested archives, unpacked
	maxJarDepth = 4
)

func isJar(name string) bool {
	return slices.Contains([]string{".jar", ".war", ".ear", ".par"}, strings.ToLower(path.Ext(name)))
}

// parseJar identifies a Java archive by its Maven metadata. An archive without Maven
// metadata is not identified, because there is no Java database.
func parseJar(ctx context.Context, name string, size int64, content xio.ReadSeekerAt) (*analyzer.AnalysisResult, error) {
	left := int64(maxJars)
	if err := nested(content, size, &left, 0); err != nil {
		return nil, err
	}
	parser := jar.NewParser(nil, jar.WithOffline(true), jar.WithSize(size), jar.WithFilePath(name))
	app, err := language.ParsePackage(ctx, types.Jar, name, content, parser, false)
	if err != nil || app == nil {
		return nil, err
	}
	return &analyzer.AnalysisResult{Applications: []types.Application{*app}}, nil
}

// nested returns an error if there are too many nested archives, because the library
// unpacks each archive to a file.
func nested(r io.ReaderAt, size int64, left *int64, depth int) error {
	files, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	for _, f := range files.File {
		if !isJar(f.Name) {
			continue
		}
		*left -= int64(min(f.UncompressedSize64, maxJars+1))
		if *left < 0 || depth == maxJarDepth {
			return fmt.Errorf("%w: nested archives", oci.ErrTooLarge)
		}
		inner, err := f.Open()
		if err != nil {
			continue // the library skips it as well
		}
		text, err := io.ReadAll(io.LimitReader(inner, int64(f.UncompressedSize64)))
		inner.Close()
		if err == nil && bytes.HasPrefix(text, []byte("PK")) {
			err = nested(bytes.NewReader(text), int64(len(text)), left, depth+1)
		}
		if errors.Is(err, oci.ErrTooLarge) {
			return err
		}
	}
	return nil
}
