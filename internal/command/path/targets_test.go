package path

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// clusterServer KUBECONFIG REQUESTS starts a server in place of a cluster's API. It writes
// a kubeconfig whose current context is prod-eu, and adds a line to the file REQUESTS for
// each request. Its only answer is 403: the point is what it is asked.
func clusterServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cluster KUBECONFIG REQUESTS")
	}
	requests := ts.MkAbs(args[1])
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, err := os.OpenFile(requests, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err == nil {
			fmt.Fprintln(f, r.Method, r.URL.Path)
			f.Close()
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintln(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"asked"}`)
	}))
	ts.Defer(s.Close)
	ts.Setenv("CLUSTER", s.URL)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: prod-eu
clusters: [{name: eu, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: me, user: {token: secret}}]
contexts: [{name: prod-eu, context: {cluster: eu, user: me}}]
`, s.URL), 0o600))
}
