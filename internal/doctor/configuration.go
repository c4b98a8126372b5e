package doctor

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

func configuration(r *repo) finding {
	switch {
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
