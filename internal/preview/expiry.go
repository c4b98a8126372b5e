package preview

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
)

// Labels of a pull request that extend its preview, up to max-ttl after the last
// deployment.
const (
	extendLabel = "preview-extend-" // followed by a duration: preview-extend-24h
	pinLabel    = "preview-pin"
)

// expiry returns when a preview expires: when its TTL ends, or later if a label extends
// it, and never later than max-ttl after the last deployment.
func expiry(p Policy, r record, labels []string) time.Time {
	last := r.Updated.Add(p.MaxTTL)
	at := r.Due
	if pinned(labels) {
		at = budget.Latest(at, last)
	}
	for _, l := range labels {
		if text, ok := strings.CutPrefix(l, extendLabel); ok {
			if more, err := config.ParseDuration(text); err == nil {
				at = budget.Latest(at, r.Due.Add(more))
			}
		}
	}
	return budget.Earliest(at, last)
}

func pinned(labels []string) bool { return slices.Contains(labels, pinLabel) }
