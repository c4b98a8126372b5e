package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestNewServer(t *testing.T) {
	t.Run("W2E-11 no client can hold a connection for ever", func(t *testing.T) {
		s := NewServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
		if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 {
			t.Errorf("a timeout is missing: %+v", s)
		}
	})
}

func TestHistogram(t *testing.T) {
	var m metrics
	for _, took := range []time.Duration{time.Millisecond, 5 * time.Millisecond, 200 * time.Millisecond, time.Minute} {
		m.observe("GET /", 200, took)
	}
	w := httptest.NewRecorder()
	m.serve(w, nil)
	for _, want := range []string{
		`bucket{route="GET /",le="0.005"} 2`,
		`bucket{route="GET /",le="0.1"} 2`,
		`bucket{route="GET /",le="0.25"} 3`,
		`bucket{route="GET /",le="2.5"} 3`,
		`bucket{route="GET /",le="+Inf"} 4`,
		`sum{route="GET /"} 60.206`,
		`count{route="GET /"} 4`,
	} {
		if !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("missing %s in\n%s", want, w.Body)
		}
	}
}
