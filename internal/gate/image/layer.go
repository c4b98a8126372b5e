package image

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/aquasecurity/trivy/pkg/fanal/analyzer"
	system "github.com/aquasecurity/trivy/pkg/fanal/analyzer/os"
	"github.com/aquasecurity/trivy/pkg/fanal/types"
	"github.com/aquasecurity/trivy/pkg/fanal/utils"
	"github.com/aquasecurity/trivy/pkg/mapfs"
	xio "github.com/aquasecurity/trivy/pkg/x/io"
	"github.com/dustin/go-humanize"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/image/oci"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// Limits on what is read from an image, regardless of its manifest.
const (
	maxUnpacked = 10 << 30  // all layers
	maxBinary   = 1 << 30   // an executable, a Java archive, an rpm database
	maxText     = 64 << 20  // any other file
	maxInMemory = 64 << 20  // a larger file is copied to the temporary folder
	maxName     = 4096      // longer than any system allows
	maxTrees    = 256 << 20 // files of all layers that are kept for analyzers of several files
)

// layerReader analyzes layers, several at the same time.
type layerReader struct {
	analyzers
	temp     string
	unpacked atomic.Int64
	kept     atomic.Int64
	max      int64
}

// layerContent is what the analyzers found in a layer.
type layerContent struct {
	types.BlobInfo
	gaps     []gate.Gap
	unparsed []string // package files that could not be parsed
	system   bool     // it has a file that identifies a distribution
	jars     int
}

// layer reads a layer to its end, where its digest is verified.
func (s *layerReader) layer(ctx context.Context, l oci.Layer) (*layerContent, error) {
	plain, err := l.Open()
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	stream := &counted{plain, s, ctx}
	v := &visit{layerReader: s, ctx: ctx, result: analyzer.NewAnalysisResult(), out: &layerContent{}, trees: map[analyzer.Type]*mapfs.FS{}}
	if err := v.all(tar.NewReader(stream)); err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, stream); err != nil { // the padding: the digest is verified at the end
		return nil, err
	}
	v.whole()
	r := v.result
	r.Sort()
	v.out.BlobInfo = types.BlobInfo{
		SchemaVersion: types.BlobJSONSchemaVersion, DiffID: l.DiffID, OpaqueDirs: v.opaque, WhiteoutFiles: v.gone,
		OS: r.OS, Repository: r.Repository, PackageInfos: r.PackageInfos, Licenses: r.Licenses, BuildInfo: r.BuildInfo,
		Applications: withoutSystemFiles(r.Applications, r.SystemInstalledFiles),
	}
	return v.out, nil
}

// counted ends the stream when all layers together exceed the limit.
type counted struct {
	io.Reader
	*layerReader
	ctx context.Context
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.Reader.Read(p)
	if c.unpacked.Add(int64(n)) > c.max {
		return n, fmt.Errorf("%w: the layers of the images unpack to more than %s", oci.ErrTooLarge, humanize.IBytes(uint64(c.max)))
	}
	return n, err
}

// visit is the state while one layer is read.
type visit struct {
	*layerReader
	ctx          context.Context
	result       *analyzer.AnalysisResult
	out          *layerContent
	trees        map[analyzer.Type]*mapfs.FS
	opaque, gone []string
}

func (v *visit) all(files *tar.Reader) error {
	for {
		header, err := files.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		// Names are cleaned as a container runtime does: none leads out of the image.
		name := strings.TrimPrefix(path.Clean("/"+header.Name), "/")
		if len(name) > maxName {
			continue
		}
		dir, base := path.Split(name)
		if base == ".wh..wh..opq" {
			v.opaque = append(v.opaque, dir)
		} else if hidden, ok := strings.CutPrefix(base, ".wh."); ok {
			v.gone = append(v.gone, path.Join(dir, hidden))
		} else if header.Typeflag == tar.TypeReg {
			if err := v.file(name, header.FileInfo(), files); err != nil {
				return err
			}
		}
	}
}

// file passes a file to every analyzer that requires it. The content is read at most
// once, and only if an analyzer requires it.
func (v *visit) file(name string, info fs.FileInfo, r io.Reader) error {
	v.out.system = v.out.system || name == "etc/os-release" || name == "usr/lib/os-release"
	var wanted []fileAnalyzer
	for _, a := range v.files {
		if a.Required(name, info) {
			wanted = append(wanted, a)
		}
	}
	var trees []analyzer.Type
	for _, t := range v.analyzers.trees {
		if t.Required(name, info) {
			trees = append(trees, t.Type())
		}
	}
	jar := isJar(name)
	if len(wanted) == 0 && len(trees) == 0 && !jar {
		return nil
	}
	limit := int64(maxText)
	if jar || utils.IsExecutable(info) || strings.Contains(name, "lib/rpm/") || strings.Contains(name, "sysimage/rpm/") {
		limit = maxBinary
	}
	if info.Size() > limit {
		v.gap(name, fmt.Errorf("%w: more than %s", oci.ErrTooLarge, humanize.IBytes(uint64(limit))))
		return nil
	}
	content, done, err := v.content(r, info.Size())
	if err != nil {
		return err
	}
	defer done()
	for _, a := range wanted {
		if _, err := content.Seek(0, io.SeekStart); err != nil {
			return err
		}
		res, err := guard(a.Type(), func() (*analyzer.AnalysisResult, error) {
			return a.Analyze(v.ctx, analyzer.AnalysisInput{FilePath: name, Info: info, Content: content, Options: analyzer.AnalysisOptions{Offline: true}})
		})
		v.take(name, a.Type(), res, err)
	}
	if jar {
		v.out.jars++
		res, err := guard(analyzer.TypeJar, func() (*analyzer.AnalysisResult, error) { return parseJar(v.ctx, name, info.Size(), content) })
		v.take(name, analyzer.TypeJar, res, err)
	}
	return v.keep(name, trees, content)
}

// content reads a file into memory or copies it to the temporary folder. done releases
// the content.
func (v *visit) content(r io.Reader, size int64) (content xio.ReadSeekerAt, done func(), err error) {
	if size <= maxInMemory {
		text := make([]byte, size)
		_, err := io.ReadFull(r, text)
		return bytes.NewReader(text), func() {}, err
	}
	file, err := os.CreateTemp(v.temp, "file-")
	if err != nil {
		return nil, nil, err
	}
	done = func() {
		file.Close()
		os.Remove(file.Name())
	}
	if _, err := io.Copy(file, r); err != nil {
		done()
		return nil, nil, err
	}
	return file, done, nil
}

// keep keeps a file for the analyzers that read several files together.
func (v *visit) keep(name string, trees []analyzer.Type, content xio.ReadSeekerAt) error {
	if len(trees) == 0 {
		return nil
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return err
	}
	text, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	if v.kept.Add(int64(len(text))) > maxTrees {
		return fmt.Errorf("%w: package files of more than %s", oci.ErrTooLarge, humanize.IBytes(maxTrees))
	}
	for _, kind := range trees {
		tree, ok := v.trees[kind]
		if !ok {
			tree = mapfs.New()
			v.trees[kind] = tree
		}
		err := tree.MkdirAll(path.Dir(name), fs.ModePerm)
		if err == nil {
			err = tree.WriteVirtualFile(name, text, 0o600)
		}
		if err != nil && !errors.Is(err, fs.ErrExist) { // a folder and a file have the same name
			v.gap(name, err)
		}
	}
	return nil
}

// whole runs the analyzers that read several files together.
func (v *visit) whole() {
	for _, t := range v.analyzers.trees {
		tree, ok := v.trees[t.Type()]
		if !ok {
			continue
		}
		res, err := guard(t.Type(), func() (*analyzer.AnalysisResult, error) {
			return t.PostAnalyze(v.ctx, analyzer.PostAnalysisInput{FS: tree, Options: analyzer.AnalysisOptions{Offline: true}})
		})
		if err != nil {
			v.gap("packages of "+string(t.Type()), err)
			continue
		}
		v.result.Merge(res)
	}
}

// take adds the result of an analyzer. A package database of the system that cannot be
// parsed is a gap. Any other file that cannot be parsed is only noted, because packages
// ship broken files as test fixtures.
func (v *visit) take(name string, kind analyzer.Type, res *analyzer.AnalysisResult, err error) {
	switch {
	case err == nil:
		v.result.Merge(res)
	case errors.Is(err, system.AnalyzeOSError): // another file may identify the system
	case errors.Is(err, errPanic) || errors.Is(err, oci.ErrTooLarge) || slices.Contains(analyzer.TypeOSes, kind):
		v.gap(name, err)
	default:
		v.out.unparsed = append(v.out.unparsed, name)
	}
}

func (v *visit) gap(name string, err error) {
	v.out.gaps = append(v.out.gaps, gate.Gap{What: name + " in the image", Why: text.OneLine(err.Error(), 0), Remedy: "correct the file, or leave it out of the image"})
}
