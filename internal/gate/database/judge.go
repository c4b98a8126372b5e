package database

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

const remedy = "security-gate database update"

// Judge says which of the needed databases are missing, cut, or older than max;
// 0 is DefaultMaxAge. Nothing is fetched.
func Judge(dir string, needed []string, now time.Time, max time.Duration) []gate.Gap {
	max = cmp.Or(max, DefaultMaxAge)
	root, err := os.OpenRoot(dir)
	if err == nil {
		defer root.Close()
	}
	var gaps []gate.Gap
	for _, name := range needed {
		gap := gate.Gap{What: name, Remedy: remedy}
		s, readErr := (*Source)(nil), err
		if err == nil {
			s, readErr = read(root, name)
		}
		switch {
		case readErr != nil && !errors.Is(readErr, fs.ErrNotExist):
			gap.Why = "it cannot be relied on: " + plainError(readErr)
		case s == nil:
			gap.Why = "it is not in " + cmp.Or(dir, "the databases: no folder is given")
		default:
			age, known := s.Age(now)
			if known && age <= max {
				continue
			}
			if gap.Why = "how old it is, is not known"; known {
				gap.Why = fmt.Sprintf("it is %s old (at most %s)", days(age), days(max))
			}
		}
		gaps = append(gaps, gap)
	}
	return gaps
}

// days says how long, rounded down, in words: 9 days, 20 hours.
func days(d time.Duration) string {
	if d >= 48*time.Hour {
		return english.Plural(int(d.Hours()/24), "day", "")
	}
	return english.Plural(int(d.Hours()), "hour", "")
}
