package osv

import (
	"context"
	"encoding/json/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// The vectors of GHSA-qw6h-vgh9-j6wx (express) and GHSA-35jh-r3h4-6jhm (lodash).
const (
	v4 = `{"type":"CVSS_V4","score":"CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:N/VI:N/VA:N/SC:L/SI:L/SA:L"}`
	v3 = `{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H"}`
)

// GP-GATE-2: the severity and where it is from.
func TestRate(t *testing.T) {
	for text, want := range map[string]string{
		`{"id":"GHSA-1","severity":[` + v3 + `,` + v4 + `]}`:                                     "low, CVSS 4.0 score 2.3 of GHSA-1",
		`{"id":"GHSA-1","severity":[` + v3 + `]}`:                                                "high, CVSS 3.1 score 7.2 of GHSA-1",
		`{"id":"GHSA-1","affected":[{"severity":[` + v3 + `]}]}`:                                 "high, CVSS 3.1 score 7.2 of GHSA-1",
		`{"id":"GHSA-1","severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N"}]}`:                "high, no severity published, treated as high",
		`{"id":"RUSTSEC-1","affected":[{"database_specific":{"informational":"unmaintained"}}]}`: "low, an unmaintained package is a risk, and no vulnerability",
		`{"id":"RUSTSEC-2","affected":[{"database_specific":{"informational":"unsound"}}]}`:      "high, no severity published, treated as high",
		`{"id":"GO-1","summary":"The x/openpgp package is unmaintained"}`:                        "low, an unmaintained package is a risk, and no vulnerability",
		`{"id":"GHSA-1","database_specific":{"severity":"MODERATE"}}`:                            "medium, severity word of GHSA-1",
		`{"id":"UBUNTU-1","severity":[{"type":"Ubuntu","score":"negligible"}]}`:                  "low, severity word of UBUNTU-1",
		`{"id":"MAL-2024-1","severity":[` + v4 + `]}`:                                            "critical, malicious package, MAL-2024-1",
		`{"id":"GO-1","severity":[{"type":"CVSS_V2","score":"AV:N/AC:L/Au:N/C:P/I:P/A:P"}]}`:     "high, CVSS 2.0 score 7.5 of GO-1",
	} {
		v := &vulnerability{}
		if err := protojson.Unmarshal([]byte(text), v); err != nil {
			t.Fatal(err)
		}
		s, from := fact{about: []*vulnerability{v}, names: []string{v.GetId()}}.rate()
		if got := string(s) + ", " + from; got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// advisoriesOf packs advisories about the package lodash of npm, or stdlib of Go.
func advisoriesOf(t *testing.T, ecosystem, name string, ranges map[string]string) string {
	t.Helper()
	dbs, files := t.TempDir(), map[string]string{}
	for id, events := range ranges {
		var list []any
		if err := json.Unmarshal([]byte(events), &list); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(map[string]any{"id": id, "affected": []any{map[string]any{
			"package": map[string]any{"ecosystem": ecosystem, "name": name}, "ranges": []any{map[string]any{"type": "SEMVER", "events": list}}}}})
		if err != nil {
			t.Fatal(err)
		}
		files[id+".json"] = string(text)
	}
	pack(t, archive(dbs, ecosystem), files)
	return dbs
}

// One version ends them all, and no pre-release or still affected one.
func TestOneFixForAll(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"go.mod": "module m\n\ngo 1.24.1\n"})
	dbs := advisoriesOf(t, "Go", "stdlib", map[string]string{
		"GO-1": `[{"introduced":"0"},{"fixed":"1.24.9"},{"introduced":"1.25.0"},{"fixed":"1.25.4"}]`,
		"GO-2": `[{"introduced":"0"},{"fixed":"1.25.3"}]`,
		"GO-3": `[{"introduced":"0"},{"fixed":"1.25.0-rc.2"}]`,
	})
	var got []string
	for _, f := range scan(t, gate.Input{Dir: dir, Databases: dbs}).Findings {
		got = append(got, f.Rule+" "+f.Fixed+" "+f.Fix)
	}
	const all = " use Go 1.25.4 (fixes all 3 of the standard library)"
	if diff := cmp.Diff([]string{"GO-1 1.24.9" + all, "GO-2 1.25.3" + all, "GO-3 1.25.0" + all}, got); diff != "" {
		t.Error(diff)
	}
	dbs = advisoriesOf(t, "Go", "stdlib", map[string]string{"GO-1": `[{"introduced":"0"}]`, "GO-2": `[{"introduced":"0"},{"fixed":"1.25.3"}]`})
	got = nil
	for _, f := range scan(t, gate.Input{Dir: dir, Databases: dbs}).Findings {
		got = append(got, f.Rule+" "+f.Fix)
	}
	want := []string{"GO-1 no fixed version is published: replace stdlib, or waive the finding with a reason and an expiry",
		"GO-2 use Go 1.25.3 (fixes 1 of 2 of the standard library)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Advisories with a common id are one finding with all ids.
func TestJoined(t *testing.T) {
	dbs := t.TempDir()
	about := `"affected":[{"package":{"ecosystem":"npm","name":"lodash"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"4.17.21"}]}]}]`
	pack(t, archive(dbs, "npm"), map[string]string{
		"a.json": `{"id":"GHSA-1","aliases":["CVE-2021-2"],"published":"2021-03-01T00:00:00Z","severity":[` + v3 + `],` + about + `}`,
		"b.json": `{"id":"SNYK-1","aliases":["RUSTSEC-3","PYSEC-4"],"published":"2021-02-01T00:00:00Z",` + about + `}`,
		"c.json": `{"id":"OTHER-1","aliases":["CVE-2021-2","PYSEC-4"],` + about + `}`,
		"d.json": `{"id":"GONE-1","aliases":["CVE-2021-9"],"withdrawn":"2021-04-01T00:00:00Z",` + about + `}`,
	})
	dir := write(t, t.TempDir(), map[string]string{"web/package-lock.json": strings.ReplaceAll(lock, `"":{`, `"":{"dependencies":{"lodash":"4"},`)})
	res := scan(t, gate.Input{Dir: dir, Databases: dbs})
	if len(res.Findings) != 1 {
		t.Fatalf("%+v", res.Findings)
	}
	f := res.Findings[0]
	if diff := cmp.Diff([]string{"GHSA-1", "OTHER-1", "PYSEC-4", "RUSTSEC-3", "SNYK-1"}, f.Aliases); diff != "" || f.Rule != "CVE-2021-2" {
		t.Errorf("%s %s", f.Rule, diff)
	}
	if f.Published.Format("2006-01-02") != "2021-02-01" || f.Severity != report.High || f.Fix != "npm install lodash@4.17.21" {
		t.Errorf("%+v", f)
	}
}

// nowhere is a network without a way to the host.
type nowhere struct{ asked atomic.Int32 }

func (n *nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	n.asked.Add(1)
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "api.osv.dev", IsNotFound: true}}
}

// GP-GATE-8: an outage ends soon, and says what to do.
func TestUnreachable(t *testing.T) {
	n := &nowhere{}
	dir := write(t, t.TempDir(), map[string]string{"go.mod": goMod})
	_, err := Scanner{Client: &http.Client{Transport: n}}.Scan(context.Background(), selected(t, gate.Input{Dir: dir}))
	if err == nil || !strings.Contains(err.Error(), "api.osv.dev cannot be reached") || !strings.Contains(err.Error(), "scan offline") || n.asked.Load() != 2 {
		t.Errorf("%v after %d attempts", err, n.asked.Load())
	}
}
