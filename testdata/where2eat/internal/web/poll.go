package web

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"

	"example.com/where2eat/internal/poll"
)

type created struct {
	ID string `json:"id"`
}

// createPoll responds with 201 for a new poll, and with 200 if the same poll exists under the id that the client chose.
func (s *server) createPoll(w http.ResponseWriter, r *http.Request) {
	var p poll.Poll
	if err := read(w, r, &p); err != nil {
		s.refuse(w, err)
		return
	}
	p, err := p.Clean()
	if err != nil {
		s.refuse(w, err)
		return
	}
	if p.ID == "" {
		p.ID = strings.ToLower(rand.Text()[:16])
	}
	isNew, err := s.Store.Create(r.Context(), p)
	if err != nil {
		s.failStore(w, err)
		return
	}
	status := http.StatusOK
	if isNew {
		status = http.StatusCreated
	}
	s.reply(w, status, created{p.ID})
}

func (s *server) vote(w http.ResponseWriter, r *http.Request) {
	var v poll.Vote
	if err := read(w, r, &v); err != nil {
		s.refuse(w, err)
		return
	}
	v, err := v.Clean()
	if err != nil {
		s.refuse(w, err)
		return
	}
	if err := s.Store.Vote(r.Context(), v); err != nil {
		s.failStore(w, err)
		return
	}
	s.reply(w, http.StatusCreated, v)
}

func (s *server) results(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("poll")
	if id == "" {
		s.refuse(w, errors.New("poll: missing, ask for /results?poll=ID"))
		return
	}
	results, err := s.Store.Results(r.Context(), id)
	if err != nil {
		s.failStore(w, err)
		return
	}
	if s.Percentages {
		results = results.WithPercentages()
	}
	s.reply(w, http.StatusOK, results)
}
