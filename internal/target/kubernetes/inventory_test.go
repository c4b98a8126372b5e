package kubernetes

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What is kept to be brought back is what was applied: an API server takes 8080.0
// for no port.
func TestInventoryRoundTrip(t *testing.T) {
	all := parseAll(t, web+"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: '1.0', b: \"\\u00fc\"}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {priority: 1.5, ports: [8080, 9007199254740991, 0.25, -3]}")
	inv := &inventory{}
	if err := inv.setGood(good{Generation: 3}, all); err != nil {
		t.Fatal(err)
	}
	back, err := inv.restore()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all, back); diff != "" {
		t.Error(diff)
	}
	for _, o := range back {
		o.DeepCopy() // panics on numbers it does not know
	}
}

func TestInventoryExpects(t *testing.T) {
	inv := &inventory{}
	inv.expect(parseAll(t, web))
	inv.expect(parseAll(t, strings.ReplaceAll(web, "apps/v1", "apps/v2")))
	if len(inv.Objects) != 2 || inv.Objects[0].Version != "v2" {
		t.Errorf("an object of another version is the same: %v", inv.Objects)
	}
	gone := inv.obsolete(parseAll(t, web)[1:])
	if diff := cmp.Diff([]ref{{"apps", "v2", "Deployment", "web"}}, gone); diff != "" || len(inv.Objects) != 1 {
		t.Errorf("%s %v", diff, inv.Objects)
	}
}

// What does not fit beside the names of a thousand objects is not kept.
func TestLargeInventory(t *testing.T) {
	a := newAPI(t)
	at := a.target(t, web)
	a.put("/api/v1/namespaces/big", `{"kind":"Namespace"}`)
	c, err := at.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	inv := &inventory{}
	for i := range maxObjects {
		inv.Objects = append(inv.Objects, ref{"gateway.networking.k8s.io", "v1", "HTTPRoute", fmt.Sprintf("%s-%d", strings.Repeat("a", 240), i)})
	}
	big := &unstructured.Unstructured{Object: M{"kind": "Secret", "data": strings.Repeat(rand.Text(), 40_000)}}
	for i := 0; i < 40_000; i++ {
		big.Object[rand.Text()] = nil
	}
	if err := inv.setGood(good{}, list(big)); err != nil {
		t.Fatal(err)
	}
	if err := c.writeInventory(t.Context(), "big", inv); err != nil {
		t.Fatal(err)
	}
	size := 0
	data, _, _ := unstructured.NestedStringMap(a.at("/api/v1/namespaces/big/secrets/"+inventoryName).Object, "data")
	for _, v := range data {
		size += len(v) * 3 / 4
	}
	if back, err := inv.restore(); size > 1<<20 || back != nil || err != nil {
		t.Errorf("%d bytes, %d objects, %v", size, len(back), err)
	}
}
