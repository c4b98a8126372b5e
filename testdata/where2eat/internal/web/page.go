package web

import (
	"embed"
	"net/http"
)

//go:embed page
var files embed.FS

func page(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "page/"+name)
	}
}
