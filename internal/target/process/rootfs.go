package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// errOutside reports a link to a file outside the image.
var errOutside = errors.New("the path leads outside the image")

// inside returns a path in an image relative to the image's root: "/usr/bin" becomes
// "usr/bin", and the root becomes ".".
func inside(name string) string {
	if p := path.Clean("/" + name)[1:]; p != "" {
		return p
	}
	return "."
}

// resolve follows the symbolic links in name, a path in the image. The resulting path
// has no links and need not exist. Unpacking has made every link relative.
func resolve(root *os.Root, name string) (string, error) {
	const most = 40 // the limit of Linux
	done, links := ".", 0
	for todo := strings.Split(inside(name), "/"); len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if done == "." {
				return "", fmt.Errorf("cannot follow %s: %w", name, errOutside)
			}
			done = path.Dir(done)
			continue
		}
		next := path.Join(done, part)
		fi, err := root.Lstat(next)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if err != nil || fi.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		to, err := root.Readlink(next)
		if err != nil {
			return "", err
		}
		if links++; links > most {
			return "", fmt.Errorf("cannot follow %s: too many symbolic links", name)
		}
		if path.IsAbs(to) {
			return "", fmt.Errorf("cannot follow %s: %w", name, errOutside)
		}
		todo = append(strings.Split(to, "/"), todo...)
	}
	return done, nil
}

// lookup resolves a path of the image to an existing file or folder.
func lookup(root *os.Root, name string) (string, fs.FileInfo, error) {
	p, err := resolve(root, name)
	if err != nil {
		return "", nil, err
	}
	fi, err := root.Lstat(p)
	return p, fi, err
}
