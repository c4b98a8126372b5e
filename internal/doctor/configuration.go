package doctor

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

func configuration(p *patient) finding {
	switch {
	case errors.Is(p.mistakes, config.ErrMissing):
		return finding{report.Warned, "no " + config.File, "the gate and the scorecard work by defaults, and nothing else does", []string{"goldenpath init"}}
	case p.mistakes != nil:
		all := strings.Split(p.mistakes.Error(), "\n")
		return finding{report.Failed, several(all), "", all}
	}
	if err := p.config.Walkable(); err != nil {
		all := strings.Split(err.Error(), "\n")
		return finding{report.Warned, several(all), "the gate and the scorecard work, and nothing is built", all}
	}
	if !p.tracked(config.File) {
		return finding{report.Warned, config.File + " is not committed", "", []string{"git add --force " + config.File}}
	}
	return finding{state: report.OK, seen: config.File + " is valid"}
}

func waivers(p *patient) finding {
	file := p.config.Gate.Waivers
	n, err := p.Waivers(file, p.config.Gate.WaiverMaxAge.D())
	if err != nil {
		all := strings.Split(err.Error(), "\n")
		return finding{report.Failed, several(all), "the gate refuses every change until it is mended", all}
	}
	if _, there := p.first(file); !there {
		return finding{state: report.OK, seen: "no waivers"}
	}
	return finding{state: report.OK, seen: fmt.Sprintf("%s: %s", file, english.Plural(n, "waiver", ""))}
}
