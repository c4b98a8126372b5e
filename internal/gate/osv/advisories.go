package osv

import (
	"archive/zip"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json/v2"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// largestAdvisory is the largest size, in bytes, of one file in a database. Real files
// have a few MB.
const largestAdvisory = 64 << 20

func archive(databases, ecosystem string) string {
	return filepath.Join(databases, "osv-scalibr", ecosystem, "all.zip")
}

// advisories are the advisories of one ecosystem that may concern the wanted packages.
type advisories struct {
	gate.Database
	total   int // in the database
	about   map[string][]*osvschema.Vulnerability
	unread  int // cannot be parsed and may be about the packages
	example string
}

// open reads the database of an ecosystem. It returns nil if the database does not
// exist. Only advisories that name one of the wanted keys are kept, because a database
// may have several hundred MB. A damaged database is an error.
func open(ctx context.Context, databases, ecosystem string, wanted map[string]bool) (*advisories, error) {
	if databases == "" {
		return nil, nil
	}
	file, err := os.Open(archive(databases, ecosystem))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	files, err := zip.NewReader(file, info.Size())
	if err != nil {
		return nil, fmt.Errorf("cannot unzip %s: %w", file.Name(), err)
	}
	digest := make(chan error, 1)
	sum := sha256.New()
	go func() {
		_, err := io.Copy(sum, io.NewSectionReader(file, 0, info.Size()))
		digest <- err
	}()
	all, err := readAll(ctx, files.File, wanted)
	if err := errors.Join(err, <-digest); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", file.Name(), err)
	}
	all.Name, all.Digest = "osv/"+ecosystem, "sha256:"+hex.EncodeToString(sum.Sum(nil))
	return all, nil
}

// readAll reads the files of a database, in parallel on all processors.
func readAll(ctx context.Context, files []*zip.File, wanted map[string]bool) (*advisories, error) {
	var wg sync.WaitGroup
	n := min(runtime.GOMAXPROCS(0), len(files))
	parts, errs := make([]*reader, n), make([]error, n)
	for i := range n {
		part := &reader{wanted: wanted}
		parts[i] = part
		mine := files[i*len(files)/n : (i+1)*len(files)/n]
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					errs[i] = fmt.Errorf("panic: %v", p)
				}
			}()
			for _, f := range mine {
				if errs[i] = ctx.Err(); errs[i] == nil {
					errs[i] = part.read(f)
				}
				if errs[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	all := &advisories{about: map[string][]*osvschema.Vulnerability{}}
	var written time.Time
	for _, p := range parts {
		all.total += p.total
		all.unread += len(p.unread)
		for _, why := range p.unread {
			all.example = min(cmp.Or(all.example, why), why)
		}
		all.Time, written = later(all.Time, p.modified), later(written, p.written)
		for _, v := range p.found {
			for _, k := range keysOf(v) {
				if wanted[k] {
					all.about[k] = append(all.about[k], v)
				}
			}
		}
	}
	if all.Time.Year() <= 1 { // not stated, as in the Go vulnerability database
		all.Time = written
	}
	all.Time = all.Time.UTC()
	return all, nil
}

// reader reads a part of the files; each processor has its own reader.
type reader struct {
	wanted            map[string]bool
	inflate           io.ReadCloser
	text              []byte
	found             []*osvschema.Vulnerability
	total             int
	unread            []string
	modified, written time.Time
}

// outline is the part of an advisory that decides whether it is kept.
type outline struct {
	Modified time.Time `json:"modified"`
	Affected []struct {
		Package struct {
			Name string `json:"name"`
		} `json:"package"`
		Ranges []struct {
			Repo string `json:"repo"`
		} `json:"ranges"`
	} `json:"affected"`
}

// read reads one advisory. The library silently ignores an advisory that it cannot
// parse, for example because of a field of a later schema. Here such an advisory is
// counted if it may concern a wanted package; an advisory whose outline has no name may
// concern any package.
func (r *reader) read(f *zip.File) error {
	if !strings.HasSuffix(f.Name, ".json") {
		return nil
	}
	if err := r.unzip(f); err != nil {
		return fmt.Errorf("entry %s: %w", f.Name, err)
	}
	r.total++
	r.written = later(r.written, f.Modified)
	var o outline
	if err := json.Unmarshal(r.text, &o); err == nil {
		r.modified = later(r.modified, o.Modified)
		if names := o.keys(); len(names) > 0 && !slices.ContainsFunc(names, func(k string) bool { return r.wanted[k] }) {
			return nil
		}
	}
	v := &osvschema.Vulnerability{}
	if err := protojson.Unmarshal(r.text, v); err != nil {
		r.unread = append(r.unread, f.Name+": "+oneLine(err.Error()))
		return nil
	}
	if v.GetModified() != nil { // nil would be 1970
		r.modified = later(r.modified, v.GetModified().AsTime())
	}
	if v.GetWithdrawn() == nil {
		r.found = append(r.found, v)
	}
	return nil
}

// unzip reads a file into r.text, which is reused for the next one.
func (r *reader) unzip(f *zip.File) error {
	if f.UncompressedSize64 > largestAdvisory {
		return fmt.Errorf("%d bytes, more than the limit for one advisory", f.UncompressedSize64)
	}
	in, err := f.OpenRaw()
	if err != nil {
		return err
	}
	switch f.Method {
	case zip.Store:
	case zip.Deflate:
		if r.inflate == nil {
			r.inflate = flate.NewReader(in)
		} else if err := r.inflate.(flate.Resetter).Reset(in, nil); err != nil {
			return err
		}
		in = r.inflate
	default:
		return fmt.Errorf("zip compression method %d is not supported: use deflate", f.Method)
	}
	r.text = slices.Grow(r.text[:0], int(f.UncompressedSize64))[:f.UncompressedSize64]
	if _, err := io.ReadFull(in, r.text); err != nil {
		return err
	}
	if crc32.ChecksumIEEE(r.text) != f.CRC32 {
		return zip.ErrChecksum
	}
	return nil
}

func (o outline) keys() []string {
	var keys []string
	for _, a := range o.Affected {
		keys = append(keys, key(a.Package.Name))
		for _, r := range a.Ranges {
			keys = append(keys, key(r.Repo))
		}
	}
	return distinct(keys)
}

func keysOf(v *osvschema.Vulnerability) []string {
	var keys []string
	for _, a := range v.GetAffected() {
		keys = append(keys, key(a.GetPackage().GetName()))
		for _, r := range a.GetRanges() {
			keys = append(keys, key(r.GetRepo()))
		}
	}
	return distinct(keys)
}

// distinct sorts keys and removes duplicates and empty ones.
func distinct(keys []string) []string {
	slices.Sort(keys)
	return slices.DeleteFunc(slices.Compact(keys), func(k string) bool { return k == "" })
}

// major is the last part of a Go module's path from its second major version on.
var major = regexp.MustCompile(`/v[0-9]+$`)

// key returns what all spellings of a package's name have in common: an advisory and
// the library may use a namespace, an owner, a major version, or dots in place of
// dashes. Two packages may share a key.
func key(name string) string {
	last := major.ReplaceAllString(strings.TrimSuffix(strings.TrimRight(name, "/:"), ".git"), "")
	last = last[strings.LastIndexAny(last, "/:")+1:]
	words := strings.FieldsFunc(strings.ToLower(last), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return cmp.Or(strings.Join(words, "-"), name)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
