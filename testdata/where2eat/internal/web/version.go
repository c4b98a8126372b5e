package web

import "net/http"

type version struct {
	Version   string `json:"version"`
	Commit    string `json:"commit"`
	Migration string `json:"migration"`
}

func (s *server) version(w http.ResponseWriter, r *http.Request) {
	migration, err := s.Store.Version(r.Context())
	if err != nil {
		s.failStore(w, err)
		return
	}
	s.reply(w, http.StatusOK, version{s.Options.Version, s.Commit, migration})
}
