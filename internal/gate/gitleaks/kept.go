package gitleaks

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/files"
)

// kept is what earlier runs know: the commits whose lines contain no secret, and the
// files that contain none. It never contains a secret, a path or a position, because
// what has a secret is examined again in every run. Commits and files are identified by
// their content, so nothing about them can change but the rules, which are part of the
// name of the file that kept is stored in.
type kept struct {
	file string // "": nothing is kept

	mu    sync.Mutex
	clean map[string]string   // commit or textID → digests of the files in it that cannot be read, see note
	dirty map[string]bool     // commits with a secret
	done  map[string]int      // commit or textID → passes that examined it completely
	equal map[string][]string // commit → files that are the same in the tree
	notes map[string][]string // commit → notes about its files
}

const (
	mostKept = 500_000 // lines of one file, of about 30 MB
	headKept = "goldenpath: commits and files that contain no secret\n"
)

// newKept reads what is kept in a folder under the rules and settings of this run. A file
// that is damaged counts as empty.
func newKept(databases string, exclude []string) *kept {
	k := &kept{clean: map[string]string{}, dirty: map[string]bool{}, done: map[string]int{}, equal: map[string][]string{}, notes: map[string][]string{}}
	if databases == "" {
		return k
	}
	k.file = filepath.Join(databases, "history", rulesDigest(exclude)+".txt")
	b, err := os.ReadFile(k.file)
	body, ok := bytes.CutPrefix(b, []byte(headKept))
	if err != nil || !ok {
		return k
	}
	for line := range bytes.Lines(body) {
		id, notes, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		if !bytes.HasSuffix(line, []byte("\n")) || !commitLine.MatchString(id) {
			clear(k.clean)
			return k
		}
		k.clean[id] = notes
	}
	return k
}

// rulesDigest identifies the rules, the program that applies them and the settings.
func rulesDigest(exclude []string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q%q%q", tokenRules, fileRules, exclude)
	if info, ok := debug.ReadBuildInfo(); ok {
		fmt.Fprint(h, info)
	}
	if name, err := os.Executable(); err == nil {
		if info, err := os.Stat(name); err == nil {
			fmt.Fprint(h, info.Size(), info.ModTime().UnixNano())
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// textID identifies a text, and what decides which rules apply to it.
func textID(p piece) string {
	h := sha256.New()
	fmt.Fprintf(h, "%t %q %s", p.binary, p.path, p.text)
	return hex.EncodeToString(h.Sum(nil))
}

// unknown returns the commits that must be examined. Files that could not be read in the
// others are counted as in the run that examined them.
func (k *kept) unknown(commits []string, left *counts) []string {
	var out []string
	for _, id := range commits {
		notes, ok := k.clean[id]
		if !ok {
			out = append(out, id)
			continue
		}
		for n := range strings.FieldsSeq(notes) {
			left.noted(n)
		}
	}
	return out
}

// examined records that one pass examined these commits completely.
func (k *kept) examined(commits []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, id := range commits {
		k.done[id]++
	}
}

// found records that a commit has a secret.
func (k *kept) found(commit string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dirty[commit] = true
}

// same records that a file of a commit was not examined because the tree has the same.
func (k *kept) same(commit, path string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.equal[commit] = append(k.equal[commit], path)
}

// note records what must be counted in later runs.
func (k *kept) note(commit, note string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.Contains(k.notes[commit], note) {
		k.notes[commit] = append(k.notes[commit], note)
	}
}

// save adds the commits and files that this run found to be clean. passes is how many passes
// examine a commit, and leaky has the files of the tree with a secret. Without the file
// the next run is only slower, so an error is not reported.
func (k *kept) save(passes func(commit string) int, leaky map[string]bool) {
	if k.file == "" || len(k.done) == 0 {
		return
	}
	for id, n := range k.done {
		if n >= passes(id) && !k.dirty[id] && !slices.ContainsFunc(k.equal[id], func(path string) bool { return leaky[path] }) {
			k.clean[id] = strings.Join(k.notes[id], " ")
		}
	}
	if len(k.clean) > mostKept {
		maps.DeleteFunc(k.clean, func(id, _ string) bool { return k.done[id] == 0 })
	}
	if os.MkdirAll(filepath.Dir(k.file), 0o755) != nil {
		return
	}
	err := files.WriteWith(k.file, 0o600, func(out io.Writer) error {
		w := bufio.NewWriter(out)
		_, _ = w.WriteString(headKept) // Flush returns its error
		for _, id := range slices.Sorted(maps.Keys(k.clean)) {
			_, _ = w.WriteString(strings.TrimRight(id+" "+k.clean[id], " ") + "\n")
		}
		return w.Flush()
	})
	if err != nil {
		return
	}
	// After an update the files of older rules and programs are not read again.
	old, _ := filepath.Glob(filepath.Join(filepath.Dir(k.file), "*.txt"))
	slices.SortFunc(old, func(a, b string) int { return modified(b).Compare(modified(a)) })
	for _, name := range old[min(len(old), 4):] {
		_ = os.Remove(name)
	}
}

func modified(name string) time.Time {
	info, err := os.Stat(name)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
