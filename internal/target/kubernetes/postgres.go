package kubernetes

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

const (
	// postgresName is the name of the objects of a preview's database.
	postgresName = "goldenpath-postgres"
	// postgresStart is how long the database may take until it is ready, with the pull of
	// its image.
	postgresStart = 3 * time.Minute
	postgresPort  = 5432
)

// addPostgres adds a database to a preview that asks for one: its objects to the plan, and
// its address to the secrets of the deployment. Other environments have databases of their
// own, which previews must not have: a preview's database ends with its namespace.
func (x *deployment) addPostgres(ctx context.Context, exists bool) error {
	want := x.Services.Postgres
	_, env := x.Env["DATABASE_URL"]
	_, secret := x.Secrets["DATABASE_URL"]
	if !x.preview || want.Version == 0 || env || secret {
		return nil
	}
	password := rand.Text()
	if exists {
		live, err := x.cluster.get(ctx, x.cluster.objects.Resource(secrets).Namespace(x.namespace), postgresName)
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("cannot read the database's password: %w", err)
		}
		if err == nil {
			data, _, _ := unstructured.NestedStringMap(live.Object, "data")
			if b, err := base64.StdEncoding.DecodeString(data["password"]); err == nil && len(b) > 0 {
				password = string(b)
			}
		}
	}
	image, err := x.postgresImage(ctx, want, exists)
	if err != nil {
		return err
	}
	x.services = postgresObjects(x.namespace, image, password)
	x.Secrets = maps.Clone(x.Secrets)
	if x.Secrets == nil {
		x.Secrets = map[string]target.Secret{}
	}
	for k, v := range want.Variables(postgresName, postgresPort, password) {
		x.Secrets[k] = target.Secret{Value: v}
	}
	return nil
}

// postgresImage returns the image by digest. An image that is not configured is the official
// one: its digest is read from the registry once, and kept as long as the preview exists.
func (x *deployment) postgresImage(ctx context.Context, want target.Postgres, exists bool) (string, error) {
	if want.Image != "" {
		return want.Image, nil
	}
	image := fmt.Sprintf("docker.io/library/postgres:%d", want.Version)
	if exists {
		kind := object("apps/v1", "StatefulSet", x.namespace, postgresName, nil)
		r, _, err := x.cluster.resource(ctx, kind.GroupVersionKind(), x.namespace)
		if err != nil {
			return "", err
		}
		live, err := x.cluster.get(ctx, r, postgresName)
		if err != nil && !apierrors.IsNotFound(err) {
			return "", fmt.Errorf("cannot read the database: %w", err)
		}
		if err == nil {
			for _, spec := range podSpecs(live) {
				for _, c := range containers(spec) {
					if have, _ := c["image"].(string); strings.HasPrefix(have, image+"@sha256:") {
						return have, nil
					}
				}
			}
		}
	}
	if x.ImageDigest != nil {
		digest, err := x.ImageDigest(ctx, image)
		return image + "@" + digest, err
	}
	ref, err := name.ParseReference(image)
	if err != nil {
		return "", err
	}
	head, err := remote.Head(ref, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return "", fmt.Errorf("cannot read the digest of %s: %w: set services.postgres to {version: %d, image: …@sha256:…}, an image that the cluster can pull", image, err, want.Version)
	}
	return image + "@" + head.Digest.String(), nil
}

// postgresObjects returns the Secret, the Service and the StatefulSet of a database. They
// meet the Pod Security Standard "restricted". The data are in the pod: they survive a
// restart of the container, and end with the pod.
func postgresObjects(namespace, image, password string) []*unstructured.Unstructured {
	labels := map[string]any{managedBy: manager, Domain + "/service": "postgres"}
	secret := object("v1", "Secret", namespace, postgresName, nil)
	secret.Object["type"] = "Opaque"
	secret.Object["data"] = map[string]any{"password": base64.StdEncoding.EncodeToString([]byte(password))}
	service := object("v1", "Service", namespace, postgresName, map[string]any{
		"selector": labels, "ports": []any{map[string]any{"name": "postgres", "port": int64(postgresPort), "targetPort": int64(postgresPort), "protocol": "TCP"}},
	})
	const user = int64(999) // of the official image
	variable := func(name, value string) any { return map[string]any{"name": name, "value": value} }
	ready := map[string]any{
		"exec":          map[string]any{"command": []any{"pg_isready", "-h", "127.0.0.1", "-U", target.PostgresName, "-d", target.PostgresName}},
		"periodSeconds": int64(2),
	}
	set := object("apps/v1", "StatefulSet", namespace, postgresName, map[string]any{
		"serviceName": postgresName, "replicas": int64(1), "selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{
			"metadata": map[string]any{"labels": labels},
			"spec": map[string]any{
				"automountServiceAccountToken": false, "enableServiceLinks": false, "terminationGracePeriodSeconds": int64(5),
				"securityContext": map[string]any{
					"runAsNonRoot": true, "runAsUser": user, "runAsGroup": user, "fsGroup": user, "seccompProfile": map[string]any{"type": "RuntimeDefault"},
				},
				"volumes": []any{map[string]any{"name": "data", "emptyDir": map[string]any{"sizeLimit": "2Gi"}}},
				"containers": []any{map[string]any{
					"name": "postgres", "image": image,
					"env": []any{
						variable("POSTGRES_USER", target.PostgresName), variable("POSTGRES_DB", target.PostgresName), variable("PGDATA", "/var/lib/postgresql/data/goldenpath"),
						map[string]any{"name": "POSTGRES_PASSWORD", "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": postgresName, "key": "password"}}},
					},
					"ports":           []any{map[string]any{"name": "postgres", "containerPort": int64(postgresPort), "protocol": "TCP"}},
					"readinessProbe":  ready,
					"securityContext": map[string]any{"allowPrivilegeEscalation": false, "capabilities": map[string]any{"drop": []any{"ALL"}}},
					"resources": map[string]any{
						"requests": map[string]any{"cpu": "50m", "memory": "128Mi"}, "limits": map[string]any{"cpu": "1", "memory": "512Mi"},
					},
					"volumeMounts": []any{map[string]any{"name": "data", "mountPath": "/var/lib/postgresql/data"}},
				}},
			},
		},
	})
	return []*unstructured.Unstructured{secret, service, set}
}

// support returns the objects that goldenpath adds to the rendered ones.
func (x *deployment) support() []*unstructured.Unstructured {
	return append(x.secretObjects(x.namespace, x.Deployment), x.services...)
}

// startServices waits until the services are ready, so that a migration finds them.
func (x *deployment) startServices(ctx context.Context, live []*unstructured.Unstructured) error {
	if len(x.services) == 0 {
		return nil
	}
	if err := x.cluster.await(ctx, x.namespace, live, unready, postgresStart, x.Proceed); err != nil {
		if f, ok := isFailure(err); ok {
			f.What, f.NotUp = "services.postgres: "+f.What, false
		}
		return err
	}
	x.say("services", fmt.Sprintf("postgres %d", x.Services.Postgres.Version))
	return nil
}
