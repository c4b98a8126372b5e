package web_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/where2eat/internal/apptest"
	"example.com/where2eat/internal/poll"
	"example.com/where2eat/internal/store"
	"example.com/where2eat/internal/web"
)

func TestRequests(t *testing.T) {
	url := apptest.Local(t, web.Options{})
	if a := apptest.Post(t, url+"/poll", poll.Demo()); a.Status != http.StatusCreated {
		t.Fatalf("create demo: %d %s", a.Status, a.Body)
	}
	tests := map[string]struct {
		path, body string
		status     int
		want       string // part of the body
	}{
		"W2E-1 the server chooses an id":     {"/poll", `{"title":"Lunch","options":["Sushi","Thai"]}`, 201, `{"id":"`},
		"W2E-1 one option is refused":        {"/poll", `{"title":"Lunch","options":["Sushi"]}`, 400, "options: give 2 to 20"},
		"W2E-2 a vote is accepted":           {"/vote", `{"poll":"demo","option":"Thai","voter":"Ada"}`, 201, `"option":"Thai"`},
		"W2E-5 vote in an unknown poll":      {"/vote", `{"poll":"nope","option":"Thai","voter":"Ada"}`, 404, "unknown poll"},
		"W2E-5 vote for an unknown option":   {"/vote", `{"poll":"demo","option":"Soup","voter":"Ada"}`, 400, "unknown option"},
		"W2E-5 vote without a voter":         {"/vote", `{"poll":"demo","option":"Thai"}`, 400, "voter: missing"},
		"W2E-5 empty body":                   {"/poll", ``, 400, "body: empty"},
		"W2E-5 broken JSON":                  {"/poll", `{"title":`, 400, "body: "},
		"W2E-5 not an object":                {"/poll", `[]`, 400, "body: send a JSON object"},
		"W2E-5 wrong type":                   {"/poll", `{"title":7,"options":["a","b"]}`, 400, "title: must not be a JSON number"},
		"W2E-5 misspelt field":               {"/poll", `{"titel":"Lunch","options":["a","b"]}`, 400, `unknown field \"titel\"`},
		"W2E-5 two values":                   {"/poll", `{"title":"Lunch","options":["a","b"]}{}`, 400, "nothing after it"},
		"W2E-6 the same poll again":          {"/poll", `{"id":"demo","title":"Where do we eat on Friday?","options":["Sushi","Thai","Pizza","Falafel"]}`, 200, `{"id":"demo"}`},
		"W2E-6 another poll with the id":     {"/poll", `{"id":"demo","title":"Lunch","options":["a","b"]}`, 409, "another poll has this id"},
		"W2E-11 a body above the limit":      {"/poll", `{"title":"` + strings.Repeat("a", 64<<10) + `"}`, 413, "larger than 65536 bytes"},
		"W2E-11 a tail above the limit":      {"/poll", `{}` + strings.Repeat(" ", 64<<10), 413, "larger than 65536 bytes"},
		"W2E-11 text cannot reach the query": {"/vote", `{"poll":"demo' OR 1=1 --","option":"Thai","voter":"Ada"}`, 404, "unknown poll"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := apptest.Post(t, url+tt.path, tt.body)
			if a.Status != tt.status || !strings.Contains(a.Body, tt.want) {
				t.Errorf("got %d %s, want %d %s", a.Status, a.Body, tt.status, tt.want)
			}
			if got := a.Header.Get("Content-Type"); got != "application/json" {
				t.Errorf("content type is %q", got)
			}
		})
	}
	t.Run("W2E-5 results of an unknown poll", func(t *testing.T) {
		if a := apptest.Get(t, url+"/results?poll=nope"); a.Status != 404 || !strings.Contains(a.Body, "unknown poll") {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
		if a := apptest.Get(t, url+"/results"); a.Status != 400 || !strings.Contains(a.Body, "poll: missing") {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
	})
	t.Run("W2E-11 another site cannot vote", func(t *testing.T) {
		a := apptest.Do(t, http.MethodPost, url+"/vote", `{"poll":"demo","option":"Thai","voter":"Eve"}`, "Sec-Fetch-Site", "cross-site")
		if a.Status != http.StatusForbidden || !strings.Contains(a.Body, `"error"`) {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
	})
}

func TestPercentages(t *testing.T) {
	for name, tt := range map[string]struct {
		on   bool
		want string
	}{
		"W2E-4 new-voting on adds percentages": {true, `"percentages":{"Falafel":0,"Pizza":0,"Sushi":0,"Thai":100}`},
		"W2E-4 new-voting off does not":        {false, `"winner":"Thai"}`},
	} {
		t.Run(name, func(t *testing.T) {
			url := apptest.Local(t, web.Options{Percentages: tt.on})
			apptest.Post(t, url+"/poll", poll.Demo())
			apptest.Post(t, url+"/vote", poll.Vote{Poll: "demo", Option: "Thai", Voter: "Ada"})
			if a := apptest.Get(t, url+"/results?poll=demo"); !strings.Contains(a.Body, tt.want) {
				t.Errorf("got %s, want %s", a.Body, tt.want)
			}
		})
	}
}

func TestHealth(t *testing.T) {
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	url := apptest.Local(t, web.Options{Store: db})
	t.Run("W2E-8 ok while the database answers", func(t *testing.T) {
		if a := apptest.Get(t, url+"/healthz"); a.Status != 200 || a.Body != "{\"status\":\"ok\"}\n" {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
	})
	db.Close()
	t.Run("W2E-8 unavailable when it does not", func(t *testing.T) {
		if a := apptest.Get(t, url+"/healthz"); a.Status != 503 || strings.Contains(a.Body, "ok") {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
	})
	t.Run("W2E-11 an error reveals no internals to a client", func(t *testing.T) {
		if a := apptest.Get(t, url+"/results?poll=demo"); a.Status != 500 || a.Body != "{\"error\":\"internal error\"}\n" {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
	})
}

func TestVersion(t *testing.T) {
	t.Run("W2E-9 reports version, commit and migration", func(t *testing.T) {
		a := apptest.Get(t, apptest.Local(t, web.Options{Version: "1.2.3", Commit: "3f9c2d1"})+"/version")
		if want := `{"version":"1.2.3","commit":"3f9c2d1","migration":"` + apptest.Migration(t) + `"}` + "\n"; a.Body != want {
			t.Errorf("got %s, want %s", a.Body, want)
		}
	})
}

func TestObservability(t *testing.T) {
	var logs bytes.Buffer
	url := apptest.Local(t, web.Options{Log: slog.New(slog.NewJSONHandler(&logs, nil))})
	apptest.Post(t, url+"/poll", poll.Demo())
	apptest.Post(t, url+"/vote", poll.Vote{Poll: "demo", Option: "Thai", Voter: "Ada Lovelace"})
	apptest.Post(t, url+"/vote", `{`)
	apptest.Get(t, url+"/nowhere/at/all")
	t.Run("W2E-10 metrics by route and status", func(t *testing.T) {
		a := apptest.Get(t, url+"/metrics")
		for _, want := range []string{
			"# TYPE http_requests_total counter\n",
			`http_requests_total{route="POST /poll",status="201"} 1` + "\n",
			`http_requests_total{route="POST /vote",status="400"} 1` + "\n",
			`http_requests_total{route="other",status="404"} 1` + "\n",
			"# TYPE http_request_duration_seconds histogram\n",
			`http_request_duration_seconds_bucket{route="POST /vote",le="+Inf"} 2` + "\n",
			`http_request_duration_seconds_count{route="POST /vote"} 2` + "\n",
		} {
			if !strings.Contains(a.Body, want) {
				t.Errorf("missing %s in\n%s", want, a.Body)
			}
		}
	})
	t.Run("W2E-10 logs have no voter and no choice", func(t *testing.T) {
		if text := logs.String(); !strings.Contains(text, `"route":"POST /vote","status":201`) || strings.Contains(text, "Ada") || strings.Contains(text, "Thai") {
			t.Errorf("got\n%s", text)
		}
	})
}

func TestPage(t *testing.T) {
	url := apptest.Local(t, web.Options{})
	page := apptest.Get(t, url+"/")
	t.Run("W2E-7 is one HTML page", func(t *testing.T) {
		if page.Status != 200 || page.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(page.Body, `<html lang="en">`) {
			t.Errorf("got %d %s", page.Status, page.Header)
		}
	})
	t.Run("W2E-7 loads nothing from elsewhere", func(t *testing.T) {
		for _, m := range regexp.MustCompile(`(?:src|href|action)="([^"]*)"`).FindAllStringSubmatch(page.Body, -1) {
			if strings.HasPrefix(m[1], "data:") || m[1] == "/" {
				continue
			}
			if a := apptest.Get(t, url+m[1]); a.Status != 200 {
				t.Errorf("%s answers %d", m[1], a.Status)
			}
		}
	})
	t.Run("W2E-7 every field has a label", func(t *testing.T) {
		for _, m := range regexp.MustCompile(`<(?:input|textarea) id="([^"]*)"`).FindAllStringSubmatch(page.Body, -1) {
			if !strings.Contains(page.Body, `<label for="`+m[1]+`">`) {
				t.Errorf("%s has none", m[1])
			}
		}
	})
	t.Run("W2E-11 security headers", func(t *testing.T) {
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self';",
			"Referrer-Policy":         "no-referrer",
			"X-Content-Type-Options":  "nosniff",
			"X-Frame-Options":         "DENY",
		} {
			if got := page.Header.Get(name); !strings.HasPrefix(got, want) {
				t.Errorf("%s is %q", name, got)
			}
		}
	})
	t.Run("W2E-11 no script or style inside the page", func(t *testing.T) {
		if m := regexp.MustCompile(`<style|style=|<script>|\son[a-z]+=`).FindString(page.Body); m != "" {
			t.Errorf("found %q, which the policy blocks", m)
		}
	})
}
