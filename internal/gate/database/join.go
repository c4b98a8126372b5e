package database

import (
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Join adds to each finding, by its rule or an alias, the day since which exploitation
// is known, and its probability. Of several ids, the earliest day and the highest
// probability are taken.
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
