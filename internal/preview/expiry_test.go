package preview

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestExpiry proves GP-PREV-4: the ttl, clamped by max-ttl, and what labels add.
func TestExpiry(t *testing.T) {
	p := Policy{TTL: time.Hour, MaxTTL: 4 * time.Hour}
	for name, test := range map[string]struct {
		ttl    time.Duration // of the run; 0: the policy's
		labels []string
		want   time.Duration
	}{
		"GP-PREV-4 no label":                       {0, nil, time.Hour},
		"GP-PREV-4 labels that say nothing":        {0, []string{"bug", "preview", "preview-extend", "preview-pinned"}, time.Hour},
		"GP-PREV-4 extended":                       {0, []string{"preview-extend-2h"}, 3 * time.Hour},
		"GP-PREV-4 the longest counts":             {0, []string{"preview-extend-1h", "preview-extend-90m", "preview-extend-30m"}, 150 * time.Minute},
		"GP-PREV-4 clamped":                        {0, []string{"preview-extend-24h"}, 4 * time.Hour},
		"GP-PREV-4 pinned":                         {0, []string{"preview-pin"}, 4 * time.Hour},
		"GP-PREV-4 a short run stays short":        {10 * time.Minute, []string{"bug"}, 10 * time.Minute},
		"GP-PREV-4 a short run extended":           {10 * time.Minute, []string{"preview-extend-1h"}, 70 * time.Minute},
		"GP-PREV-4 a run over max-ttl":             {9 * time.Hour, nil, 4 * time.Hour},
		"GP-PREV-4 hostile: negative":              {0, []string{"preview-extend--24h"}, time.Hour},
		"GP-PREV-4 hostile: mixed signs":           {0, []string{"preview-extend-1d-23h"}, time.Hour},
		"GP-PREV-4 hostile: overflow":              {0, []string{"preview-extend-9223372036854775807h", "preview-extend-2562047h47m16.854775807s"}, time.Hour},
		"GP-PREV-4 hostile: not a number":          {0, []string{"preview-extend-NaNh", "preview-extend-1e9h", "preview-extend-", "preview-extend-∞"}, time.Hour},
		"GP-PREV-4 hostile: lines and shell":       {0, []string{"preview-pin\n", " preview-pin", "preview-extend-24h; rm -rf /", "preview-extend-24h\n"}, time.Hour},
		"GP-PREV-4 hostile: 4 KB":                  {0, []string{"preview-extend-" + strings.Repeat("9", 4096)}, time.Hour},
		"GP-PREV-4 hostile: letters that look so":  {0, []string{"preview\u2010pin", "PREVIEW-PIN", "preview-extend-\uff12\uff14h"}, time.Hour},
		"GP-PREV-4 hostile: longer than max, days": {0, []string{"preview-extend-999999999d"}, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			ttl := test.ttl
			if ttl == 0 {
				ttl = p.TTL
			}
			r := record{Updated: noon, Due: noon.Add(ttl)}
			if got := expiry(p, r, test.labels).Sub(noon); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// TestLifetime proves GP-PREV-4 over sweeps: what a label asks for is granted,
// shown, and taken away with the label; nothing outlives max-ttl.
func TestLifetime(t *testing.T) {
	t.Parallel()
	type step struct {
		after  time.Duration // since the preview was raised
		labels []string
		fate   string
		until  time.Duration // by the ledger; 0: it is gone
	}
	for name, steps := range map[string][]step{
		"GP-PREV-4 ttl": {
			{30 * time.Minute, nil, "stays", time.Hour}, {time.Hour - time.Second, nil, "stays", time.Hour}, {time.Hour, nil, "removed expired", 0},
		},
		"GP-PREV-4 extended, then removed": {
			{30 * time.Minute, []string{"preview-extend-1h"}, "stays", 2 * time.Hour},
			{90 * time.Minute, []string{"preview-extend-1h"}, "stays", 2 * time.Hour},
			{2 * time.Hour, []string{"preview-extend-1h"}, "removed expired", 0},
		},
		"GP-PREV-4 the label comes when its time is over already": {
			{70 * time.Minute, []string{"preview-extend-24h"}, "stays", 4 * time.Hour}, {4 * time.Hour, []string{"preview-extend-24h"}, "removed expired", 0},
		},
		"GP-PREV-4 the label is taken off": {
			{30 * time.Minute, []string{"preview-pin"}, "stays", 4 * time.Hour}, {40 * time.Minute, nil, "stays", time.Hour}, {61 * time.Minute, nil, "removed expired", 0},
		},
		"GP-PREV-4 the label is taken off late": {
			{30 * time.Minute, []string{"preview-pin"}, "stays", 4 * time.Hour}, {2 * time.Hour, nil, "removed expired", 0},
		},
		"GP-PREV-4 pinned for ever is not": {
			{3 * time.Hour, []string{"preview-pin", "preview-extend-7d"}, "stays", 4 * time.Hour}, {4 * time.Hour, []string{"preview-pin"}, "removed expired", 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.raise(12, 0)
			for _, s := range steps {
				b.clock.Add(noon.Add(s.after).Sub(b.clock.Now()))
				b.pull(12, 0, s.labels...)
				if got := b.sweep()["pr-12"]; got != s.fate {
					t.Errorf("after %s: %s, want %s", s.after, got, s.fate)
				}
				if s.until == 0 {
					b.nothing()
				} else if got := b.records()["pr-12"].Expires.Sub(noon); got != s.until {
					t.Errorf("after %s: until %s, want %s", s.after, got, s.until)
				}
			}
		})
	}
}

// TestRunsShorterThanThePolicy proves GP-PREV-4: a sweep does not prolong what was
// raised for less than the policy's ttl, nor does a later sweep with a greater one.
func TestRunsShorterThanThePolicy(t *testing.T) {
	b := newBench(t)
	o := b.of(12, 0)
	o.Policy.TTL = 10 * time.Minute
	b.up(o)
	b.policy.TTL = 3 * time.Hour
	if got := b.sweep()["pr-12"]; got != "stays" || !b.records()["pr-12"].Expires.Equal(noon.Add(10*time.Minute)) {
		t.Errorf("%s, %+v", got, b.records())
	}
	b.clock.Add(10 * time.Minute)
	if got := b.sweep()["pr-12"]; got != "removed expired" {
		t.Error(got)
	}
}

// TestLoweredMaxTTL proves GP-PREV-4 for what was promised under another policy.
func TestLoweredMaxTTL(t *testing.T) {
	b := newBench(t)
	b.raise(12, 0, "preview-pin")
	b.policy.MaxTTL = 20 * time.Minute
	b.clock.Add(20 * time.Minute)
	if got := b.sweep()["pr-12"]; got != "removed expired" {
		t.Error(got)
	}
	b.nothing()
}

// TestRaisedWithALabel proves GP-PREV-4: up counts labels, and says until when.
func TestRaisedWithALabel(t *testing.T) {
	b := newBench(t)
	r := b.raise(12, 0, "preview-extend-2h")
	if got := r.Output("expires"); got != "2026-11-21T15:00:00Z" || !strings.Contains(fmt.Sprint(r.Checks), "removed before Sat 15:30 UTC by the next sweep") {
		t.Errorf("expires %s, checks %+v", got, r.Checks)
	}
	running, err := b.target.Status(t.Context(), "preview/pr-12")
	if err != nil || !running.Tags.Expires.Equal(noon.Add(3*time.Hour)) {
		t.Errorf("tags %+v, %v", running.Tags, err)
	}
}

// TestExtensionOverTheBudget proves GP-PREV-4 and GP-PREV-7: an extension that the
// budget has no room for is not granted, by up nor by any sweep.
func TestExtensionOverTheBudget(t *testing.T) {
	b := newBench(t)
	b.prices(1) // an hour
	b.policy.PerDay = 2
	r := b.raise(12, 0, "preview-pin") // 1 hour and the sweep after it, not 4
	if got := r.Output("expires"); got != "2026-11-21T13:00:00Z" || !strings.Contains(fmt.Sprint(r.Checks), "not granted: previews would cost up to 4.50 USD on 21 Nov") {
		t.Errorf("expires %s, checks %+v", got, r.Checks)
	}
	for _, after := range []time.Duration{30 * time.Minute, 29 * time.Minute} {
		b.clock.Add(after)
		rep, err := Sweep(t.Context(), b.Deps, SweepOptions{Policy: b.policy})
		if err != nil || fates(t, rep)["pr-12"] != "stays" || !strings.Contains(fmt.Sprint(rep.Sections), notExtended) {
			t.Errorf("%v %+v, %v", fates(t, rep), rep.Sections, err)
		}
	}
	b.clock.Add(time.Minute)
	if diff := cmp.Diff(map[string]string{"pr-12": "removed expired"}, b.sweep()); diff != "" {
		t.Errorf("fates (-want +got):\n%s", diff)
	}
	b.nothing()
}

// TestClockSkew proves GP-PREV-4: lifetimes are the target's. A machine whose clock
// is an hour off raises, keeps and removes as any other.
func TestClockSkew(t *testing.T) {
	for _, skew := range []time.Duration{-time.Hour, time.Hour} {
		b := newBench(t)
		off := func() time.Time { return b.clock.Now().Add(skew) }
		b.Now, b.Ledger.Now = off, off
		if r := b.raise(12, 0); r.Output("expires") != "2026-11-21T13:00:00Z" {
			t.Errorf("%s: expires %s", skew, r.Output("expires"))
		}
		b.clock.Add(59 * time.Minute)
		if got := b.sweep()["pr-12"]; got != "stays" {
			t.Errorf("%s: %s", skew, got)
		}
		b.clock.Add(time.Minute)
		if got := b.sweep()["pr-12"]; got != "removed expired" {
			t.Errorf("%s: %s", skew, got)
		}
		b.nothing()
	}
}
