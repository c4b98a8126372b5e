package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// secret is the part of a webhook's address that no message may contain.
const secret = "T0AAA-mostsecret"

// hook is a webhook that keeps what it receives.
func hook(t *testing.T, respond http.HandlerFunc) (address string, received *[]string) {
	t.Helper()
	received = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || !json.Valid(b) {
			t.Errorf("%s %s: %q, %v", r.Method, r.Header.Get("Content-Type"), b, err)
		}
		*received = append(*received, string(b))
		respond(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/services/" + secret, received
}

func accept(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }

// TestSend proves GP-OBS-4: each configured webhook gets the report once, and one that
// fails does not keep the other from getting it.
func TestSend(t *testing.T) {
	slack, toSlack := hook(t, accept)
	teams, toTeams := hook(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "invalid_payload", http.StatusBadRequest) })
	env := map[string]string{"SLACK": slack, "TEAMS": teams}
	rep := &report.Report{Name: "preview-report", Subject: "shop", Title: "2 previews cost 9.10 EUR", Checks: []report.Check{{Name: "spend", State: report.OK, Result: "9.10 EUR"}}}

	err := Send(t.Context(), rep, Webhooks{"SLACK", "TEAMS"}, func(k string) string { return env[k] })
	if want := "cannot send the report to teams: the webhook responded with status 400 (invalid_payload)"; err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
		t.Errorf("%v, want %q", err, want)
	}
	want := []report.Check{{Name: "spend", State: report.OK, Result: "9.10 EUR"}, {Name: "slack", State: report.OK, Result: "sent"}}
	if diff := cmp.Diff(want, rep.Checks); diff != "" {
		t.Error(diff)
	}
	for name, all := range map[string][]string{"slack": *toSlack, "teams": *toTeams} {
		if len(all) != 1 || !strings.Contains(all[0], "2 previews cost 9.10 EUR") {
			t.Errorf("%s received %q", name, all)
		}
	}
}

func TestSendWithoutAddress(t *testing.T) {
	for name, tc := range map[string]struct {
		to   Webhooks
		want string
	}{
		"none configured":      {Webhooks{}, "contains neither slack nor teams"},
		"variable not set":     {Webhooks{Slack: "SLACK"}, "notify.slack: variable SLACK is not set: pass the variable to the step with env"},
		"second one not set":   {Webhooks{Teams: "TEAMS"}, "notify.teams: variable TEAMS is not set"},
		"neither variable set": {Webhooks{"SLACK", "TEAMS"}, "notify.teams: variable TEAMS is not set"},
	} {
		rep := &report.Report{}
		err := Send(t.Context(), rep, tc.to, func(string) string { return "" })
		var usage *report.UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), tc.want) || len(rep.Checks) > 0 {
			t.Errorf("%s: %v, want the usage error %q", name, err, tc.want)
		}
	}
}

// TestPostHidesTheAddress: no failure names the host, the path or the port.
func TestPostHidesTheAddress(t *testing.T) {
	repeats, _ := hook(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, "the requested URL %s%s was not found", r.Host, r.URL.Path)
	})
	elsewhere, reached := hook(t, accept)
	redirects, _ := hook(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
	})
	for name, tc := range map[string]struct{ address, want string }{
		"a page that repeats it": {repeats, "the webhook responded with status 404: check"},
		"a redirect":             {redirects, "the webhook responded with status 307"},
		"a closed port":          {"http://127.0.0.1:1/" + secret, "cannot connect: connection refused"},
		"not a URL":              {"http://" + secret + ".invalid:port/ x", "does not hold a URL"},
		"no scheme":              {secret, "cannot connect: check that the variable"},
	} {
		err := post(t.Context(), tc.address, "x")
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
		if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "127.0.0.1")) {
			t.Errorf("%s: the message has the address: %v", name, err)
		}
	}
	if len(*reached) > 0 {
		t.Error("a redirect was followed")
	}
}

func TestWithoutAddress(t *testing.T) {
	for want, err := range map[string]error{
		"cannot be resolved":     fmt.Errorf("dial: %w", &net.DNSError{Name: secret}),
		"no response within 30s": fmt.Errorf("post %s: %w", secret, context.DeadlineExceeded),
		"cannot connect: check":  os.ErrInvalid,
	} {
		if got := withoutAddress(err).Error(); !strings.Contains(got, want) || strings.Contains(got, secret) {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

func TestPostUnencodable(t *testing.T) {
	if err := post(t.Context(), "http://127.0.0.1:1", func() {}); err == nil {
		t.Error("a function was sent")
	}
}
