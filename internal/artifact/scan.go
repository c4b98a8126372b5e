package artifact

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// entry is one file, folder or link of the packed folder.
type entry struct {
	fs.FileInfo
	name string // slash-separated, relative
	link string // target of a symbolic link
}

// scan lists the entries to pack, sorted by name. Its error names every entry that
// cannot be packed.
func scan(root *os.Root, o PackOptions) ([]entry, error) {
	var all []entry
	var problems []string
	fsys := root.FS()
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name == "." {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		e := entry{FileInfo: info, name: name}
		switch mode := info.Mode(); {
		case d.Name() == ".git":
			problems = append(problems, name+" is a git directory: pack a folder that the build makes, not the repository")
			if mode.IsDir() {
				return fs.SkipDir
			}
		case strings.HasPrefix(d.Name(), ".wh."):
			problems = append(problems, name+" would delete files when the image is unpacked (names that begin with .wh.): leave it out")
		case mode.IsDir():
		case mode.IsRegular():
			if o.MaxFile > 0 && info.Size() > o.MaxFile {
				problems = append(problems, fmt.Sprintf("%s is %s, over the limit of %s: leave it out of the folder, or increase artifact.max-size",
					name, humanize.Bytes(uint64(info.Size())), humanize.Bytes(uint64(o.MaxFile))))
			}
			if pointer, err := IsPointer(root, name); err != nil {
				return err
			} else if pointer {
				problems = append(problems, name+" is a pointer of Git LFS, and its content is not in this checkout: check out with lfs: true, or run git lfs pull before the build")
			}
		case mode&fs.ModeSymlink != 0:
			if e.link, err = root.Readlink(name); err != nil {
				return err
			}
			if escapes(name, e.link) {
				problems = append(problems, fmt.Sprintf("%s is a symbolic link to %q, outside the folder: copy the file instead", name, e.link))
			}
		default:
			problems = append(problems, fmt.Sprintf("%s is a %s: an image holds files, folders and links", name, kindOf(mode)))
		}
		all = append(all, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot pack %s: %w", o.Dir, err)
	}
	if len(all) == 0 {
		problems = append(problems, "the folder is empty: the build command must write its result to this folder")
	}
	if len(problems) > 0 {
		return nil, report.Usage("cannot pack " + o.Dir + ":\n  " + strings.Join(problems, "\n  "))
	}
	return all, nil
}

// IsPointer reports whether a file is what Git LFS stores in place of a large one.
func IsPointer(root *os.Root, name string) (bool, error) {
	const head = "version https://git-lfs.github.com/spec/"
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() < int64(len(head)) || info.Size() > 1024 {
		return false, err
	}
	b, err := root.ReadFile(name)
	return strings.HasPrefix(string(b), head), err
}

// escapes reports whether a link's target is outside the folder; only the text of the
// target is checked. An absolute target is outside: in the image it is relative to the
// image's root, but on this machine it is another file.
func escapes(name, link string) bool {
	if path.IsAbs(link) {
		return true
	}
	to := path.Join(path.Dir(name), link)
	return to == ".." || strings.HasPrefix(to, "../")
}

func kindOf(m fs.FileMode) string {
	switch {
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeNamedPipe != 0:
		return "named pipe"
	case m&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}
