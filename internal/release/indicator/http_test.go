package indicator

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestHTTP(t *testing.T) {
	var answer http.HandlerFunc
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r) }))
	defer server.Close()
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   Sample
	}{
		"ok":               {status(200), Sample{Answered: true}},
		"not found":        {status(404), Sample{Answered: true, Failed: true}},
		"server error":     {status(500), Sample{Answered: true, Failed: true}},
		"overloaded":       {status(503), Sample{Answered: true, Failed: true}},
		"a redirect":       {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", 302) }, Sample{Answered: true}},
		"connection reset": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Sample{}},
		"too slow":         {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, Sample{}},
	} {
		t.Run(name, func(t *testing.T) {
			answer = test.answer
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			got, err := HTTP{}.Sample(ctx, server.URL)
			if err != nil {
				t.Fatal(err)
			}
			if got.Answered && got.Took <= 0 {
				t.Errorf("an answer took %s", got.Took)
			}
			if got.Took = 0; got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// What cannot be measured is an error: it is not a release that does not answer.
func TestHTTPNotMeasured(t *testing.T) {
	if _, err := (HTTP{}).Sample(t.Context(), "http://[::1"); err == nil {
		t.Error("an invalid URL was measured")
	}
}

func TestHTTPWithoutAListener(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	if got, err := (HTTP{}).Sample(t.Context(), server.URL); err != nil || got.Answered {
		t.Errorf("got %+v, %v", got, err)
	}
}
