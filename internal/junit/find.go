package junit

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Find lists the files that glob patterns match, each once, in the order of the
// patterns and then by name. A pattern is absolute or relative to dir; ** matches any
// number of folders and does not follow symbolic links. unmatched are the patterns
// that match no file. A malformed pattern, and a folder or link that cannot be read,
// is a usage error.
func Find(dir string, patterns ...string) (files, unmatched []string, err error) {
	for _, pattern := range patterns {
		if strings.TrimSpace(pattern) == "" {
			continue
		}
		base, rest, err := split(dir, pattern)
		if err != nil {
			return nil, nil, fmt.Errorf("cannot find %s: %w", pattern, err)
		}
		names, err := match(os.DirFS(base), rest)
		if err != nil {
			return nil, nil, err
		}
		if len(names) == 0 {
			unmatched = append(unmatched, pattern)
		}
		for _, name := range names {
			if file := filepath.Join(base, filepath.FromSlash(name)); !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	return files, unmatched, nil
}

// split turns a pattern into an absolute folder and a pattern relative to that folder.
func split(dir, pattern string) (base, rest string, err error) {
	rest = path.Clean(filepath.ToSlash(strings.TrimSpace(pattern)))
	if path.IsAbs(rest) {
		return "/", strings.TrimPrefix(rest, "/"), nil
	}
	if base, err = filepath.Abs(dir); err != nil {
		return "", "", err
	}
	for strings.HasPrefix(rest+"/", "../") {
		base, rest = filepath.Dir(base), path.Clean(strings.TrimPrefix(rest[len(".."):], "/"))
	}
	return base, rest, nil
}

// match lists the files that one pattern matches, sorted. A folder that cannot be read
// is an error, because it may contain a report.
func match(fsys fs.FS, pattern string) ([]string, error) {
	if !doublestar.ValidatePattern(pattern) {
		return nil, report.Usage(fmt.Sprintf("junit: %q is not a valid glob pattern; * ? [ ] { } and ** are special, \\ makes them plain", pattern))
	}
	if base, _ := doublestar.SplitPattern(pattern); !fs.ValidPath(base) {
		return nil, nil // outside the folder
	}
	all, err := doublestar.Glob(fsys, pattern, doublestar.WithNoFollow(), doublestar.WithFailOnIOErrors())
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("junit: cannot search %s: %v; use a pattern that leads only to reports", pattern, err))
	}
	var files []string
	for _, name := range all {
		info, err := fs.Stat(fsys, name)
		if err != nil { // a link that leads out of the folder, or nowhere
			return nil, report.Usage(fmt.Sprintf("junit: %v; remove the link, or use a pattern that leads only to reports", err))
		}
		if !info.IsDir() {
			files = append(files, name)
		}
	}
	slices.Sort(files)
	return files, nil
}
