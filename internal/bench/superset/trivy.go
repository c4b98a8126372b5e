package main

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// misconfigurations is the report of trivy.
type misconfigurations struct {
	Results []struct {
		Target            string
		Misconfigurations []struct {
			ID, AVDID, Message string
			CauseMetadata      struct{ StartLine int }
		}
	}
}

// trivy runs trivy config with the checks it is built with.
func trivy(ctx context.Context, r *repository) ([]fact, error) {
	name := filepath.Join(r.scratch, "trivy.json")
	_, err := r.start(ctx, 0, nil, filepath.Join(r.upstream, "trivy"), "config", "--quiet", "--skip-check-update",
		"--cache-dir", filepath.Join(r.scratch, "trivy"), "--format", "json", "--output", name, ".")
	if err != nil {
		return nil, err
	}
	var rep misconfigurations
	if err := readJSON(name, &rep); err != nil {
		return nil, err
	}
	var out []fact
	for _, result := range rep.Results {
		for _, m := range result.Misconfigurations {
			f := fact{rule: m.ID, path: result.Target, line: m.CauseMetadata.StartLine, message: oneLine(m.Message), times: 1}
			for _, id := range []string{m.ID, m.AVDID} {
				if id != "" {
					f.names = append(f.names, id)
				}
			}
			out = join(out, f)
		}
	}
	return out, nil
}

// corrected are the checks whose messages the gate corrects: they name a kind of object, a
// namespace or a container that the manifest does not have.
var corrected = map[string]bool{"KSV-0104": true, "KSV-0110": true, "KSV-0118": true, "KSV-0125": true}

// sameCheck compares what is said as well: a file may fail a check for two of its
// objects.
func sameCheck(f fact, o report.Finding) bool {
	return f.named(o) && o.At.Path == f.path && (o.At.Line == f.line || o.At.Line == 0) &&
		(strings.HasSuffix(strings.TrimSuffix(o.Message, "."), strings.TrimSuffix(f.message, ".")) || corrected[f.rule])
}

// join adds a fact, or counts it if it is there.
func join(all []fact, f fact) []fact {
	i := slices.IndexFunc(all, func(o fact) bool {
		return o.rule == f.rule && o.path == f.path && o.line == f.line && o.column == f.column && o.message == f.message
	})
	if i < 0 {
		return append(all, f)
	}
	all[i].times++
	return all
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
