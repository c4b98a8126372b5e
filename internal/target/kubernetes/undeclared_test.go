package kubernetes

import (
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
