package database

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// TestFaults proves GP-GATE-8: what a mirror may do wrong, and what comes of it.
func TestFaults(t *testing.T) {
	good := advisories(t, "GO-2026-0001")
	day := noon.Add(-24 * time.Hour)
	ok := content(good, day)
	flipped := bytes.Clone(good)
	flipped[60] ^= 0xff // in the middle of the advisory
	sum := func(body []byte) string {
		return "crc32c=" + base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))))
	}
	hashed := func(hash string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Goog-Hash", hash)
			ok(w, r)
		}
	}
	for name, test := range map[string]struct {
		steps []http.HandlerFunc
		state State
		asked int
		waits []time.Duration
		said  string
	}{
		"good":                            {steps: []http.HandlerFunc{ok}, state: Fetched, asked: 1},
		"429 with Retry-After in seconds": {steps: []http.HandlerFunc{status(429, "Retry-After", "7"), ok}, state: Fetched, asked: 2, waits: []time.Duration{7500 * time.Millisecond}},
		"429 with Retry-After as a date": {
			steps: []http.HandlerFunc{status(429, "Retry-After", noon.Add(9*time.Second).Format(http.TimeFormat)), ok},
			state: Fetched, asked: 2, waits: []time.Duration{9500 * time.Millisecond},
		},
		"429 that asks for an hour": {steps: []http.HandlerFunc{status(429, "Retry-After", "3600"), ok}, state: Missing, asked: 1, said: "the mirror responded with 429 Too Many Requests and asks to wait 1h0m0s"},
		"503 burst": {
			steps: []http.HandlerFunc{status(503), status(503), status(503), ok}, state: Fetched, asked: 4,
			waits: []time.Duration{750 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second},
		},
		"503 for ever": {
			steps: []http.HandlerFunc{status(503)}, state: Missing, asked: 4, said: "the mirror responded with 503 Service Unavailable",
			waits: []time.Duration{750 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second},
		},
		"404":                         {steps: []http.HandlerFunc{status(404)}, state: Missing, asked: 1, said: "the mirror responded with 404 Not Found"},
		"304 without a condition":     {steps: []http.HandlerFunc{status(304)}, state: Missing, asked: 1, said: "the mirror responded with 304 Not Modified"},
		"connection reset mid-body":   {steps: []http.HandlerFunc{reset(good), ok}, state: Fetched, asked: 2, waits: []time.Duration{750 * time.Millisecond}},
		"truncated zip, then good":    {steps: []http.HandlerFunc{content(good[:len(good)-9], day), ok}, state: Fetched, asked: 2, waits: []time.Duration{750 * time.Millisecond}},
		"truncated zip for ever":      {steps: []http.HandlerFunc{content(good[:len(good)-9], day)}, state: Missing, asked: 2, waits: []time.Duration{750 * time.Millisecond}, said: "not a valid zip file"},
		"an entry with a wrong CRC":   {steps: []http.HandlerFunc{content(flipped, day)}, state: Missing, asked: 2, waits: []time.Duration{750 * time.Millisecond}, said: `cannot read entry "GO-2026-0001.json" of the archive`},
		"HTML error page with 200":    {steps: []http.HandlerFunc{content([]byte("\n<!DOCTYPE html><p>Sorry"), day)}, state: Missing, asked: 2, waits: []time.Duration{750 * time.Millisecond}, said: "the mirror sent a web page"},
		"zip without an advisory":     {steps: []http.HandlerFunc{content(emptyZip, day)}, state: Missing, asked: 2, waits: []time.Duration{750 * time.Millisecond}, said: "the archive contains no advisory"},
		"the checksum of the mirror":  {steps: []http.HandlerFunc{hashed(sum(good))}, state: Fetched, asked: 1},
		"another checksum than that":  {steps: []http.HandlerFunc{hashed(sum(flipped))}, state: Missing, asked: 2, waits: []time.Duration{750 * time.Millisecond}, said: "the checksum that the mirror sent does not match"},
		"redirect to plain http":      {steps: []http.HandlerFunc{status(302, "Location", "http://mirror.example.com/all.zip")}, state: Missing, asked: 1, said: "http://mirror.example.com was not used: a mirror must be https"},
		"redirect to another scheme":  {steps: []http.HandlerFunc{status(302, "Location", "file:///etc/passwd")}, state: Missing, asked: 1, said: "was not used: a mirror must be https"},
		"more than is taken":          {steps: []http.HandlerFunc{content(make([]byte, 1<<20), day)}, state: Missing, asked: 1, said: "the file has 1048576 bytes, more than the limit of 65536"},
		"more than is taken, chunked": {steps: []http.HandlerFunc{endless}, state: Missing, asked: 2, waits: []time.Duration{750 * time.Millisecond}, said: "the mirror sent more than 65536 bytes"},
		"zip that unpacks to too much": {
			steps: []http.HandlerFunc{content(bomb(t), day)}, state: Missing, asked: 2, waits: []time.Duration{750 * time.Millisecond}, said: "the archive is too large when unpacked",
		},
	} {
		t.Run("GP-GATE-8 "+name, func(t *testing.T) {
			c, s := &clock{now: noon}, serve(t, test.steps...)
			o := options(t, c, s.URL)
			o.limits = limits{zip: 64 << 10, entry: 1 << 20}
			got, err := Update(t.Context(), o)
			if len(got) != 1 || got[0].State != test.state {
				t.Fatalf("got %+v, %v; want %s", got, err, test.state)
			}
			if (err != nil) != (test.state == Missing) {
				t.Errorf("error is %v", err)
			}
			if s.count() != test.asked {
				t.Errorf("asked %d times, want %d", s.count(), test.asked)
			}
			if d := cmp.Diff(test.waits, c.waits); d != "" {
				t.Error(d)
			}
			if said := strings.Join(got[0].Errors, "\n"); !strings.Contains(said, test.said) {
				t.Errorf("says %q, want %q", said, test.said)
			}
			if found := leftovers(t, o.Dir); len(found) > 0 {
				t.Errorf("left %v", found)
			}
			if test.state == Fetched && !bytes.Equal(read1(t, o.Dir, "osv/Go"), good) {
				t.Error("the file is not what was sent")
			}
			gaps := Judge(o.Dir, []string{"osv/Go"}, noon, 0)
			if (len(gaps) > 0) != (test.state == Missing) {
				t.Errorf("gaps: %v", gaps)
			}
		})
	}
}

var emptyZip = append([]byte("PK\x05\x06"), make([]byte, 18)...)

func endless(w http.ResponseWriter, r *http.Request) {
	block := make([]byte, 32<<10)
	for r.Context().Err() == nil {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// TestRedirect proves GP-GATE-8: a mirror may send on to another host.
func TestRedirect(t *testing.T) {
	good := advisories(t, "GO-2026-0001")
	to := serve(t, content(good, noon))
	from := serve(t, status(302, "Location", to.URL+"/elsewhere.zip"))
	got, err := Update(t.Context(), options(t, &clock{now: noon}, from.URL))
	if err != nil || got[0].State != Fetched || to.asked[0].URL.Path != "/elsewhere.zip" {
		t.Fatalf("%+v, %v", got, err)
	}
}

// TestDowngrade: what https has sent on is never fetched over http, this machine
// or not.
func TestDowngrade(t *testing.T) {
	for _, test := range []struct {
		from, to string
		ok       bool
	}{
		{"https://a.example.com", "https://b.example.com", true},
		{"https://a.example.com", "http://b.example.com", false},
		{"https://a.example.com", "http://127.0.0.1:1", false},
		{"http://127.0.0.1:1", "http://localhost:2", true},
		{"http://127.0.0.1:1", "https://b.example.com", true},
		{"http://127.0.0.1:1", "http://127.0.0.1.example.com", false},
		{"", "http://[::1]:80", true},
		{"", "http://10.0.0.1", false},
	} {
		req, err := http.NewRequest(http.MethodGet, test.to, nil)
		if err != nil {
			t.Fatal(err)
		}
		if test.from != "" {
			first, err := http.NewRequest(http.MethodGet, test.from, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Response = &http.Response{Request: first}
		}
		if err := allowed(req); (err == nil) != test.ok {
			t.Errorf("%s to %s: %v", test.from, test.to, err)
		}
	}
}

// TestMirrors proves GP-GATE-8: mirrors are asked in order, and when none helps
// the old file stays and is said to be stale, with what each mirror said.
func TestMirrors(t *testing.T) {
	old, young := advisories(t, "GO-2026-0001"), advisories(t, "GO-2026-00002")
	c := &clock{now: noon}
	first, second := serve(t, status(403)), serve(t, content(old, noon.Add(-time.Hour)), status(500))
	o := options(t, c, first.URL, second.URL)
	got, err := Update(t.Context(), o)
	if err != nil || got[0].State != Fetched || got[0].From != second.URL+"/Go/all.zip" {
		t.Fatalf("%+v, %v", got, err)
	}
	want := []string{first.URL + "/Go/all.zip: the mirror responded with 403 Forbidden"}
	if d := cmp.Diff(want, got[0].Errors); d != "" {
		t.Error(d)
	}

	t.Run("GP-GATE-8 kept while it is young", func(t *testing.T) {
		c.now = noon.Add(17 * time.Hour)
		before := second.count()
		if got, err := Update(t.Context(), o); err != nil || got[0].State != Kept || second.count() != before {
			t.Fatalf("%+v, %v", got, err)
		}
	})
	t.Run("GP-GATE-8 all mirrors down", func(t *testing.T) {
		c.now = noon.Add(3 * 24 * time.Hour)
		got, err := Update(t.Context(), o)
		if err != nil || got[0].State != Stale || got[0].Age != 3*24*time.Hour {
			t.Fatalf("%+v, %v", got, err)
		}
		want = append(want, second.URL+"/Go/all.zip: the mirror responded with 500 Internal Server Error")
		if d := cmp.Diff(want, got[0].Errors); d != "" {
			t.Error(d)
		}
		if !bytes.Equal(read1(t, o.Dir, "osv/Go"), old) {
			t.Error("the old file is gone")
		}
	})
	t.Run("GP-GATE-8 all mirrors down for too long", func(t *testing.T) {
		c.now = noon.Add(9 * 24 * time.Hour)
		got, err := Update(t.Context(), o)
		if err == nil || got[0].State != Stale || !strings.Contains(err.Error(), "cannot update osv/Go: the existing copy is 9 days old (at most 7 days); "+first.URL) {
			t.Fatalf("%+v, %v", got, err)
		}
		gaps := Judge(o.Dir, []string{"osv/Go"}, c.now, 0)
		if len(gaps) != 1 || gaps[0].Why != "is 9 days old (at most 7 days)" || gaps[0].Remedy != "security-gate database update" {
			t.Errorf("gaps: %+v", gaps)
		}
	})
	t.Run("GP-GATE-8 a cut file is fetched again", func(t *testing.T) {
		k, _ := kindOf("osv/Go")
		file := filepath.Join(o.Dir, k.path)
		if err := os.WriteFile(file, bytes.Repeat([]byte("x"), len(old)), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Update(t.Context(), o); err == nil || !strings.Contains(err.Error(), "the file is not the one that was downloaded: update the database again") {
			t.Errorf("with its mirrors down: %v", err)
		}
		if err := os.Truncate(file, 10); err != nil {
			t.Fatal(err)
		}
		if gaps := Judge(o.Dir, []string{"osv/Go"}, noon, 0); len(gaps) != 1 || !strings.Contains(gaps[0].Why, "has 10 bytes") {
			t.Errorf("gaps: %+v", gaps)
		}
		third := serve(t, content(young, noon))
		o.OSVMirrors = []string{third.URL + "/<ecosystem>/all.zip"}
		if got, err := Update(t.Context(), o); err != nil || got[0].State != Fetched {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestUnchanged proves GP-GATE-8: what a mirror says is current is not fetched
// again, and counts as checked.
func TestUnchanged(t *testing.T) {
	for name, strip := range map[string]string{"ETag": "", "Last-Modified": "ETag"} {
		t.Run("GP-GATE-8 "+name, func(t *testing.T) {
			c := &clock{now: noon}
			full := 0
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("If-None-Match") == "" && r.Header.Get("If-Modified-Since") == "" {
					full++
				}
				content(advisories(t, "GO-2026-0001"), noon.Add(-time.Hour))(&stripped{w, strip}, r)
			})
			o := options(t, c, s.URL)
			if _, err := Update(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			c.now = noon.Add(30 * 24 * time.Hour)
			got, err := Update(t.Context(), o)
			if err != nil || got[0].State != Unchanged || full != 1 || s.count() != 2 || got[0].Age != 0 {
				t.Fatalf("%+v, %v, %d whole answers", got, err, full)
			}
			if gaps := Judge(o.Dir, []string{"osv/Go"}, c.now, 0); gaps != nil {
				t.Errorf("gaps: %v", gaps)
			}
			s.steps = []http.HandlerFunc{content(advisories(t, "GO-2026-00002"), c.now)}
			c.now = c.now.Add(24 * time.Hour)
			if got, err = Update(t.Context(), o); err != nil || got[0].State != Fetched {
				t.Fatalf("%+v, %v", got, err)
			}
		})
	}
}

// stripped is an answer without a header.
type stripped struct {
	http.ResponseWriter
	header string
}

func (w *stripped) WriteHeader(status int) {
	w.Header().Del(w.header)
	w.ResponseWriter.WriteHeader(status)
}

// TestSlow proves GP-GATE-8: a body that does not end ends the attempt, and the
// deadline ends the update; the old file stays.
func TestSlow(t *testing.T) {
	good := advisories(t, "GO-2026-0001")
	t.Run("GP-GATE-8 stalled", func(t *testing.T) {
		s := serve(t, hang(good, func() {}), content(good, noon))
		o := options(t, &clock{now: noon}, s.URL)
		o.Stall = 50 * time.Millisecond
		if got, err := Update(t.Context(), o); err != nil || got[0].State != Fetched || s.count() != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
	})
	t.Run("GP-GATE-8 deadline", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := serve(t, content(good, noon), hang(good, cancel))
		c := &clock{now: noon}
		o := options(t, c, s.URL)
		o.Ecosystems = []string{"Go"}
		if _, err := Update(ctx, o); err != nil {
			t.Fatal(err)
		}
		c.now = noon.Add(24 * time.Hour)
		o.Ecosystems = []string{"Go", "npm"}
		got, err := Update(ctx, o)
		if err == nil || !strings.Contains(err.Error(), "context canceled") || len(got) != 1 || got[0].State != Stale || s.count() != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		if !bytes.Equal(read1(t, o.Dir, "osv/Go"), good) || len(leftovers(t, o.Dir)) > 0 {
			t.Error("the old file is gone, or a part is left")
		}
	})
}

// TestKilled proves GP-GATE-8: a process that is killed in the middle leaves the
// old file, and nothing that disturbs the next update.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("DATABASE_TEST_DIR"); dir != "" {
		_, err := Update(t.Context(), Options{
			Dir: dir, Ecosystems: []string{"Go"}, OSVMirrors: []string{os.Getenv("DATABASE_TEST_MIRROR")},
			Progress: func(string, int64, int64) { fmt.Println("begun") },
		})
		t.Fatalf("it was to be killed: %v", err)
	}
	old, young := advisories(t, "GO-2026-0001"), advisories(t, "GO-2026-00002")
	s := serve(t, content(old, noon), hang(make([]byte, 4<<20), func() {}), content(young, noon))
	long := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC) // ago, for the child, which has the machine's clock
	c := &clock{now: long}
	o := options(t, c, s.URL)
	if _, err := Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), "DATABASE_TEST_DIR="+o.Dir, "DATABASE_TEST_MIRROR="+o.OSVMirrors[0])
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "begun\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	if len(leftovers(t, o.Dir)) != 1 {
		t.Error("the child had not begun to write")
	}
	if !bytes.Equal(read1(t, o.Dir, "osv/Go"), old) || Judge(o.Dir, []string{"osv/Go"}, long, 0) != nil {
		t.Error("the old file is not usable")
	}
	c.now = long.Add(24 * time.Hour)
	if got, err := Update(t.Context(), o); err != nil || got[0].State != Fetched || len(leftovers(t, o.Dir)) > 0 {
		t.Fatalf("%+v, %v", got, err)
	}
}

// TestTogether proves GP-GATE-8: of two updates at once one fetches, and the other
// finds what it has fetched.
func TestTogether(t *testing.T) {
	s := serve(t, content(advisories(t, "GO-2026-0001"), noon))
	o := options(t, &clock{now: noon}, s.URL)
	var wg sync.WaitGroup
	states := make([]State, 4)
	for i := range states {
		wg.Go(func() {
			got, err := Update(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			states[i] = got[0].State
		})
	}
	wg.Wait()
	count := map[State]int{}
	for _, s := range states {
		count[s]++
	}
	if d := cmp.Diff(map[State]int{Fetched: 1, Kept: 3}, count); d != "" || s.count() != 1 {
		t.Error(d, s.count())
	}
}

// TestNames: an ecosystem becomes a folder as osv-scalibr names it, and an
// address; what could leave the folder is refused, all at once.
func TestNames(t *testing.T) {
	s := serve(t, content(advisories(t, "X-1"), noon))
	o := options(t, &clock{now: noon}, s.URL)
	o.Ecosystems = []string{"crates.io", "GitHub Actions", "Debian:12", "Debian:13"}
	got, err := Update(t.Context(), o)
	if err != nil || len(got) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, want := range []string{"/crates.io/all.zip", "/GitHub%20Actions/all.zip", "/Debian/all.zip"} {
		if got := s.asked[i].URL.EscapedPath(); got != want {
			t.Errorf("asked for %s, want %s", got, want)
		}
	}
	for _, name := range []string{"crates.io", "GitHub Actions", "Debian"} {
		if _, err := os.Stat(filepath.Join(o.Dir, "osv-scalibr", name, "all.zip")); err != nil {
			t.Error(err)
		}
	}
	o.Ecosystems, o.OSVMirrors = []string{"../up", "a/b", "", "Go"}, []string{"https://user:secret@osv.example.com/all.zip?token=secret"}
	_, err = Update(t.Context(), o)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"../up" is not an OSV ecosystem`, `"a/b" is not an OSV ecosystem`, `"" is not an OSV ecosystem`, "mirror https://osv.example.com/all.zip does not contain the placeholder <ecosystem>"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("%v shows a secret", err)
	}
}

// TestQuiet proves GP-GATE-7: an address with a token in it is shown nowhere
// without need, and nothing is printed.
func TestQuiet(t *testing.T) {
	s := serve(t, status(401))
	o := options(t, &clock{now: noon})
	o.OSVMirrors = []string{
		strings.Replace(s.URL, "http://", "http://user:hunter2@", 1) + "/<ecosystem>?sig=hunter2",
		"https://user:hunter2@%zz/<ecosystem>",
		"http://user:hunter2@osv.example.com/<ecosystem>?sig=hunter2",
	}
	var got []Result
	var err error
	printed := gatetest.Printed(t, func() { got, err = Update(t.Context(), o) })
	if err == nil || printed != "" {
		t.Fatalf("%v, printed %q", err, printed)
	}
	if all := err.Error() + strings.Join(got[0].Errors, "\n"); strings.Contains(all, "hunter2") || len(got[0].Errors) != 3 {
		t.Errorf("GP-GATE-7: %s", all)
	}
}

// TestSymlink: a link in a restored folder does not lead out of it.
func TestSymlink(t *testing.T) {
	outside := t.TempDir()
	s := serve(t, content(advisories(t, "GO-2026-0001"), noon))
	o := options(t, &clock{now: noon}, s.URL)
	if err := os.Symlink(outside, filepath.Join(o.Dir, "osv-scalibr")); err != nil {
		t.Fatal(err)
	}
	if _, err := Update(t.Context(), o); err == nil {
		t.Error("no error")
	}
	if found, err := os.ReadDir(outside); err != nil || len(found) > 0 {
		t.Errorf("written outside: %v, %v", found, err)
	}
	if gaps := Judge(o.Dir, []string{"osv/Go"}, noon, 0); len(gaps) != 1 {
		t.Errorf("gaps: %v", gaps)
	}
}

// TestProgress: it is reported about once a MiB, and at the end.
func TestProgress(t *testing.T) {
	body := append(advisories(t, "GO-2026-0001"), make([]byte, 3<<20)...) // no zip any more: it is read all the same
	s := serve(t, content(body, noon))
	o := options(t, &clock{now: noon}, s.URL)
	o.Wait = func(context.Context, time.Duration) error { return context.Canceled }
	var reported []int64
	o.Progress = func(name string, done, total int64) {
		if name != "osv/Go" || total != int64(len(body)) {
			t.Errorf("%s, %d of %d", name, done, total)
		}
		reported = append(reported, done)
	}
	_, _ = Update(t.Context(), o)
	if len(reported) < 3 || len(reported) > 4 || reported[len(reported)-1] != int64(len(body)) {
		t.Errorf("reported %v", reported)
	}
}
