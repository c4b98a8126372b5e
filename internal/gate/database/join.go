package database

import (
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Join adds to each finding the day since which exploitation is known, and the
// probability of exploitation. It looks up the finding's rule and aliases; of several
// matches, the earliest day and the highest probability are used.
func Join(findings []report.Finding, kev map[string]string, epss map[string]float64) {
	for i := range findings {
		f := &findings[i]
		for _, id := range append([]string{f.Rule}, f.Aliases...) {
			id = strings.ToUpper(id)
			if day, ok := kev[id]; ok && (f.Exploited == "" || day < f.Exploited) {
				f.Exploited = day
			}
			f.EPSS = max(f.EPSS, epss[id])
		}
	}
}
