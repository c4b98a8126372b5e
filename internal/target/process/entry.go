package process

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// hostFiles are absolute link targets that have the same meaning on the host. Images use
// such links for their log files.
var hostFiles = []string{"/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/proc/self/fd/1", "/proc/self/fd/2"}

// entry unpacks one entry of a layer.
func (u *unpacker) entry(h *tar.Header, content io.Reader) error {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	// path.Clean would make a path such as a/../../b harmless: refuse it instead.
	if rel := path.Clean(strings.TrimLeft(h.Name, "/")); rel == ".." || strings.HasPrefix(rel, "../") {
		return hostile(h, "leaves the image")
	}
	name := inside(h.Name)
	if name == "." {
		return nil
	}
	hidden, whiteout := strings.CutPrefix(path.Base(name), ".wh.")
	parent, err := u.folder(path.Dir(name), !whiteout)
	if err != nil {
		return hostile(h, err.Error())
	}
	if whiteout {
		clear(u.dirs)
		return u.whiteout(h, parent, hidden)
	}
	name = path.Join(parent, path.Base(name))
	u.keep(name)
	fi, err := u.root.Lstat(name)
	if err == nil && (h.Typeflag != tar.TypeDir || !fi.IsDir()) {
		clear(u.dirs)
		err = u.root.RemoveAll(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot replace %s: %w", name, err)
	}
	if err := u.write(h, name, content); err != nil {
		if r := (*target.Refusal)(nil); errors.As(err, &r) {
			return err
		}
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return nil
}

// folder returns the path of a folder with its symbolic links resolved. If create is
// true, it creates a missing folder.
func (u *unpacker) folder(name string, create bool) (string, error) {
	if dir, ok := u.dirs[name]; ok {
		return dir, nil
	}
	dir, err := resolve(u.root, name)
	if err != nil || !create {
		return dir, err
	}
	if err := u.root.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	u.dirs[name] = dir
	return dir, nil
}

// write creates the entry h at name. The only thing that may already exist there is a
// folder. The setuid and setgid bits are removed, because root in the image is not root
// on this machine. Folders are made writable for their owner, so that they can be
// removed later.
func (u *unpacker) write(h *tar.Header, name string, content io.Reader) error {
	mode := h.FileInfo().Mode().Perm()
	switch h.Typeflag {
	case tar.TypeDir:
		if err := u.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return u.root.Chmod(name, mode|0o700)
	case tar.TypeReg, tar.TypeGNUSparse:
		if u.left.bytes -= h.Size; u.left.bytes < 0 { // a small sparse file may unpack to a large one
			return tooLarge()
		}
		f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		if err = errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
			return err
		}
		return u.root.Chtimes(name, h.ModTime, h.ModTime)
	case tar.TypeSymlink:
		return u.symlink(h, name)
	case tar.TypeLink:
		return u.hardlink(h, name)
	}
	return hostile(h, fmt.Sprintf("is not a file, folder or link (type %q)", h.Typeflag))
}

// symlink creates a symbolic link. It makes an absolute target relative, because the
// target refers to the image's root, but the host's kernel would resolve it from the
// root of the host.
func (u *unpacker) symlink(h *tar.Header, name string) error {
	to := h.Linkname
	if slices.Contains(hostFiles, to) {
		return u.root.Symlink(to, name)
	}
	if path.IsAbs(to) {
		rel, err := filepath.Rel(path.Dir(name), inside(to))
		if err != nil {
			return err
		}
		return u.root.Symlink(filepath.ToSlash(rel), name)
	}
	if p := path.Join(path.Dir(name), to); p == ".." || strings.HasPrefix(p, "../") {
		return hostile(h, fmt.Sprintf("links to %q, outside the image", to))
	}
	return u.root.Symlink(to, name)
}

func (u *unpacker) hardlink(h *tar.Header, name string) error {
	if p := path.Clean(strings.TrimLeft(h.Linkname, "/")); p == ".." || strings.HasPrefix(p, "../") {
		return hostile(h, fmt.Sprintf("links to %q, outside the image", h.Linkname))
	}
	dir, err := resolve(u.root, path.Dir(inside(h.Linkname)))
	if err != nil {
		return hostile(h, err.Error())
	}
	err = u.root.Link(path.Join(dir, path.Base(h.Linkname)), name)
	if errors.Is(err, fs.ErrNotExist) {
		return hostile(h, fmt.Sprintf("links to %q, which the image does not have", h.Linkname))
	}
	return err
}

func hostile(h *tar.Header, what string) error {
	return refuse(fmt.Sprintf("the image's entry %q %s", clean(h.Name), what), "build the image without it")
}
