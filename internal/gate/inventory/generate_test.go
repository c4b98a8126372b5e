package inventory

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// sample is a generated file and what is in it.
type sample struct {
	name string
	text string
	want []string // name version origin, as a list from entry, sorted
	// lines is set for a format without an end mark, in which every beginning that ends
	// with a line is a smaller file.
	lines bool
	// open is the text before each entry in a format without an end mark whose entries
	// require each other. A file that is cut between two entries is incomplete. One that is
	// cut in the middle of an entry may look whole, if the rest of the entry is one.
	open string
	// beside has the manifest.
	beside map[string]string
}

func (s sample) read(content []byte) ([]Package, error) {
	return NewReader(func(name string) ([]byte, bool) { b, ok := s.beside[name]; return []byte(b), ok }).Read(s.name, content)
}

// maker makes the files of one format.
type maker struct {
	format string
	make   func(g *generator) sample
}

// generator makes names and versions that are odd but legal.
type generator struct{ *rand.Rand }

const commit = "0123456789abcdef0123456789abcdef01234567"

func (g *generator) pick(all ...string) string { return all[g.IntN(len(all))] }
func (g *generator) yes() bool                 { return g.IntN(2) == 0 }

// names returns different names, sometimes none and sometimes many.
func (g *generator) names(alphabet string) []string {
	n := g.IntN(12)
	if g.IntN(20) == 0 {
		n = 300
	}
	var all []string
	seen := map[string]bool{}
	for i := range n {
		var b strings.Builder
		b.WriteByte("abcxyz"[g.IntN(6)])
		for range g.IntN(8) {
			b.WriteByte(alphabet[g.IntN(len(alphabet))])
		}
		fmt.Fprintf(&b, "%d", i)
		if name := b.String(); !seen[strings.ToLower(name)] {
			seen[strings.ToLower(name)] = true
			all = append(all, name)
		}
	}
	return all
}

func (g *generator) version() string {
	v := fmt.Sprintf("%d.%d.%d", g.IntN(30), g.IntN(30), g.IntN(30))
	if g.IntN(6) == 0 {
		v += g.pick("-rc.1", "-beta", "-alpha.0.3")
	}
	return v
}

// origin returns registry most of the time.
func (g *generator) origin() Origin {
	switch g.IntN(8) {
	case 0:
		return Own
	case 1:
		return Git
	}
	return Registry
}

// entry is how a package is compared.
func entry(name, version string, origin Origin) string {
	if origin != Registry {
		version = ""
	}
	return fmt.Sprintf("%s %s %s", name, version, origin)
}

func entries(all []Package) []string {
	out := []string{}
	for _, p := range all {
		out = append(out, entry(p.Name, p.Version, p.Origin))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// encode writes the text in one of the encodings that the tools of the format accept.
func (g *generator) encode(s sample) []byte {
	text := s.text
	if g.IntN(4) == 0 {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if s.lines && g.IntN(4) == 0 {
		text = strings.TrimRight(text, "\r\n")
	}
	switch g.IntN(8) {
	case 0:
		return append([]byte{0xEF, 0xBB, 0xBF}, text...)
	case 1, 2:
		var order binary.AppendByteOrder = binary.LittleEndian
		if g.yes() {
			order = binary.BigEndian
		}
		var b []byte
		for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	return []byte(text)
}

// runs is the number of files of all formats, or that of the environment.
func runs(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("INVENTORY_FILES"))
	if err != nil {
		n = 250
	}
	return n
}

// GP-GATE-14: a generated file of any format, in any encoding, has exactly the packages that
// were written into it.
func TestGenerated(t *testing.T) {
	made := map[string]int{}
	for i := range runs(t) {
		g := &generator{rand.New(rand.NewPCG(1, uint64(i)))}
		m := makers[i%len(makers)]
		s := m.make(g)
		if Format(s.name) != m.format {
			t.Fatalf("%s is read as %q, not as %q", s.name, Format(s.name), m.format)
		}
		content := g.encode(s)
		all, err := s.read(content)
		slices.Sort(s.want)
		want := slices.Compact(append([]string{}, s.want...))
		if diff := cmp.Diff(want, entries(all)); diff != "" || err != nil {
			t.Errorf("seed %d, %s: %v\n-want +got:\n%s\n%.2000q", i, s.name, err, diff, content)
		}
		for _, p := range all {
			if lines := bytes.Count(content, []byte("\n")) + 1; p.Line < 1 || p.Line > lines {
				t.Errorf("seed %d, %s: %s is on line %d of %d", i, s.name, p.Name, p.Line, lines)
			}
		}
		made[m.format]++
	}
	for _, f := range formats {
		if made[f.name] == 0 {
			t.Errorf("no file of the format %s was made", f.name)
		}
	}
}

// GP-GATE-14: a file that was cut or damaged is an error unless it has every package. A cut
// file of a format without an end mark has the packages of its whole lines.
func TestDamaged(t *testing.T) {
	cut, damaged := 0, 0
	for i := range runs(t) {
		g := &generator{rand.New(rand.NewPCG(2, uint64(i)))}
		m := makers[i%len(makers)]
		s := m.make(g)
		if len(s.want) == 0 {
			continue
		}
		slices.Sort(s.want)
		text := strings.TrimRight(s.text, "\n")
		at := g.IntN(len(text))
		switch {
		case s.lines:
			at = strings.LastIndexByte(text[:at], '\n') + 1
		case s.open != "":
			at = max(0, strings.LastIndex(text[:at], s.open))
		}
		all, err := s.read([]byte(text[:at]))
		if lost := without(s.want, entries(all)); len(lost) > 0 && err == nil {
			if !s.lines || len(without(entries(all), s.want)) > 0 {
				t.Errorf("seed %d, %s cut at %d of %d: no error, and lost %q\n%s", i, s.name, at, len(text), lost, text[:at])
			}
		}
		cut++
		for _, bad := range []string{"\x00", "\xff", "\x00\x00\x00\x00", "\n<<<<<<< HEAD\n", "\xc3("} {
			at := g.IntN(len(text))
			content := text[:at] + bad + text[min(len(text), at+len(bad)):]
			if all, err := s.read([]byte(content)); err == nil {
				t.Errorf("seed %d, %s with %q at %d: %d packages and no error", i, s.name, bad, at, len(all))
			}
			damaged++
		}
	}
	t.Logf("%d files were cut, %d were damaged", cut, damaged)
}

// without returns what is in a and not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
