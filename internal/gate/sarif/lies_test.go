package sarif

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// TestLies proves the part of GP-GATE-11 that matters most: a file that is broken,
// or whose tool did not look at this commit to the end, is never clean.
func TestLies(t *testing.T) {
	const tool = `"tool":{"driver":{"name":"T"}}`
	many := strings.TrimSuffix(strings.Repeat(`{"message":{"text":"m"}},`, maxResults+1), ",")
	half := strings.TrimSuffix(strings.Repeat(`{"message":{"text":"m"}},`, maxResults/2+1), ",")
	invoked := func(s string) string { return one(`"invocations":[`+s+`]`, "") }
	property := func(s string) string { return one("", `{"message":{},"properties":{"security-severity":`+s+`}}`) }
	run := func(s string) string { return `{"version":"2.1.0","runs":[` + s + `]}` }
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "the file ends at offset 0 before the JSON is complete"},
		{"blank", " \n", "before the JSON is complete"},
		{"truncated", one("", at("a", ""))[:60], "the file ends at offset 60 (/runs/0) before the JSON is complete"},
		{"truncated after a value", `{"version":"2.1.0"`, "ends at offset 18"},
		{"no JSON", "<sarif/>", "at offset 0 (/): not valid JSON"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "not valid JSON"},
		{"invalid UTF-8", `{"version":"` + "\xff" + `"}`, "not valid JSON"},
		{"half a surrogate", `{"version":"\ud800"}`, "not valid JSON"},
		{"a name twice", `{"version":"2.1.0","runs":[],"runs":[]}`, "at offset 29 (/runs): not valid JSON: duplicate object member name"},
		{"results twice", run(`{"results":[{}],` + tool + `,"results":[]}`), "(/runs/0/results): not valid JSON: duplicate object member name"},
		{"two documents", run(`{`+tool+`,"results":[]}`) + "{}", "there is data after the JSON"},
		{"an array", "[]", "a JSON object is missing"},
		{"null", "null", "null is not allowed"},
		{"deep", run(`{` + tool + `,"results":[{"message":{},"properties":{"a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}}]}`), "more than 100 nested levels"},
		{"no version", `{"runs":[{` + tool + `,"results":[]}]}`, `at /version: the SARIF version is "", not "2.1.0"`},
		{"another version", `{"version":"2.2.0","runs":[{` + tool + `,"results":[]}]}`, `at /version: the SARIF version is "2.2.0"`},
		{"no runs", `{"version":"2.1.0"}`, "at /runs: there is no run"},
		{"runs in other letters", `{"version":"2.1.0","Runs":[{` + tool + `,"results":[]}]}`, "at /runs: there is no run"},
		{"empty runs", run(""), "at /runs: there is no run"},
		{"runs null", `{"version":"2.1.0","runs":null}`, "at /runs (offset 30): null is not allowed"},
		{"runs an object", `{"version":"2.1.0","runs":{}}`, "at /runs (offset 26): SARIF requires an array here"},
		{"results null", run(`{` + tool + `,"results":null}`), "at /runs/0/results (offset"},
		{"results an object", run(`{` + tool + `,"results":{}}`), "at /runs/0/results (offset 69): SARIF requires an array here"},
		{"no results", run(`{` + tool + `}`), "the tool examined nothing"},
		{"a result null", one("", "null"), "at /runs/0/results/0 (offset"},
		{"a null that is not read", one("", `{"message":{"text":"m"},"attachments":null}`), "at /runs/0/results/0/attachments"},
		{"ruleId a number", one("", `{"ruleId":1}`), "at /runs/0/results/0/ruleId (offset 80): SARIF requires a string here"},
		{"ruleIndex half", one("", `{"ruleIndex":1.5}`), "SARIF requires a whole number here"},
		{"no tool", run(`{"results":[]}`), "at /runs/0/tool/driver/name: the tool has no name"},
		{"blank tool", run(`{"tool":{"driver":{"name":" "}},"results":[]}`), "the tool has no name"},
		{"parts elsewhere", one(`"externalPropertyFileReferences":{"results":[{"location":{"uri":"r.sarif-external-properties"}}]}`, ""), "parts of the run are in other files (results)"},
		{"parts inline", `{"version":"2.1.0","inlineExternalProperties":[{"results":[{}]}],"runs":[{` + tool + `,"results":[]}]}`, "at /inlineExternalProperties"},
		{"too many results", one("", many), "at /runs/0/results: more than 25000 results are not supported"},
		{"too many in two runs", run(`{` + tool + `,"results":[` + half + `]},{` + tool + `,"results":[` + half + `]}`), "more than 25000 results"},

		{"not successful", invoked(`{"executionSuccessful":false}`), "at /runs/0/invocations/0/executionSuccessful: the tool reported that it did not finish"},
		{"the second not successful", invoked(`{"executionSuccessful":true},{"executionSuccessful":false,"toolExecutionNotifications":[{"level":"error","message":{"text":"out of\nmemory"}}]}`), "/invocations/1/executionSuccessful: the tool reported that it did not finish: out of memory"},
		{"success not said", invoked(`{"exitCode":0}`), "unknown whether the tool finished"},
		{"success in words", invoked(`{"executionSuccessful":"true"}`), "SARIF requires true or false here"},
		{"killed", invoked(`{"executionSuccessful":true,"exitSignalName":"SIGKILL"}`), "did not finish: SIGKILL"},
		{"never started", invoked(`{"executionSuccessful":true,"processStartFailureMessage":"no such file"}`), "did not finish: no such file"},
		{"execution error", invoked(`{"executionSuccessful":true,"toolExecutionNotifications":[{"level":"note","message":{"text":"a"}},{"level":"error","message":{"text":"cannot parse x.go"}}]}`), "/toolExecutionNotifications/1: the tool reported that it did not finish: cannot parse x.go"},
		{"configuration error", invoked(`{"executionSuccessful":true,"toolConfigurationNotifications":[{"level":"error","message":{}}]}`), "/toolConfigurationNotifications/0: the tool reported that it did not finish"},
		{"level of its descriptor", run(`{"tool":{"driver":{"name":"T","notifications":[{"id":"n","defaultConfiguration":{"level":"error"}}]}},"results":[],"invocations":[{"executionSuccessful":true,"toolExecutionNotifications":[{"descriptor":{"id":"n"},"message":{"text":"m"}}]}]}`), "did not finish: m"},
		{"unknown level of a notification", invoked(`{"executionSuccessful":true,"toolExecutionNotifications":[{"level":"fatal","message":{}}]}`), `"fatal" is not a SARIF level`},

		{"another commit", one(`"versionControlProvenance":[{"repositoryUri":"https://example.com/r","revisionId":"`+strings.Repeat("b", 40)+`"}]`, ""), "the tool examined commit \"bbbbbbb"},
		{"a commit too short", one(`"versionControlProvenance":[{"revisionId":"aa"}]`, ""), "the tool examined commit \"aa\""},

		{"ruleIndex out of range", one("", `{"ruleIndex":0,"message":{}}`), "at /runs/0/results/0: the index 0 is out of range: there are 0 rule descriptions"},
		{"ruleIndex below", one("", `{"ruleIndex":-2,"message":{}}`), "the index -2 is out of range: there are 0 rule descriptions"},
		{"extension out of range", one("", `{"rule":{"id":"x","toolComponent":{"index":3}},"message":{}}`), "extension 3 is out of range: the tool has 0 extensions"},
		{"index into nowhere", one("", `{"rule":{"index":0,"toolComponent":{"name":"x"}},"message":{}}`), "the index 0 is out of range: there are 0 rule descriptions"},
		{"two indices", run(`{"tool":{"driver":{"name":"T","rules":[{"id":"a"},{"id":"b"}]}},"results":[{"ruleIndex":0,"rule":{"index":1},"message":{}}]}`), "two different indexes of a rule description, 0 and 1"},
		{"the severity of another rule", run(`{"tool":{"driver":{"name":"T","rules":[{"id":"a","properties":{"security-severity":"0.1"}}]}},"results":[{"ruleId":"b","ruleIndex":0,"message":{}}]}`), `the result has the rule "b", but its index refers to the description of "a"`},
		{"artifact out of range", one("", `{"message":{},"locations":[{"physicalLocation":{"artifactLocation":{"index":7}}}]}`), "artifact 7 is out of range: the run has 0 artifacts"},
		{"step out of range", one("", `{"message":{},"codeFlows":[{"threadFlows":[{"locations":[{"index":1}]}]}]}`), "step 1 is out of range: the run has 0 steps"},
		{"invocation out of range", run(`{"tool":{"driver":{"name":"T","rules":[{"id":"a"}]}},"results":[{"ruleId":"a","message":{},"provenance":{"invocationIndex":4}}]}`), "invocation 4 is out of range: the run has 0 invocations"},
		{"unknown level", one("", `{"level":"harmless","message":{}}`), `/runs/0/results/0/level: "harmless" is not a SARIF level`},
		{"unknown kind", one("", `{"kind":"fine","message":{}}`), `/kind: "fine" is not a SARIF kind`},
		{"unknown baseline", one("", `{"baselineState":"old","message":{}}`), `"old" is not a SARIF baseline state`},
		{"line below", one("", at("a", `"startLine":-1`)), "/locations/0/physicalLocation/region: -1 is not a valid line or column"},
		{"line beyond", one("", at("a", `"startLine":10000001`)), "is not a valid line or column"},
		{"line no integer", one("", at("a", `"startLine":99999999999999999999`)), "SARIF requires a whole number here"},

		{"severity NaN", property(`"NaN"`), `security-severity: "NaN" is not a number from 0 to 10`},
		{"severity Inf", property(`"Inf"`), "is not a number"},
		{"severity negative", property(`"-1"`), "is not a number"},
		{"severity negative number", property(`-0.5`), "is not a number"},
		{"severity above", property(`"10.1"`), "is not a number"},
		{"severity far above", property(`1e999`), "is not a number"},
		{"severity hexadecimal", property(`"0x1p-2"`), "is not a number"},
		{"severity text", property(`"high"`), "is not a number"},
		{"severity empty", property(`""`), "is not a number"},
		{"severity null", property(`null`), "is not a number"},
		{"severity object", property(`{}`), "is not a number"},
		{"severity of the rule", run(`{"tool":{"driver":{"name":"T","rules":[{"id":"a","properties":{"security-severity":"low"}}]}},"results":[{"ruleId":"a","message":{}}]}`), `"low" is not a number`},
		{"properties an array", one("", `{"message":{},"properties":[]}`), "SARIF requires an object here"},
	} {
		t.Run("GP-GATE-11 "+test.name, func(t *testing.T) {
			res, err := scan(t, test.text, gate.Input{Dir: t.TempDir(), Head: strings.Repeat("a", 40)})
			if err == nil || !strings.Contains(err.Error(), test.want) || len(res.Findings) > 0 {
				t.Errorf("%+v\nerror %v\nwant  %s", res, err, test.want)
			}
			if err != nil && len(err.Error()) > 1000 {
				t.Error("the error is long")
			}
		})
	}
}

// TestErrorNamesFile: every error of Read says which file it was.
func TestErrorNamesFile(t *testing.T) {
	dir := t.TempDir()
	name := written(t, "{", dir)
	for _, n := range []string{name, dir, filepath.Join(dir, "none")} {
		if _, err := Read(n); err == nil || !strings.Contains(err.Error(), n) {
			t.Errorf("%v", err)
		}
	}
}

// TestWhatIsNoLie is what looks like one.
func TestWhatIsNoLie(t *testing.T) {
	head := strings.Repeat("a", 40)
	for name, text := range map[string]string{
		"byte order mark": "\ufeff" + one("", ""),
		"warnings":        one(`"invocations":[{"executionSuccessful":true,"exitCode":1,"toolExecutionNotifications":[{"level":"warning","message":{}},{"message":{}}]}]`, ""),
		"this commit":     one(`"versionControlProvenance":[{"repositoryUri":"https://example.com/r","revisionId":"`+strings.ToUpper(head)+`"}]`, ""),
		"short id":        one(`"versionControlProvenance":[{"revisionId":"aaaaaaa"}]`, ""),
		"a dependency":    one(`"versionControlProvenance":[{"revisionId":"bbbbbbb"},{"revisionId":"`+head+`"}]`, ""),
		"no commit said":  one(`"versionControlProvenance":[{"repositoryUri":"https://example.com/r"}]`, ""),
		"null of a bag":   one(`"properties":{"a":null}`, ""),
		"many of another": one(`"artifacts":[`+strings.TrimSuffix(strings.Repeat("{},", 2*maxResults), ",")+`]`, ""),
	} {
		if res, err := scan(t, text, gate.Input{Dir: t.TempDir(), Head: head}); err != nil || res.Covered != "0 results of 1 run" {
			t.Errorf("%s: %+v: %v", name, res, err)
		}
	}
}

// TestSize: 60 MB are read, 65 MB are not.
func TestSize(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "big.sarif")
	padding := strings.Repeat("x", 2000)
	var b strings.Builder
	for i := range maxResults {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"ruleId":"R","message":{"text":"m %d %s"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"f%d.go"},"region":{"startLine":%d,"snippet":{"text":"%s"}}}}]}`, i, padding[:1300], i%100, i%7+1, padding[:900])
	}
	text := one("", b.String())
	if len(text) < 56<<20 || len(text) > maxBytes {
		t.Fatalf("%d bytes", len(text))
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := Read(name)
	if err != nil {
		t.Fatal(err)
	}
	res, err := all[0].Scan(t.Context(), gate.Input{Dir: dir})
	if err != nil || len(res.Findings) != maxResults || res.Covered != "25,000 results of 1 run" {
		t.Errorf("%d findings in %s: %v", len(res.Findings), res.Covered, err)
	}
	if err := os.Truncate(name, maxBytes+1); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(name); err == nil || !strings.Contains(err.Error(), "is larger than 64 MiB") {
		t.Error(err)
	}
}
