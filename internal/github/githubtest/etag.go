package githubtest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
)

// write sends a response. Responses to GET have an ETag. If the client already has the
// current content, the status is 304 (not modified).
func write(w http.ResponseWriter, r *http.Request, a answer) {
	b, err := json.Marshal(a.body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if r.Method == http.MethodGet && a.status == http.StatusOK {
		tag := fmt.Sprintf(`W/"%x"`, sha256.Sum256(append(b, a.link...)))
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(append(b, '\n')) // the client may have disconnected
}
