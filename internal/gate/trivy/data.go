package trivy

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/files"
)

var absentData = omission{"file that a function of Terraform reads and that is not in the repository", "files that functions of Terraform read and that are not in the repository"}

var (
	// fileCall matches the call of a function that reads files, and the path if it is a
	// literal.
	fileCall = regexp.MustCompile(`\b(?:(?:template)?file|file(?:set|exists|base64|md5|sha\d+|base64sha\d+))\(\s*(?:"(?:\$\{path\.(?:module|root|cwd)\}/)?([^"$%]*)")?`)
	// above matches the literal begin of a path out of the folder of the module.
	above = regexp.MustCompile(`"(?:\$\{path\.(?:module|root|cwd)\}/)?(?:\./)?(\.\./[^"$%]*)`)
)

// Limits of the files that functions of Terraform may read, in bytes and in number.
const (
	maxData      = 1 << 20
	maxAllData   = 20 << 20
	maxDataFiles = 2_000
)

// addData adds the files that functions such as file and templatefile may read: those in
// the folder of a module that calls one, and what a literal path out of it names. It
// returns the number of literal paths without a file.
func (m *modules) addData(root *os.Root, all *memoryFiles) (absent int, err error) {
	data := map[string][]byte{}
	size := 0
	add := func(name string) {
		if _, ok := data[name]; ok || len(data) >= maxDataFiles || size > maxAllData || isModule(name) {
			return
		}
		if info, err := root.Lstat(name); err == nil && info.Mode().IsRegular() && info.Size() <= maxData {
			if text, err := files.Read(root, name, maxData); err == nil {
				data[name] = text
				size += len(text)
			}
		}
	}
	walk := func(dir string) {
		_ = fs.WalkDir(root.FS(), dir, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || d.IsDir() && slices.Contains([]string{".git", ".terraform", "node_modules"}, d.Name()), len(data) >= maxDataFiles:
				return fs.SkipDir
			case d.Type().IsRegular():
				add(name)
			}
			return nil
		})
	}
	var dirs []string
	literal := map[string]bool{}
	for name, text := range m.texts {
		calls := fileCall.FindAllSubmatch(text, -1)
		if calls == nil || !isModule(name) {
			continue
		}
		dir := path.Dir(name)
		for _, call := range calls {
			at := path.Join(dir, string(call[1]))
			if len(call[1]) == 0 || bytes.HasPrefix(call[0], []byte("fileset")) {
				continue
			}
			for up := dir; bytes.Contains(call[0], []byte("path.root")) && data[at] == nil && up != "."; up = path.Dir(up) {
				add(at)
				if data[at] == nil {
					at = path.Join(path.Dir(up), string(call[1]))
				}
			}
			add(at)
			literal[at] = true
		}
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
			walk(dir)
		}
		for _, found := range above.FindAllSubmatch(text, -1) {
			at := path.Join(dir, string(found[1]))
			if info, err := root.Lstat(at); err == nil && info.IsDir() && at != "." {
				walk(at)
			} else {
				add(at)
			}
		}
	}
	for name := range literal {
		if _, err := root.Lstat(name); err != nil {
			absent++
		}
	}
	for name, text := range data {
		if err := all.add(name, text); err != nil {
			return 0, err
		}
		// The library joins the folder of the module with path.module, which begins with
		// that folder too.
		for _, dir := range dirs {
			if err := all.add(path.Join(dir, name), text); err != nil && dir != "." {
				return 0, err
			}
		}
	}
	return absent, nil
}

var templateCall = omission{"call of templatefile", "calls of templatefile"}

// templates counts the calls of a function that the library does not have.
func (m *modules) templates() (n int) {
	for name, text := range m.texts {
		if isModule(name) {
			n += bytes.Count(text, []byte("templatefile("))
		}
	}
	return n
}

// isData reports whether a file may be one that a function of Terraform reads.
func isData(name string) bool {
	return slices.Contains([]string{".cfg", ".conf", ".csv", ".ini", ".json", ".policy", ".sh", ".tftpl", ".tmpl", ".toml", ".tpl", ".txt", ".yaml", ".yml"}, strings.ToLower(path.Ext(name)))
}
