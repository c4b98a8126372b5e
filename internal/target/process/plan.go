package process

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// imagePath is the PATH for an image that sets none.
const imagePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// plan describes how an image runs on this machine. The program, PATH, and arguments
// that are absolute paths of the image are mapped to the folder with the image's
// files. Paths in variables, in files or inside other arguments are not mapped.
type plan struct {
	root   *os.Root
	rootfs string   // path of root
	image  []string // the image's PATH, in paths of the image
	search string   // PATH: the image's folders, then the host's
	host   string   // the host's PATH
	run    run
	notes  []string
}

// newPlan returns how to run the image in rootfs, or a refusal if this target cannot run
// it.
func newPlan(rootfs string, cfg *v1.ConfigFile, host string) (*plan, error) {
	root, err := os.OpenRoot(rootfs)
	if err != nil {
		return nil, fmt.Errorf("cannot open the image's files: %w", err)
	}
	defer root.Close()
	p := &plan{root: root, rootfs: rootfs, host: host}
	p.paths(cfg.Config.Env)
	if err := p.workdir(cfg.Config.WorkingDir); err != nil {
		return nil, err
	}
	argv := slices.Concat(cfg.Config.Entrypoint, cfg.Config.Cmd)
	if err := p.program(argv[0], cfg.Config.WorkingDir); err != nil {
		return nil, err
	}
	for _, arg := range argv[1:] {
		if path.IsAbs(arg) && path.Clean(arg) != "/" {
			if _, _, err := lookup(root, arg); err == nil {
				arg = p.on(arg)
			}
		}
		p.run.Argv = append(p.run.Argv, arg)
	}
	return p, nil
}

// on returns the path on the host of a path in the image.
func (p *plan) on(name string) string { return filepath.Join(p.rootfs, inside(name)) }

func (p *plan) paths(env []string) {
	list := imagePath
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok && v != "" {
			list = v
		}
	}
	var search []string
	for dir := range strings.SplitSeq(list, ":") {
		if dir == "" {
			continue
		}
		p.image = append(p.image, dir)
		if _, fi, err := lookup(p.root, dir); err == nil && fi.IsDir() {
			search = append(search, p.on(dir))
		}
	}
	p.search = strings.Join(append(search, p.host), ":")
}

// workdir creates the image's working directory, as a container runtime does.
func (p *plan) workdir(name string) error {
	dir, err := resolve(p.root, name)
	if err == nil {
		err = p.root.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return refuse(fmt.Sprintf("the image's working directory %q cannot be used (%v)", name, err), "set WORKDIR in its Dockerfile to a directory of the image")
	}
	p.run.Dir = filepath.Join(p.rootfs, dir)
	return nil
}

// program finds the program to run by its path, or by its name first in the image and
// then on the host.
func (p *plan) program(name, workdir string) error {
	if strings.Contains(name, "/") {
		in := name
		if !path.IsAbs(name) {
			in = path.Join("/", workdir, name)
		}
		p.run.Path = p.on(in)
		p.run.Argv = []string{p.run.Path}
		return p.inspect(in)
	}
	p.run.Argv = []string{name}
	if in, ok := p.inImage(name); ok {
		p.run.Path = p.on(in)
		return p.inspect(in)
	}
	host, err := p.onHost(name)
	if err != nil {
		return refuse(fmt.Sprintf("%s is neither in the image nor on this machine", name), "add it to the image, or install it here")
	}
	p.run.Path = host
	p.noteHost(name, host)
	return nil
}

func (p *plan) noteHost(name, host string) {
	p.notes = append(p.notes, fmt.Sprintf("%s is the host's %s, because the image does not contain it: other targets need it in the image", name, host))
}

// inImage looks a program up in the image's PATH.
func (p *plan) inImage(name string) (string, bool) {
	for _, dir := range p.image {
		in := path.Join(dir, name)
		if _, fi, err := lookup(p.root, in); err == nil && runnable(fi) {
			return in, true
		}
	}
	return "", false
}

// onHost looks a program up in the host's PATH.
func (p *plan) onHost(name string) (string, error) {
	for _, dir := range filepath.SplitList(p.host) {
		file := filepath.Join(dir, name)
		if fi, err := os.Stat(file); err == nil && runnable(fi) && filepath.IsAbs(file) {
			return file, nil
		}
	}
	return "", exec.ErrNotFound
}

func runnable(fi fs.FileInfo) bool { return fi.Mode().IsRegular() && fi.Mode()&0o111 != 0 }
