package preview

import (
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/config"
)

// Labels of a pull request that let its preview live longer, up to max-ttl after
// the last deployment.
const (
	extendLabel = "preview-extend-" // and a duration: preview-extend-24h
	pinLabel    = "preview-pin"
)

// expiry is when a preview ends: with its ttl, and later where a label of its pull
// request asks for it. Nothing goes past max-ttl after it was raised last.
func expiry(p Policy, r record, labels []string) time.Time {
	at := r.Due
	for _, l := range labels {
		if l == pinLabel {
			at = latest(at, r.Updated.Add(p.MaxTTL))
		}
		if text, ok := strings.CutPrefix(l, extendLabel); ok {
			if more, err := config.ParseDuration(text); err == nil {
				at = latest(at, r.Due.Add(more))
			}
		}
	}
	return earliest(at, r.Updated.Add(p.MaxTTL))
}

func pinned(labels []string) bool {
	for _, l := range labels {
		if l == pinLabel {
			return true
		}
	}
	return false
}
