package kubernetes

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// inventoryName is the Secret that records what was applied. It is a Secret because the
// applied objects may contain secrets.
const inventoryName = "goldenpath-inventory"

// maxInventory is the maximum size, in bytes, of the inventory including the compressed
// objects of the last good generation. A Secret can hold 1 MiB.
const maxInventory = 1_000_000

// inventory records what goldenpath has applied to a namespace.
type inventory struct {
	Generation int       `json:"generation"` // of the last deployment that started
	Hash       string    `json:"hash"`       // of the objects it applies
	Started    time.Time `json:"started"`
	Objects    []ref     `json:"objects"` // everything that may exist
	Good       *good     `json:"good,omitempty"`
	Holder     string    `json:"holder,omitempty"` // of the lease, when this was written

	objects []byte // of Good, compressed JSON
	version string // resource version of the Secret; "": there was none
}

// good is the last generation that became ready.
type good struct {
	Generation     int       `json:"generation"`
	Hash           string    `json:"hash"`
	Commit         string    `json:"commit"`
	Digest         string    `json:"digest"`
	PlatformDigest string    `json:"platform_digest"`
	Started        time.Time `json:"started"`
	URL            string    `json:"url"`
	Reference      string    `json:"reference"` // repository@sha256:…
}

// repository returns the repository that the artifact was pulled from.
func (g *good) repository() string {
	r, _, _ := strings.Cut(g.Reference, "@")
	return r
}

var errEdited = errors.New("the inventory was edited by hand")

// readInventory returns the inventory of a namespace, or an empty one.
func (c *cluster) readInventory(ctx context.Context, namespace string) (*inventory, error) {
	u, err := c.get(ctx, c.objects.Resource(secrets).Namespace(namespace), inventoryName)
	if apierrors.IsNotFound(err) {
		return &inventory{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the inventory of %s: %w", namespace, err)
	}
	data, _, _ := unstructured.NestedStringMap(u.Object, "data")
	inv := &inventory{}
	text, err := base64.StdEncoding.DecodeString(data["inventory"])
	if err == nil {
		err = json.Unmarshal(text, inv)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the inventory of %s: %w: %w; remove the environment and deploy again", namespace, err, errEdited)
	}
	inv.objects, _ = base64.StdEncoding.DecodeString(data["objects"])
	inv.version = u.GetResourceVersion()
	return inv, nil
}

// writeInventory writes the inventory. It fails if another deployment has written the
// inventory since it was read, because this deployment may have lost the lease without
// having noticed yet.
func (c *cluster) writeInventory(ctx context.Context, namespace string, inv *inventory) error {
	err := c.putInventory(ctx, namespace, inv)
	if !apierrors.IsConflict(err) {
		return err
	}
	have, readErr := c.readInventory(ctx, namespace)
	if readErr != nil {
		return readErr
	}
	if have.Holder != inv.Holder {
		return fmt.Errorf("cannot write the inventory of %s: %w: another deployment has written it", namespace, target.ErrSuperseded)
	}
	inv.version = have.version // this deployment wrote it, and the response was lost
	return c.putInventory(ctx, namespace, inv)
}

func (c *cluster) putInventory(ctx context.Context, namespace string, inv *inventory) error {
	text, err := json.Marshal(inv)
	if err != nil {
		return fmt.Errorf("cannot write the inventory of %s: %w", namespace, err)
	}
	if len(text)+len(inv.objects) > maxInventory {
		inv.objects = nil
	}
	o := object("v1", "Secret", namespace, inventoryName, nil)
	o.Object["type"] = Domain + "/inventory"
	o.Object["data"] = map[string]any{
		"inventory": base64.StdEncoding.EncodeToString(text), "objects": base64.StdEncoding.EncodeToString(inv.objects),
	}
	o.SetResourceVersion(inv.version)
	live, err := c.apply(ctx, c.objects.Resource(secrets).Namespace(namespace), o)
	if err != nil {
		return fmt.Errorf("cannot write the inventory of %s: %w", namespace, err)
	}
	inv.version = live.GetResourceVersion()
	return nil
}

// expect adds the objects that are about to be applied, so that a killed deployment
// leaves no object unrecorded.
func (inv *inventory) expect(all []*unstructured.Unstructured) {
	for _, o := range all {
		r := refOf(o)
		if i := slices.IndexFunc(inv.Objects, func(have ref) bool { return have.String() == r.String() }); i >= 0 {
			inv.Objects[i] = r
		} else {
			inv.Objects = append(inv.Objects, r)
		}
	}
}

// obsolete removes the objects that are not in all from the inventory, and returns them.
func (inv *inventory) obsolete(all []*unstructured.Unstructured) (gone []ref) {
	keep := map[string]bool{}
	for _, o := range all {
		keep[refOf(o).String()] = true
	}
	inv.Objects = slices.DeleteFunc(inv.Objects, func(r ref) bool {
		if keep[r.String()] {
			return false
		}
		gone = append(gone, r)
		return true
	})
	return gone
}

// setGood records a good generation with its objects.
func (inv *inventory) setGood(g good, all []*unstructured.Unstructured) error {
	inv.Good = &g
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := json.NewEncoder(z).Encode(all); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	inv.objects = b.Bytes()
	return nil
}

// restore returns the objects of the last good generation, or nil if they were too large
// to be stored.
func (inv *inventory) restore() ([]*unstructured.Unstructured, error) {
	if inv.Good == nil || len(inv.objects) == 0 {
		return nil, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(inv.objects))
	if err != nil {
		return nil, err
	}
	var maps []map[string]any
	text, err := io.ReadAll(io.LimitReader(z, 64<<20))
	if err == nil {
		err = json.Unmarshal(text, &maps)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the previous generation: %w", err)
	}
	var all []*unstructured.Unstructured
	for _, m := range maps {
		all = append(all, &unstructured.Unstructured{Object: whole(m).(map[string]any)})
	}
	return all, nil
}

// whole converts floats without a fraction, as decoded from JSON, into integers: an API
// server rejects 8080.0 as a port.
func whole(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = whole(e)
		}
	case []any:
		for i, e := range v {
			v[i] = whole(e)
		}
	case float64:
		if n := int64(v); float64(n) == v {
			return n
		}
	}
	return v
}
