package stage

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// absentCheck names what the commit has and the checkout lacks: submodules that are empty
// folders, and files of Git LFS that are pointers. The build used the rest, and what it made
// may not need them.
func (j *Job) absentCheck(ctx context.Context) (c report.Check, ok bool, err error) {
	out, err := git.Foreign(j.Top).Output(ctx, nil, "ls-files", "--stage", "-z")
	if err != nil {
		return c, false, err
	}
	root, err := os.OpenRoot(j.Top)
	if err != nil {
		return c, false, err
	}
	defer root.Close()
	var modules, pointers []string
	for entry := range bytes.SplitSeq(out, []byte{0}) {
		mode, name, found := strings.Cut(string(entry), "\t")
		if !found {
			continue
		}
		at := filepath.FromSlash(name)
		switch {
		case strings.HasPrefix(mode, "160000 "):
			if inside, err := fs.ReadDir(root.FS(), name); err != nil || len(inside) == 0 {
				modules = append(modules, name)
			}
		case strings.HasPrefix(mode, "100"):
			if is, err := artifact.IsPointer(root, at); err == nil && is {
				pointers = append(pointers, name)
			}
		}
	}
	c = report.Check{Name: "checkout", State: report.Warned}
	var lacks, remedies []string
	if len(modules) > 0 {
		lacks = append(lacks, english.PluralWord(len(modules), "the submodule ", "the submodules ")+english.OxfordWordSeries(modules[:min(3, len(modules))], "and"))
		remedies = append(remedies, "submodules: true (git submodule update --init)")
	}
	if len(pointers) > 0 {
		lacks = append(lacks, "the content of "+english.Plural(len(pointers), "file", "")+" of Git LFS, such as "+pointers[0])
		remedies = append(remedies, "lfs: true (git lfs pull)")
	}
	if len(lacks) == 0 {
		return c, false, nil
	}
	c.Result = "lacks " + strings.Join(lacks, ", and ")
	c.Note = "if the app needs it, check out with " + strings.Join(remedies, " and ")
	return c, true, nil
}
