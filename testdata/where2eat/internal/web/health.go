package web

import (
	"context"
	"net/http"
	"time"
)

func (s *server) health(w http.ResponseWriter, r *http.Request) {
	if err := s.healthy(r.Context()); err != nil {
		s.Log.Error("check health", "error", err.Error())
		s.reply(w, http.StatusServiceUnavailable, health{"unavailable"})
		return
	}
	s.reply(w, http.StatusOK, health{"ok"})
}

type health struct {
	Status string `json:"status"`
}

// healthy returns nil if the database responds within two seconds, so that this process can serve.
func (s *server) healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err := s.Store.Version(ctx)
	return err
}
