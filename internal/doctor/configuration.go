package doctor

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/apps"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

func configuration(r *repo) finding {
	switch {
	case errors.Is(r.mistakes, config.ErrMissing) && slices.ContainsFunc(r.o.Files, apps.IsFile):
		return configurations(r)
	case errors.Is(r.mistakes, config.ErrMissing):
		return finding{report.Warned, "no " + config.File, "only the gate and the scorecard work, with default settings", []string{"goldenpath init"}}
	case r.mistakes != nil:
		all := strings.Split(r.mistakes.Error(), "\n")
		return finding{report.Failed, several(all), "", all}
	}
	if err := r.config.Walkable(); err != nil {
		all := strings.Split(err.Error(), "\n")
		return finding{report.Warned, several(all), "only the gate and the scorecard work; nothing can be built", all}
	}
	if !r.tracked(config.File) {
		return finding{report.Warned, config.File + " is not committed", "", []string{"git add --force " + config.File}}
	}
	return finding{state: report.OK, found: config.File + " is valid"}
}

// configurations examines the configurations of apps in folders.
func configurations(r *repo) finding {
	var folders, problems []string
	for _, name := range r.o.Files {
		if !apps.IsFile(name) {
			continue
		}
		folder := path.Dir(name)
		folders = append(folders, folder)
		if _, err := config.Read(filepath.Join(r.o.Dir, filepath.FromSlash(folder))); err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				problems = append(problems, folder+"/"+line)
			}
		}
	}
	if len(problems) > 0 {
		return finding{report.Failed, several(problems), "", problems}
	}
	return finding{state: report.OK, found: english.Plural(len(folders), "app", "") + " with a valid configuration: " + strings.Join(folders, ", ")}
}

func waivers(r *repo) finding {
	file := r.config.Gate.Waivers
	n, err := r.Waivers(file, r.config.Gate.WaiverMaxAge.D())
	if err != nil {
		all := strings.Split(err.Error(), "\n")
		return finding{report.Failed, several(all), "the gate rejects every change until this is fixed", all}
	}
	if _, ok := r.first(file); !ok {
		return finding{state: report.OK, found: "no waivers"}
	}
	return finding{state: report.OK, found: fmt.Sprintf("%s: %s", file, english.Plural(n, "waiver", ""))}
}
