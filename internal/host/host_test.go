package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

const shop = `version: 1
apps:
  shop:
    preview: {url: "http://{name}.shop.test"}
    environments:
      staging: {url: "https://staging.shop.test"}
      production: {url: "https://shop.test", from: staging}
`

// TestConfig: what a server accepts is checked as a whole, before it accepts anything.
func TestConfig(t *testing.T) {
	if _, err := parseConfig([]byte(shop)); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ old, with, want string }{
		"another version":     {"version: 1", "version: 2", "reads version 1"},
		"an unknown key":      {"version: 1", "version: 1\nbogus: 1", "bogus"},
		"one preview address": {"{name}.shop.test", "preview.shop.test", "the same for every preview"},
		"a port":              {"https://shop.test", "https://shop.test:8443", "without a port"},
		"a path":              {"https://shop.test", "https://shop.test/app", "and a path"},
		"another scheme":      {"https://shop.test", "ftp://shop.test", "is not an address"},
		"one address twice":   {"https://staging.shop.test", "https://shop.test", "is the address of"},
		"no such environment": {"from: staging", "from: qa", `no environment "qa"`},
		"a broken key":        {"    environments:", "    keys: [nonsense]\n    environments:", "keys: key 1"},
		"a broken limit":      {"version: 1", "version: 1\npreviews: {memory: much}", "previews.memory"},
		"nothing to pull":     {"  shop:", "  shop:\n    pull: true", "does not name a registry"},
		"a limit of releases": {"version: 1", "version: 1\nreleases: {disk: 1GiB}", "nothing of a release is removed"},
		"a broken name":       {"  shop:", "  Shop.1:", "is not a name"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseConfig([]byte(strings.Replace(shop, tt.old, tt.with, 1)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// TestKey: a key acts on the environments of its role and of its apps.
func TestKey(t *testing.T) {
	previews, releases := Key{RolePreviews, []string{"shop"}}, Key{RoleReleases, []string{"shop"}}
	for name, tt := range map[string]struct {
		key              Key
		app, environment string
		allowed          bool
	}{
		"a preview":                         {previews, "shop", "preview/pr-1", true},
		"production with the previews' key": {previews, "shop", "production", false},
		"another app":                       {previews, "wiki", "preview/pr-1", false},
		"production":                        {releases, "shop", "production", true},
		"a preview with the releases' key":  {releases, "shop", "preview/pr-1", false},
		"a part of the app's name":          {previews, "sho", "preview/pr-1", false},
		"no role":                           {Key{"", []string{"shop"}}, "shop", "preview/pr-1", false},
	} {
		if err := tt.key.allows(tt.app, tt.environment); (err == nil) != tt.allowed || err != nil && !errors.Is(err, protocol.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// testHost returns a server whose engine, systemd and Caddy are never reached.
func testHost(t *testing.T) *Host {
	t.Helper()
	c, err := parseConfig([]byte(shop))
	if err != nil {
		t.Fatal(err)
	}
	h := &Host{Dir: t.TempDir(), Config: c, engine: engine{podman, "/bin/false"}}
	for _, sub := range []string{"environments", "images", "records"} {
		if err := os.MkdirAll(filepath.Join(h.Dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// serve starts a session and returns a client of it.
func serve(t *testing.T, h *Host, k Key) *http.Client {
	t.Helper()
	return &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		inner, outer := net.Pipe()
		go func() {
			_ = h.Serve(t.Context(), k, inner, inner)
			inner.Close()
		}()
		return outer, nil
	}, DisableKeepAlives: true}}
}

func ask(t *testing.T, c *http.Client, method, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://server"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(protocol.VersionHeader, strconv.Itoa(protocol.Version))
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// TestServeRefuses: a request that a key may not make is refused, with a line in the audit
// log if it would have changed something.
func TestServeRefuses(t *testing.T) {
	spec := func(app, environment, url string) string {
		b, err := json.Marshal(protocol.Spec{App: app, Environment: environment, URL: url, Digest: "sha256:" + strings.Repeat("a", 64)})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, tt := range map[string]struct {
		key                Key
		method, path, body string
		want               string
		audited            bool
	}{
		"another app":              {Key{RolePreviews, []string{"shop"}}, "POST", protocol.PathPrepare, spec("wiki", "preview/pr-1", ""), "may not do that", true},
		"production":               {Key{RolePreviews, []string{"shop"}}, "POST", protocol.PathPrepare, spec("shop", "production", ""), "may not do that", true},
		"the address of another":   {Key{RolePreviews, []string{"shop"}}, "POST", protocol.PathPrepare, spec("shop", "preview/pr-1", "https://shop.test"), "repeat goldenpath host bootstrap", true},
		"a name with a path":       {Key{RolePreviews, []string{"shop"}}, "POST", protocol.PathPrepare, spec("shop", "preview/../production", ""), "is not the name", true},
		"no evidence":              {Key{RoleReleases, []string{"shop"}}, "POST", protocol.PathPrepare, spec("shop", "staging", ""), "trusts no key", true},
		"removal of production":    {Key{RoleReleases, []string{"shop"}}, "POST", protocol.PathDown, `{"app":"shop","environment":"production"}`, "on the server only", true},
		"an unknown field":         {Key{RolePreviews, []string{"shop"}}, "POST", protocol.PathPrepare, `{"app":"shop","run":"id"}`, "unknown field", true},
		"records of another app":   {Key{RolePreviews, []string{"shop"}}, "GET", protocol.PathRecords + "/wiki", "", "may not do that", true},
		"records by a path":        {Key{RolePreviews, []string{"shop"}}, "GET", protocol.PathRecords + "/..%2F..%2Fetc", "", "may not do that", true},
		"an image of another app":  {Key{RolePreviews, []string{"shop"}}, "GET", "/v2/wiki/manifests/latest", "", "may not do that", true},
		"the removal of an image":  {Key{RolePreviews, []string{"shop"}}, "DELETE", "/v2/shop/manifests/latest", "", "may not do that", true},
		"the list of another app":  {Key{RolePreviews, []string{"shop"}}, "POST", protocol.PathList, `{"app":"wiki"}`, "may not do that", true},
		"the status of another":    {Key{RolePreviews, []string{"shop"}}, "POST", protocol.PathStatus, `{"app":"wiki","environment":"production"}`, "may not do that", true},
		"a path that is not there": {Key{RolePreviews, []string{"shop"}}, "POST", "/v1/exec", `{}`, "404", false},
	} {
		t.Run(name, func(t *testing.T) {
			h := testHost(t)
			_, body := ask(t, serve(t, h, tt.key), tt.method, tt.path, tt.body)
			if !strings.Contains(body, tt.want) {
				t.Errorf("%s, want %q", body, tt.want)
			}
			log, _ := os.ReadFile(filepath.Join(h.Dir, "audit.jsonl"))
			if tt.audited != bytes.Contains(log, []byte(`"error":`)) {
				t.Errorf("the audit log: %s", log)
			}
			if all, err := h.all(); err != nil || len(all) > 0 {
				t.Errorf("environments: %v, %v", all, err)
			}
		})
	}
}

// TestProtocolVersion: the refusal of another version names the remedy.
func TestProtocolVersion(t *testing.T) {
	c := serve(t, testHost(t), Key{RolePreviews, []string{"shop"}})
	res, err := c.Get("http://server" + protocol.PathHello)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusBadRequest || !bytes.Contains(b, []byte("same goldenpath on both")) {
		t.Errorf("%d %s", res.StatusCode, b)
	}
}

// TestRecords: of two writers with one version, one is refused.
func TestRecords(t *testing.T) {
	r := testHost(t).Records("shop")
	files, version, err := r.Load(t.Context())
	if err != nil || len(files) != 0 {
		t.Fatal(files, err)
	}
	if err := r.Save(t.Context(), map[string][]byte{"a": []byte("1")}, version); err != nil {
		t.Fatal(err)
	}
	if err := r.Save(t.Context(), map[string][]byte{"a": []byte("2")}, version); !errors.Is(err, ledger.ErrMoved) {
		t.Errorf("%v", err)
	}
	files, _, err = r.Load(t.Context())
	if err != nil || string(files["a"]) != "1" {
		t.Errorf("%s, %v", files, err)
	}
}

// TestEvidence: which evidence an environment needs, and whose.
func TestEvidence(t *testing.T) {
	key, err := evidence.OpenKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	other, err := evidence.OpenKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	pem, err := key.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	digest := "sha256:" + strings.Repeat("a", 64)
	text := []byte("version: 1\napp: shop\nartifact: {image: shop, pack: dist, entrypoint: [/shop]}\nenvironments:\n  staging: {env: {MODE: test}}\n  production: {from: staging, migrate: [/shop, migrate], secrets: {TOKEN: SHOP_TOKEN}}\n")
	sum := sha256.Sum256(text)
	sign := func(k *evidence.Key, kind, name, digest, verdict string, at time.Time) []byte {
		predicate := map[string]any{"verdict": verdict, "environment": "staging", "result": map[string]string{"pass": "PASSED"}[verdict]}
		if kind == evidence.Provenance {
			predicate = evidence.Build{Commit: "c0ffee", Config: "sha256:" + hex.EncodeToString(sum[:])}.Predicate()
		}
		b, err := evidence.Sign(t.Context(), k, evidence.Statement{Type: kind, Name: name, Digest: digest, Predicate: predicate}, at)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	now := time.Now()
	all := func(k *evidence.Key, name, digest, verdict string) (out [][]byte) {
		for _, kind := range []string{evidence.Provenance, evidence.Tests, evidence.Gate, evidence.Scorecard, evidence.Battery} {
			out = append(out, sign(k, kind, name, digest, verdict, now))
		}
		return out
	}
	for name, tt := range map[string]struct {
		environment string
		evidence    [][]byte
		want        string
		change      func(*protocol.Spec)
	}{
		"everything":            {"production", all(key, "shop", digest, "pass"), "", nil},
		"none":                  {"staging", nil, "no trusted evidence of provenance", nil},
		"too little":            {"production", all(key, "shop", digest, "pass")[:3], "battery on staging", nil},
		"enough for staging":    {"staging", all(key, "shop", digest, "pass")[:3], "", nil},
		"another key":           {"production", all(other, "shop", digest, "pass"), "were not signed by a key", nil},
		"another digest":        {"production", all(key, "shop", "sha256:"+strings.Repeat("b", 64), "pass"), "no trusted evidence", nil},
		"another image":         {"production", all(key, "wiki", digest, "pass"), "is about the image wiki", nil},
		"a failed gate":         {"production", append(all(key, "shop", digest, "pass"), sign(key, evidence.Gate, "shop", digest, "fail", now.Add(time.Second))), "security-gate: fail", nil},
		"a preview needs none":  {"preview/pr-1", nil, "", nil},
		"another configuration": {"production", all(key, "shop", digest, "pass"), "not the one from which", func(s *protocol.Spec) { s.Config = append(s.Config, '\n') }},
		"another commit":        {"production", all(key, "shop", digest, "pass"), "was built from commit", func(s *protocol.Spec) { s.Commit = "beef" }},
		"an undeclared secret":  {"production", all(key, "shop", digest, "pass"), "is not declared", func(s *protocol.Spec) { s.Secrets["LD_PRELOAD"] = "/data/x" }},
		"a declared secret":     {"production", all(key, "shop", digest, "pass"), "", func(s *protocol.Spec) { s.Secrets["TOKEN"] = "x" }},
	} {
		t.Run(name, func(t *testing.T) {
			h := testHost(t)
			app := h.Config.Apps["shop"]
			app.Keys = []string{string(pem)}
			h.Config.Apps["shop"] = app
			e := &environment{h: h, state: state{App: "shop", Environment: tt.environment}}
			s := protocol.Spec{App: "shop", Environment: tt.environment, Digest: digest, Commit: "c0ffee", Config: text, Evidence: tt.evidence, Secrets: map[string]string{}}
			// What the client says about the program is not what runs.
			s.Env, s.Migrate = map[string]string{"EVIL": "1"}, target.Migration{Shell: "id"}
			if tt.change != nil {
				tt.change(&s)
			}
			_, err := e.verify(t.Context(), &s)
			if err == nil && tt.environment == "production" && (len(s.Env) > 0 || s.Migrate.Shell != "" || s.Migrate.Argv[0] != "/shop") {
				t.Errorf("what runs: %v %v", s.Env, s.Migrate)
			}
			var refusal *target.Refusal
			if tt.want == "" && err != nil || tt.want != "" && (!errors.As(err, &refusal) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// TestDowngrade: an older image that never served is refused; one that served may return.
func TestDowngrade(t *testing.T) {
	h := testHost(t)
	e := &environment{h: h, dir: t.TempDir(), state: state{App: "shop", Environment: "production", Serving: 2}}
	now := time.Now().UTC()
	if err := e.write(&generation{Number: 2, Digest: "sha256:two", Built: now}); err != nil {
		t.Fatal(err)
	}
	old := protocol.Spec{App: "shop", Environment: "production", Digest: "sha256:one"}
	if err := e.newer(old, now.Add(-time.Hour)); err == nil || !strings.Contains(err.Error(), "never served") {
		t.Errorf("%v", err)
	}
	if err := e.newer(old, now.Add(time.Hour)); err != nil {
		t.Errorf("a newer one: %v", err)
	}
	e.Served = []string{"sha256:one", "sha256:two"}
	if err := e.newer(old, now.Add(-time.Hour)); err != nil {
		t.Errorf("a rollback: %v", err)
	}
}

// TestAddresses: generations that run together and environments have different addresses.
func TestAddresses(t *testing.T) {
	seen := map[string]string{}
	for n := 1; n < 4096; n++ {
		e := &environment{state: state{Network: n}}
		for g := 100; g < 103; g++ {
			a := e.addressOf(g)
			if by := seen[a]; by != "" || net.ParseIP(a) == nil {
				t.Fatalf("%s is of %s and %d.%d", a, by, n, g)
			}
			seen[a] = fmt.Sprintf("%d.%d", n, g)
		}
	}
}

// TestErrorsArrive: what the caller of a target distinguishes survives the way over SSH.
func TestErrorsArrive(t *testing.T) {
	for _, err := range []error{
		&target.Refusal{Problems: []string{"no"}}, &target.Failure{What: "down", NotUp: true, Detail: []string{"log"}}, target.ErrNotDeployed,
		target.ErrSuperseded, ledger.ErrMoved, protocol.ErrForbidden, errors.New("other"),
	} {
		b, marshalErr := json.Marshal(protocol.Wrap(fmt.Errorf("outer: %w", err)))
		if marshalErr != nil {
			t.Fatal(marshalErr)
		}
		got := &protocol.Error{}
		if err := json.Unmarshal(b, got); err != nil {
			t.Fatal(err)
		}
		var refusal *target.Refusal
		var failure *target.Failure
		switch {
		case errors.As(err, &refusal):
			if !errors.As(error(got), &refusal) || refusal.Problems[0] != "no" {
				t.Errorf("%v became %v", err, got)
			}
		case errors.As(err, &failure):
			if !errors.As(error(got), &failure) || !failure.NotUp || failure.Detail[0] != "log" {
				t.Errorf("%v became %v", err, got)
			}
		case got.Kind != "" && !errors.Is(got, err):
			t.Errorf("%v became %v", err, got)
		}
	}
}

// TestServe: the configuration of a second app keeps the first, an app can be served
// otherwise, and what a person has edited stays.
func TestServe(t *testing.T) {
	key, err := evidence.OpenKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	pem, err := key.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	one := App{Image: "ghcr.io/acme/shop", Preview: Place{URL: "https://pr-{number}.shop.test"}, Environments: map[string]Place{"staging": {URL: "https://staging.shop.test"}, "production": {URL: "https://shop.test", From: "staging", Soak: true}}, Keys: []string{string(pem)}}
	text, edited, err := Serve(nil, "shop", one)
	if err != nil || edited {
		t.Fatal(edited, err)
	}
	both, _, err := Serve(text, "wiki", App{Environments: map[string]Place{"production": {URL: "https://wiki.test"}}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := parseConfig(both)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one, c.Apps["shop"]); diff != "" || c.Apps["wiki"].Environments["production"].URL != "https://wiki.test" || c.Apps["wiki"].image("wiki") != "wiki" {
		t.Errorf("%s\n%s", diff, both)
	}
	one.Environments["production"] = Place{URL: "https://new.shop.test", From: "staging"}
	moved, _, err := Serve(both, "shop", one)
	if c, parseErr := parseConfig(moved); err != nil || parseErr != nil || c.Apps["shop"].Environments["production"].URL != "https://new.shop.test" || len(c.Apps) != 2 {
		t.Errorf("%v %v\n%s", err, parseErr, moved)
	}
	changed := append(slices.Clone(moved), "budget: {previews: 3}\n"...)
	if kept, edited, err := Serve(changed, "shop", App{}); err != nil || !edited || !bytes.Equal(kept, changed) {
		t.Errorf("an edited file: %v %v\n%s", edited, err, kept)
	}
}
