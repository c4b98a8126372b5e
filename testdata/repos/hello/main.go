// Command hello is the smallest service that can complete the path. Tests use it where
// the sample app would only take longer.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

var commit = "unknown"

func main() {
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	http.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, commit) })
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
