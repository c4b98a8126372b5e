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

// Judge returns a gap for each needed database that is missing, damaged, or older than
// max; 0 means DefaultMaxAge. Gap.Why is worded to follow the name of the database.
// Judge downloads nothing.
func Judge(dir string, needed []string, now time.Time, max time.Duration) []gate.Gap {
	max = cmp.Or(max, DefaultMaxAge)
	root, err := os.OpenRoot(dir)
	if err == nil {
		defer root.Close()
	}
	var gaps []gate.Gap
	for _, name := range needed {
		gap := gate.Gap{What: name, Remedy: gate.UpdateCommand}
		s, readErr := (*Source)(nil), err
		if err == nil {
			s, readErr = read(root, name)
		}
		switch {
		case readErr != nil && !errors.Is(readErr, fs.ErrNotExist):
			gap.Why = "is damaged: " + plainError(readErr)
		case s == nil:
			gap.Why = "is not in " + cmp.Or(dir, "the databases: no folder was given")
		default:
			age, known := s.Age(now)
			if known && age <= max {
				continue
			}
			if gap.Why = "has an unknown age"; known {
				gap.Why = fmt.Sprintf("is %s old (at most %s)", days(age), days(max))
			}
		}
		gaps = append(gaps, gap)
	}
	return gaps
}

// days returns a duration in words, rounded down: 9 days, 20 hours.
func days(d time.Duration) string {
	if d >= 48*time.Hour {
		return english.Plural(int(d.Hours()/24), "day", "")
	}
	return english.Plural(int(d.Hours()), "hour", "")
}
