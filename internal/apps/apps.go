// Package apps finds the apps of a repository: the folders that have a .goldenpath.yml.
package apps

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// App is one app of a repository.
type App struct {
	Name   string `json:"app"`    // of its configuration
	Folder string `json:"folder"` // slash-separated, relative to the top of the repository; "": the top

	image string // repository of its image
}

// File is the app's configuration, relative to the top of the repository.
func (a App) File() string { return path.Join(a.Folder, config.File) }

// All are the apps of a repository, sorted by folder.
type All []App

// foreign are folders of fixtures and of third-party code. A configuration in them is not
// an app's.
var foreign = []string{"testdata", "fixtures", "__fixtures__", "node_modules", "vendor", "third_party"}

// List returns the apps of a commit. It is an error if two apps have one name: their
// releases would be mixed up.
func List(ctx context.Context, r git.Repository, commit string) (All, error) {
	var all All
	err := r.Stream(ctx, nil, func(out io.Reader) error {
		lines := bufio.NewReader(out)
		for {
			name, err := lines.ReadString(0)
			if name = strings.TrimSuffix(name, "\x00"); IsFile(name) {
				all = append(all, App{Folder: folderOf(name)})
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}, "ls-tree", "-r", "-z", "--full-tree", "--name-only", commit)
	if err != nil {
		return nil, fmt.Errorf("cannot list the apps of commit %.7s: %w", commit, err)
	}
	for i, a := range all {
		b, err := r.Output(ctx, nil, "cat-file", "blob", commit+":"+a.File())
		if err != nil {
			return nil, fmt.Errorf("cannot read %s in commit %.7s: %w", a.File(), commit, err)
		}
		f := read(b)
		all[i].Name = f.name(a.Folder)
		all[i].image = cmp.Or(f.Artifact.Image, all[i].Name)
	}
	slices.SortFunc(all, func(a, b App) int { return strings.Compare(a.Folder, b.Folder) })
	return all, all.distinct()
}

// IsFile reports whether a file of a commit is the configuration of an app.
func IsFile(name string) bool {
	return path.Base(name) == config.File && !slices.ContainsFunc(strings.Split(path.Dir(name), "/"), func(part string) bool { return slices.Contains(foreign, part) })
}

func folderOf(name string) string {
	if dir := path.Dir(name); dir != "." {
		return dir
	}
	return ""
}

func (all All) distinct() error {
	names, images := map[string]App{}, map[string]App{}
	for _, a := range all {
		if b, ok := names[a.Name]; ok {
			return report.Usage(fmt.Sprintf("%s and %s have the same app: %s: each app of a repository needs its own name, because releases, images and previews are found by it", b.File(), a.File(), a.Name))
		}
		if b, ok := images[a.image]; ok {
			return report.Usage(fmt.Sprintf("%s and %s have the same artifact.image: %s: each app of a repository needs its own, because the tags of both would be the same", b.File(), a.File(), a.image))
		}
		names[a.Name], images[a.image] = a, a
	}
	return nil
}

// Name returns the name of the app in a configuration, which may be invalid. An app without
// a name has the one of its folder.
func Name(configuration []byte, folder string) string { return read(configuration).name(folder) }

// file is what apps need to know about a configuration.
type file struct {
	App      string `yaml:"app"`
	Artifact struct {
		Image string `yaml:"image"`
	} `yaml:"artifact"`
}

// read reads a configuration, of which nothing is known if it is not valid YAML.
func read(configuration []byte) (f file) {
	if yaml.Unmarshal(configuration, &f) != nil {
		return file{}
	}
	return f
}

func (f file) name(folder string) string {
	if config.ValidApp(f.App) {
		return f.App
	}
	name := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(folder)), "-")
	if name = strings.Trim(name[max(0, len(name)-40):], "-"); name == "" {
		return "repository"
	}
	return name
}

// At returns the folder of the app to which dir belongs: the nearest folder upward, within
// the working tree top, that has a configuration. It returns "" for the app at the top, and
// also if there is none.
func At(top, dir string) (string, error) {
	folder, err := Below(top, dir)
	for ; err == nil && folder != ""; folder = folderOf(folder) {
		if _, err := os.Lstat(filepath.Join(top, filepath.FromSlash(folder), config.File)); err == nil {
			return folder, nil
		}
	}
	return "", err
}

// Below returns the path of a folder in the working tree top, slash-separated. It returns ""
// for top itself, and for a folder elsewhere.
func Below(top, dir string) (string, error) {
	top, err := filepath.EvalSymlinks(top)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.Abs(dir); err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(top, dir)
	if err != nil || !filepath.IsLocal(rel) || rel == "." {
		return "", nil
	}
	return filepath.ToSlash(rel), nil
}

// Check returns an error unless the working tree top has an app in a folder.
func Check(top, folder string) error {
	if !filepath.IsLocal(folder) || path.Clean(folder) != folder || folder == "." {
		return fmt.Errorf("%q is not a folder such as apps/web, relative to the top of the repository", folder)
	}
	if info, err := os.Lstat(filepath.Join(top, filepath.FromSlash(folder), config.File)); err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("%s has no file %s in this checkout", folder, config.File)
	}
	return nil
}

// Others returns the folders of the other apps, whose files do not concern the app in a
// folder. An app that contains the folder is not one of them: its files are shared, like
// all that belong to no app.
func (all All) Others(folder string) []string {
	var others []string
	for _, a := range all {
		if a.Folder != "" && a.Folder != folder && !strings.HasPrefix(folder, a.Folder+"/") {
			others = append(others, a.Folder)
		}
	}
	return others
}

// Within reports whether a slash-separated path is in one of the folders.
func Within(name string, folders []string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool { return strings.HasPrefix(name, folder+"/") })
}

// Missing returns the error of a command that needs an app and was started where there is
// none: a config.ErrMissing that lists the apps. It returns nil if the repository has none.
func (all All) Missing() error {
	if len(all) == 0 {
		return nil
	}
	var b strings.Builder
	for _, a := range all {
		fmt.Fprintf(&b, "\n  %-20s %s", cmp.Or(a.Folder, "."), a.Name)
	}
	first := cmp.Or(all[0].Folder, ".")
	return fmt.Errorf("%w in this folder; the apps of this repository are in:%s\n  try: cd %s, or the same command with --repo %[3]s", config.ErrMissing, b.String(), first)
}
