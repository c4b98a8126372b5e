package kubernetes

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// Home is the namespace with what goldenpath itself keeps in a cluster.
const Home = "goldenpath"

// writeKey is an annotation: it identifies the latest write, so that a writer whose
// response was lost recognises its own.
const writeKey = Domain + "/write"

var configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}

// records is the ledger of a repository's previews: a ConfigMap, whose keys are the files of the
// ledger with _ in place of /.
type records struct{ t *Target }

// Ledger returns where the previews are recorded. They are recorded in the cluster that
// runs them: an account that can deploy or remove previews can record them, and no other
// account has to.
func (t *Target) Ledger() ledger.Store { return records{t} }

// LedgerName returns the name of the ConfigMap with the ledger of a repository's previews.
// It does not depend on the app's name, which a pull request can change: a pull request
// that could choose its ledger could choose one without limits.
func LedgerName(app, repository string) string {
	if repository == "" {
		return namespaceName(app, "previews", "")
	}
	return namespaceName(repository, "previews", repository)
}

func (r records) name() string   { return LedgerName(r.t.App, r.t.Repository) }
func (r records) String() string { return "ConfigMap " + Home + "/" + r.name() }

// Load reads the ledger.
func (r records) Load(ctx context.Context) (map[string][]byte, string, error) {
	c, err := r.t.connect(ctx)
	if err != nil {
		return nil, "", err
	}
	u, err := c.get(ctx, c.objects.Resource(configMaps).Namespace(Home), r.name())
	if apierrors.IsNotFound(err) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", explainLedger(err)
	}
	data, _, err := unstructured.NestedStringMap(u.Object, "data")
	files := make(map[string][]byte, len(data))
	for key, text := range data {
		files[strings.ReplaceAll(key, "_", "/")] = []byte(text)
	}
	return files, u.GetResourceVersion(), err
}

// Save replaces the ledger if it has not changed since version.
func (r records) Save(ctx context.Context, files map[string][]byte, version string) error {
	c, err := r.t.connect(ctx)
	if err != nil {
		return err
	}
	data := make(map[string]any, len(files))
	for name, content := range files {
		data[strings.ReplaceAll(name, "/", "_")] = string(content)
	}
	write := rand.Text()
	if version == "" {
		err = r.create(ctx, c, data, write)
	} else {
		err = r.replace(ctx, c, data, version, write)
	}
	if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) && !apierrors.IsNotFound(err) {
		return explainLedger(err)
	}
	live, readErr := c.get(ctx, c.objects.Resource(configMaps).Namespace(Home), r.name())
	if readErr == nil && live.GetAnnotations()[writeKey] == write {
		return nil // the response to the write was lost
	}
	return fmt.Errorf("%w: %w", ledger.ErrMoved, err)
}

func (r records) create(ctx context.Context, c *cluster, data map[string]any, write string) error {
	o := LedgerObject(r.t.App, r.t.Repository)
	o.SetAnnotations(map[string]string{writeKey: write})
	o.Object["data"] = data
	_, err := c.create(ctx, c.objects.Resource(configMaps).Namespace(Home), o)
	if !apierrors.IsNotFound(err) {
		return err
	}
	_, err = c.create(ctx, c.objects.Resource(namespaces), object("v1", "Namespace", "", Home, nil))
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("cannot create namespace %s: %w", Home, err)
	}
	_, err = c.create(ctx, c.objects.Resource(configMaps).Namespace(Home), o)
	return err
}

// replace keeps the labels and annotations of the object.
func (r records) replace(ctx context.Context, c *cluster, data map[string]any, version, write string) error {
	at := c.objects.Resource(configMaps).Namespace(Home)
	o, err := c.get(ctx, at, r.name())
	if err != nil {
		return err
	}
	annotations := maps.Clone(o.GetAnnotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[writeKey] = write
	o.SetAnnotations(annotations)
	o.SetResourceVersion(version)
	o.Object["data"] = data
	return c.try(ctx, func(ctx context.Context) error {
		_, err := at.Update(ctx, o, metav1.UpdateOptions{FieldManager: manager})
		return err
	})
}

// LedgerObject returns the ConfigMap of an empty ledger.
func LedgerObject(app, repository string) *unstructured.Unstructured {
	o := object("v1", "ConfigMap", Home, LedgerName(app, repository), nil)
	all := map[string]string{managedBy: manager, kindLabel: "ledger"}
	if repository != "" {
		all[repositoryLabel] = labelValue(repository)
	}
	o.SetLabels(all)
	return o
}

// explainLedger adds a remedy to an error if the cluster denied access.
func explainLedger(err error) error {
	if err != nil && apierrors.IsForbidden(err) {
		return fmt.Errorf("%w\n  try: goldenpath preview access | kubectl apply --filename -, which gives the account this right", err)
	}
	if err != nil && apierrors.IsRequestEntityTooLargeError(err) {
		return errors.Join(err, errors.New("lower preview.limit.repository"))
	}
	return err
}
