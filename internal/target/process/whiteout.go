package process

import (
	"archive/tar"
	"errors"
	"io/fs"
	"path"
	"strings"
)

// keep records that this layer wrote a path, so that a whiteout in the same layer does
// not remove it.
func (u *unpacker) keep(name string) {
	for ; name != "." && !u.mine[name]; name = path.Dir(name) {
		u.mine[name] = true
	}
}

// whiteout removes a file that a lower layer wrote. An opaque whiteout removes
// everything that lower layers wrote into a folder.
func (u *unpacker) whiteout(h *tar.Header, parent, hidden string) error {
	switch {
	case hidden == ".wh..opq":
		return u.empty(parent)
	case strings.HasPrefix(hidden, ".wh."): // internal to a union file system
		return nil
	case hidden == "" || hidden == "." || hidden == "..":
		return hostile(h, "removes a file outside its folder")
	}
	if name := path.Join(parent, hidden); !u.mine[name] {
		return u.root.RemoveAll(name)
	}
	return nil
}

func (u *unpacker) empty(dir string) error {
	entries, err := fs.ReadDir(u.root.FS(), dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, f := range entries {
		name := path.Join(dir, f.Name())
		switch {
		case !u.mine[name]:
			err = u.root.RemoveAll(name)
		case f.IsDir():
			err = u.empty(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
