package gitleaks

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// counts has the numbers of what was examined and left out, and the texts that were
// kept.
type counts struct {
	commits                int
	files, binaries, bytes atomic.Int64
	damaged                atomic.Int64 // parts of the history that git could not read
	wholes                 atomic.Int64 // files of the history that were read for what stands around a secret

	mu       sync.Mutex
	pointers []string        // files whose content is elsewhere
	pictures map[string]bool // images, fonts and videos, which are left out, by a digest of the path
	packed   map[string]bool // compressed files, which are not opened, likewise
	values   map[string]bool // values that were set aside, by a digest
	texts    map[string]string
	length   int // of texts, in bytes
	missing  []gate.Gap
}

func newCounts() counts {
	return counts{pictures: map[string]bool{}, packed: map[string]bool{}, values: map[string]bool{}, texts: map[string]string{}}
}

// miss adds something that could not be examined.
func (c *counts) miss(g gate.Gap) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.missing = append(c.missing, g)
}

func (c *counts) count(binary bool, size int) {
	c.bytes.Add(int64(size))
	if binary {
		c.binaries.Add(1)
	} else {
		c.files.Add(1)
	}
}

// keep keeps a file, so that the same text is recognised in the history. It returns
// false if the file is too large to keep.
func (c *counts) keep(name string, text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(text) > keepFile || c.length+len(text) > keepTotal {
		return false
	}
	c.length += len(text)
	c.texts[name] = text
	return true
}

// compressed are the first bytes of files whose text is compressed.
var compressed = []string{"PK\x03\x04", "\x1f\x8b", "BZh", "\xfd7zXZ", "7z\xbc\xaf\x27\x1c", "Rar!\x1a\x07", "\x28\xb5\x2f\xfd", "\x04\x22\x4d\x18", "%PDF-"}

// leaveOut counts binary files in which no text can be read, and reports whether the
// file is not examined at all.
func (s *scan) leaveOut(p piece, head []byte) bool {
	picture := p.forms && isPicture(p.path)
	kind := "z"
	switch {
	case picture:
		kind = "i"
	case !slices.ContainsFunc(compressed, func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }):
		return false
	}
	sum := sha256.Sum256([]byte(p.path))
	note := kind + hex.EncodeToString(sum[:8])
	s.noted(note)
	if p.commit != "" {
		s.kept.note(p.commit, note)
	}
	return picture // names and comments in a compressed file can be read
}

// setAside counts a value that matched a rule and is not a secret by its form or by what
// stands around it, such as a sample that its service publishes. It is counted once for a rule,
// wherever it occurs.
func (s *scan) setAside(p piece, rule, value string) {
	note := "v" + gate.Aside(rule, value)
	id := cmp.Or(p.commit, s.text)
	for s.outer != nil {
		s = s.outer
	}
	s.noted(note)
	if id != "" {
		s.kept.note(id, note)
	}
}

// noted counts what is not reported: the kind, i for a picture, z for a compressed file and v
// for a value that was set aside, and a digest.
func (c *counts) noted(note string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch kind, id := note[:1], note[1:]; kind {
	case "i":
		c.pictures[id] = true
	case "z":
		c.packed[id] = true
	case "v":
		c.values[id] = true
	}
}

// covered says what was examined, and what was not.
func (c *counts) covered() string {
	parts := []string{}
	if c.commits > 0 {
		parts = append(parts, plural(c.commits, "commit"))
	}
	if n := int(c.files.Load()); n > 0 || c.commits > 0 || len(c.pictures) > 0 {
		parts = append(parts, plural(n, "file"), humanize.Bytes(uint64(c.bytes.Load())))
	}
	if n := int(c.binaries.Load()); n > 0 {
		parts = append(parts, plural(n, "binary file")+" (readable text)")
	}
	out := strings.Join(parts, ", ")
	var not []string
	if n := len(c.pictures); n > 0 {
		not = append(not, english.Plural(n, "image, font or video", "images, fonts and videos"))
	}
	if n := len(c.packed); n > 0 {
		not = append(not, "the content of "+english.Plural(n, "compressed file", ""))
	}
	if n := len(c.values); n > 0 {
		out += fmt.Sprintf(", %s set aside", english.Plural(n, "value that only looks like a secret", "values that only look like secrets"))
	}
	if len(not) > 0 {
		out += " (not examined: " + strings.Join(not, ", ") + ")"
	}
	return out
}

// elsewhere returns a gap for the files of which the checkout contains only a Git LFS
// pointer.
func (c *counts) elsewhere() []gate.Gap {
	if len(c.pointers) == 0 {
		return nil
	}
	slices.Sort(c.pointers)
	what := c.pointers[0]
	if more := len(c.pointers) - 1; more > 0 {
		what += fmt.Sprintf(" and %d more", more)
	}
	return []gate.Gap{{What: what, Why: english.PluralWord(len(c.pointers), "the file is a Git LFS pointer, and the content is", "the files are Git LFS pointers, and the content is") + " not in the checkout",
		Remedy: "check out with lfs: true, or exclude the folder (gate.exclude)"}}
}

func plural(n int, noun string) string {
	return humanize.Comma(int64(n)) + " " + english.PluralWord(n, noun, "")
}
