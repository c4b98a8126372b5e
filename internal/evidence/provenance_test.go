package evidence

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
)

func TestBuildPredicate(t *testing.T) {
	build := Build{
		Source: "git+https://github.com/acme/shop", Commit: "abc", Config: "sha256:1", Command: "make", Pack: "out",
		Version: "v1.2.3", Invocation: "ann@laptop",
		Started: time.Date(2026, 11, 21, 13, 0, 0, 0, time.FixedZone("CET", 3600)), Finished: time.Date(2026, 11, 21, 12, 1, 0, 0, time.UTC),
	}
	predicate, err := structpb.NewStruct(build.Predicate())
	if err != nil {
		t.Fatal(err)
	}
	at := func(path ...string) any {
		v := structpb.NewStructValue(predicate)
		for _, name := range path {
			v = v.GetStructValue().GetFields()[name]
		}
		return v.AsInterface()
	}
	for want, got := range map[any]any{
		"2026-11-21T12:00:00Z": at("runDetails", "metadata", "startedOn"),
		"2026-11-21T12:01:00Z": at("runDetails", "metadata", "finishedOn"),
		"ann@laptop":           at("runDetails", "metadata", "invocationId"),
		localBuilder:           at("runDetails", "builder", "id"),
		"v1.2.3":               at("runDetails", "builder", "version", "goldenpath"),
		"make":                 at("buildDefinition", "externalParameters", "build"),
		"sha256:1":             at("buildDefinition", "externalParameters", "config"),
	} {
		if got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	build.Builder = "https://github.com/acme/shop/.github/workflows/package.yml@refs/heads/main"
	source := build.Predicate()["buildDefinition"].(map[string]any)["resolvedDependencies"].([]any)[0].(map[string]any)
	if source["uri"] != build.Source || source["digest"].(map[string]any)["gitCommit"] != "abc" {
		t.Errorf("source %v", source)
	}
	if got := build.Predicate()["runDetails"].(map[string]any)["builder"].(map[string]any)["id"]; got != build.Builder {
		t.Errorf("builder %v, want %v", got, build.Builder)
	}
}
