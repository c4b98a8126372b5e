package path

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// hook VARIABLE FILE [STATUS] starts what takes the messages of a webhook, puts its
// address into a variable, and each message into a file. With a status it answers
// every message so, and repeats the address in its answer, as web servers do.
func hook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: hook VARIABLE FILE [STATUS]")
	}
	file := ts.MkAbs(args[1])
	status := http.StatusOK
	if len(args) > 2 {
		var err error
		status, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		var out bytes.Buffer
		if err == nil {
			err = json.Indent(&out, b, "", "  ")
		}
		if err == nil {
			err = os.WriteFile(file, append(out.Bytes(), '\n'), 0o644)
		}
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, fmt.Sprint(err), http.StatusBadRequest)
			return
		}
		w.WriteHeader(status)
		if status == http.StatusOK {
			fmt.Fprint(w, "ok")
			return
		}
		fmt.Fprintf(w, "The requested URL %s%s was not found on this server", r.Host, r.URL.Path)
	}))
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL+"/services/T0AAA/B0BBB/mostsecret")
}
