package kubernetes

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/manifest"
)

// parse reads the one object of a text.
func parse(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	return parseAll(t, text)[0]
}

func parseAll(t *testing.T, text string) (out []*unstructured.Unstructured) {
	t.Helper()
	all, err := manifest.Parse("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		out = append(out, &unstructured.Unstructured{Object: plain(o.Map).(map[string]any)})
	}
	return out
}

func deleteNow() *metav1.DeleteOptions { return &metav1.DeleteOptions{} }

func replace(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }

func list(all ...*unstructured.Unstructured) []*unstructured.Unstructured { return all }

func clockAt(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at
}
