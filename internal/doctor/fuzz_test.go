package doctor

import (
	"testing"
	"time"
)

// FuzzWorkflow: no workflow file makes the doctor panic.
func FuzzWorkflow(f *testing.F) {
	for _, seed := range []string{
		"on: push\njobs: {a: {uses: seed-b235b314/goldenpath/.github/workflows/x.yml@v1}}", "on: {schedule: [{cron: '* * * * *'}]}",
		"on: [a, b]\npermissions: write-all", "jobs: {a: {steps: [{uses: x, run: goldenpath preview up}]}}", "a: &a [*a]", "!!binary x", "on: *x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w := parseWorkflow("x.yml", []byte(text))
		for _, j := range w.jobs {
			compare(j, w, contract{Permissions: map[string]string{"contents": "write"}})
		}
		_, _ = ecosystems([]byte(text))
	})
}

// FuzzLongest: no schedule takes long, and a pause is never less than a minute.
func FuzzLongest(f *testing.F) {
	for _, seed := range []string{"17 * * * *", "*/5 0-6 * * 1-5", "0 0 29 2 *", "0 0 30 2 *", "@hourly", "TZ=UTC\t* * * *", "TZ=Asia/Tokyo 0 0 * * *", "1-59/7,3 */2 1,15 jan-mar sun"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := LongestPause([]string{text}); err == nil && d < time.Minute && d != 0 {
			t.Errorf("%q: %s", text, d)
		}
	})
}
