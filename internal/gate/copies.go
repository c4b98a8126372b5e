package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// anyFile stands for the path in the fingerprint of a secret that is in several files.
const anyFile = "*"

// everywhere returns the fingerprint of a secret in whatever file it is, or "" for another finding
// and for a file that is a secret as a whole. The scanner of secrets makes fingerprints of the
// rule, the path and a hash of the value.
func everywhere(f report.Finding) string {
	kept, removed := strings.CutPrefix(f.Fingerprint, OnlyHistory)
	i := strings.LastIndexByte(kept, ':')
	if f.Secret == "" || !strings.HasPrefix(kept, f.Rule+":") || i < len(f.Rule)+1 {
		return ""
	}
	mark := kept[i+1:]
	if none := sha256.Sum256([]byte(f.Rule + "\x00")); mark == hex.EncodeToString(none[:16]) {
		return ""
	}
	out := f.Rule + ":" + anyFile + ":" + mark
	if removed {
		out = OnlyHistory + out
	}
	return out
}

// mostNamed is how many files the fix of a secret names.
const mostNamed = 20

// joinCopies makes one finding of those about the same secret in several files, if they have the
// same status. Its fingerprint, and with it a waiver, covers the secret in every file. The first place
// is that of the finding, and the others are in Also.
func joinCopies(findings []report.Finding) []report.Finding {
	first := map[string]int{}
	var out []report.Finding
	for _, f := range findings {
		all := everywhere(f)
		if all == "" {
			out = append(out, f)
			continue
		}
		key := strings.Join([]string{all, string(f.Status), string(f.Severity), f.Secret, f.Waiver, f.Unused, fmt.Sprint(f.Blocking), strings.Join(f.Tools, " ")}, "\x00")
		i, ok := first[key]
		if !ok {
			first[key] = len(out)
			out = append(out, f)
			continue
		}
		out[i].Also = append(slices.Clip(out[i].Also), f.At)
		out[i].Fingerprint = all
	}
	for i := range out {
		f := &out[i]
		if everywhere(*f) == "" || len(f.Also) == 0 {
			continue
		}
		places := append([]report.Location{f.At}, f.Also...)
		var names []string
		for _, p := range places[:min(mostNamed, len(places))] {
			names = append(names, p.String())
		}
		if n := len(places) - mostNamed; n > 0 {
			names = append(names, fmt.Sprintf("%d more", n))
		}
		f.Message += fmt.Sprintf(" (the same secret in %d files)", len(places))
		f.Fix += "; it is in " + strings.Join(names, ", ")
	}
	return out
}

// Copies returns the findings with one for each place of a secret that is in several files.
func Copies(findings []report.Finding) []report.Finding {
	var out []report.Finding
	for _, f := range findings {
		out = append(out, f)
		kept, joined := strings.CutPrefix(strings.TrimPrefix(f.Fingerprint, OnlyHistory), f.Rule+":"+anyFile+":")
		if f.Secret == "" || !joined {
			continue
		}
		for i, at := range append([]report.Location{f.At}, f.Also...) {
			one := f
			one.At, one.Also = at, nil
			one.Fingerprint = f.Rule + ":" + at.Path + ":" + kept
			if strings.HasPrefix(f.Fingerprint, OnlyHistory) {
				one.Fingerprint = OnlyHistory + one.Fingerprint
			}
			if i == 0 {
				out[len(out)-1] = one
			} else {
				out = append(out, one)
			}
		}
	}
	return out
}
