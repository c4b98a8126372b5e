package kubernetes

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// GP-PREV-1: a field that a kind does not know is reported at once, though the server
// calls it an internal error; another internal error passes by itself.
func TestUndeclaredField(t *testing.T) {
	typo := apierrors.NewInternalError(errors.New(`create typed patch object (ns/web; /v1, Kind=Service): .spec.porst: field not declared in schema`))
	if transient(typo) || !undeclared(typo) {
		t.Error("a typo is waited for")
	}
	if other := apierrors.NewInternalError(errors.New("etcd is away")); !transient(other) || undeclared(other) {
		t.Error("another internal error is not waited for")
	}
}

// GP-PREV-1: an API server that stops in the middle of an answer is waited for.
func TestAnswerCutOff(t *testing.T) {
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"kind":`))
	}))
	defer cut.Close()
	client, err := dynamic.NewForConfig(&rest.Config{Host: cut.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Resource(pods).Namespace("ns").Get(t.Context(), "web", metav1.GetOptions{})
	if err == nil || !transient(err) {
		t.Errorf("%v is not waited for", err)
	}
}
