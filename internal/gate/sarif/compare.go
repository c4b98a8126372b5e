package sarif

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// maxPathspec is how many bytes of paths git is given. Of more it shows the whole
// change.
const maxPathspec = 64 << 10

var commitID = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// compare marks what the base has too. There are no results for the base: what
// lies in a file of the base, and on no line that the change touched, was there.
// Everything else counts as new: what has no place, and what is in a file that
// git does not know.
func compare(ctx context.Context, in gate.Input, hits []hit) error {
	if !commitID.MatchString(in.Base) {
		return errors.New("the base is no full commit id")
	}
	paths := map[string]bool{}
	for i, h := range hits {
		hits[i].Status = report.New
		if h.here {
			paths[h.At.Path] = true
			for _, t := range h.touches {
				paths[t.path] = true
			}
		}
	}
	if len(paths) == 0 {
		return nil
	}
	before := map[string]bool{}
	err := git(ctx, in.Dir, func(r io.Reader) error { return tree(r, before) }, "ls-tree", "-r", "-z", "--full-tree", in.Base)
	if err != nil {
		return err
	}
	args := []string{"diff", "-U0", "--no-ext-diff", "--no-textconv", "--no-renames", "--text", "--full-index", "--no-color", "--no-relative",
		"--inter-hunk-context=0", "--ignore-submodules=all", "--src-prefix=a/", "--dst-prefix=b/", in.Base, "--"}
	names, length := slices.Sorted(maps.Keys(paths)), 0
	for _, n := range names {
		length += len(n) + 1
	}
	if length <= maxPathspec {
		args = append(args, names...)
	}
	changed := map[string][]span{}
	err = git(ctx, in.Dir, func(r io.Reader) error {
		return hunks(r, func(s span) {
			if paths[s.path] {
				changed[s.path] = append(changed[s.path], s)
			}
		})
	}, args...)
	if err != nil {
		return err
	}
	for i := range hits {
		h := &hits[i]
		own := span{h.At.Path, h.At.Line, h.end}
		if h.here && before[h.At.Path] && !slices.ContainsFunc(append(h.touches, own), func(s span) bool { return touched(changed[s.path], s) }) {
			h.Status = report.Known
		}
	}
	return nil
}

// touched reports whether the lines, or the file when there are none, meet what
// changed. The changes are in the order of a diff.
func touched(changed []span, s span) bool {
	if s.first == 0 {
		return len(changed) > 0
	}
	i, _ := slices.BinarySearchFunc(changed, s.first, func(c span, line int) int { return cmp.Compare(c.last, line) })
	return i < len(changed) && changed[i].first <= s.last
}

// tree reads `git ls-tree -r -z` and notes the regular files.
func tree(r io.Reader, files map[string]bool) error {
	in := bufio.NewReader(r)
	for {
		entry, err := in.ReadString(0)
		if err == io.EOF && entry == "" {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list ends early: %w", err)
		}
		about, name, ok := strings.Cut(strings.TrimSuffix(entry, "\x00"), "\t")
		if !ok {
			return errors.New("list has an entry without a name")
		}
		if strings.HasPrefix(about, "100") { // neither link nor submodule
			files[name] = true
		}
	}
}

// git runs git without any configuration but the repository's own. It asks and
// fetches nothing, and does not look for a repository above dir. The checkout may
// belong to another user: in a container it always does.
func git(ctx context.Context, dir string, read func(io.Reader) error, args ...string) error {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", real, "--literal-pathspecs", "-c", "safe.directory=" + real, "-c", "core.fsmonitor=false"}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_ATTR_NOSYSTEM=1",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_CEILING_DIRECTORIES=" + filepath.Dir(real)}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start git %s: %w", args[0], err)
	}
	readErr := read(out)
	if readErr != nil {
		cancel()
	}
	err = cmd.Wait()
	if readErr != nil {
		return fmt.Errorf("read git %s: %w", args[0], readErr)
	}
	if err != nil {
		return fmt.Errorf("run git %s: %w: %s (a shallow checkout lacks the base: use fetch-depth: 0)", args[0], err, oneLine(stderr.String(), 300))
	}
	return nil
}
