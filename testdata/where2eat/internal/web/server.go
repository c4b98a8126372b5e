// Package web serves the poll: a JSON API, a page that uses it, and endpoints for operators.
package web

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"example.com/where2eat/internal/store"
)

// Options configure a server. All except Percentages are required.
type Options struct {
	Store       *store.Store
	Log         *slog.Logger
	Version     string
	Commit      string
	Percentages bool // the flag new-voting: results include each option's share
}

type server struct {
	Options
	metrics metrics
}

// New returns the whole service: routes, security headers, access log and metrics.
func New(o Options) http.Handler {
	s := &server{Options: o}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /poll", s.createPoll)
	mux.HandleFunc("POST /vote", s.vote)
	mux.HandleFunc("GET /results", s.results)
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /version", s.version)
	mux.HandleFunc("GET /metrics", s.metrics.serve)
	mux.Handle("GET /{$}", page("index.html"))
	mux.Handle("GET /app.js", page("app.js"))
	mux.Handle("GET /style.css", page("style.css"))

	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.fail(w, http.StatusForbidden, errors.New("requests from other sites are refused"))
	}))
	return s.observe(secure(guard.Handler(mux)))
}

// NewServer returns a server with timeouts for slow clients and limits on their requests.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}
