package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// GP-PREV-5, GP-PREV-7: previews are recorded in the cluster that runs them. Concurrent
// writers lose nothing, a response that is lost is not a second write, and what somebody
// else put onto the object stays.
func TestLedger(t *testing.T) {
	a := newAPI(t)
	at := a.target(t, web)
	l := &ledger.Ledger{Store: at.Ledger(), Now: time.Now}
	path := "/api/v1/namespaces/goldenpath/configmaps/" + LedgerName(at.App, at.Repository)
	add := func(i int) error {
		return l.Update(t.Context(), "add", func(ctx context.Context, tx *ledger.Tx) error {
			if b, err := tx.Read(ctx, "previews/count"); err == nil {
				tx.Write("previews/count", append(b, '+'))
			} else {
				tx.Write("previews/count", []byte("+"))
			}
			tx.Write(fmt.Sprintf("previews/pr-%d.json", i), []byte("{}"))
			return nil
		})
	}
	if err := add(0); err != nil { // neither the namespace nor the object exists
		t.Fatal(err)
	}
	o := a.at(path)
	o.SetAnnotations(map[string]string{"mine": "stays"})
	text, err := o.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	a.put(path, string(text))
	var done sync.WaitGroup
	for i := range 6 {
		done.Go(func() {
			if err := add(i + 1); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	// The first write reaches the server, and its response does not come back.
	lost := false
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && !lost {
			lost = true
			a.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		a.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	config, err := os.ReadFile(at.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	far := &Target{Kubeconfig: strings.ReplaceAll(string(config), a.URL, proxy.URL), App: at.App, Repository: at.Repository}
	l.Store = far.Ledger()
	if err := add(7); err != nil || !lost {
		t.Error(lost, err)
	}
	files, _, err := at.Ledger().Load(t.Context())
	if err != nil || string(files["previews/count"]) != "++++++++" || len(files) != 9 {
		t.Errorf("%d files, count %s, %v", len(files), files["previews/count"], err)
	}
	if got := a.at(path); got.GetAnnotations()["mine"] != "stays" || got.GetLabels()[managedBy] != manager {
		t.Errorf("%v", got.Object["metadata"])
	}

	a.fault = func(method, _ string) (int, M) {
		if method == http.MethodPut {
			return no(403, "Forbidden", "no right to update configmaps")
		}
		return 0, nil
	}
	if err := add(8); err == nil || !strings.Contains(err.Error(), "goldenpath preview access | kubectl apply") || errors.Is(err, ledger.ErrMoved) {
		t.Errorf("without the right: %v", err)
	}
}

// A pull request can rename its app, and must not get another ledger by that.
func TestLedgerName(t *testing.T) {
	if a, b := LedgerName("shop", "acme/shop"), LedgerName("other", "acme/shop"); a != b {
		t.Errorf("%s and %s", a, b)
	}
	if a, b := LedgerName("shop", "acme/shop"), LedgerName("shop", "evil/shop"); a == b {
		t.Error(a)
	}
}
