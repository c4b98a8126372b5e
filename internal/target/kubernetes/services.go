package kubernetes

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// serviceStart is how long a service may take until it is ready, with the pull of its image.
const serviceStart = 3 * time.Minute

// serviceMemory is the memory limit of a service, and what of it the data may use.
const (
	serviceMemory     = "512Mi"
	serviceMemoryData = 384 << 20
)

// serviceName returns the name of the objects of a preview's service.
func serviceName(k *target.ServiceKind) string { return "goldenpath-" + k.Name }

// serviceNames returns the names of the objects of all services.
func serviceNames() (all []string) {
	for _, k := range target.ServiceKinds {
		all = append(all, serviceName(k))
	}
	return all
}

// addServices adds the services that a preview asks for: their objects to the plan, and
// their addresses to the secrets of the deployment. Other environments have services of
// their own, which previews must not have: those of a preview end with its namespace.
func (x *deployment) addServices(ctx context.Context, exists bool) error {
	if !x.preview {
		return nil
	}
	x.services = nil
	x.kinds = x.Services.Wanted(func(variable string) bool {
		_, env := x.Env[variable]
		_, secret := x.Secrets[variable]
		return env || secret
	})
	for _, k := range x.kinds {
		if err := x.addService(ctx, k, exists); err != nil {
			return err
		}
	}
	return nil
}

func (x *deployment) addService(ctx context.Context, k *target.ServiceKind, exists bool) error {
	password := rand.Text()
	if exists {
		live, err := x.cluster.get(ctx, x.cluster.objects.Resource(secrets).Namespace(x.namespace), serviceName(k))
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("cannot read the password of %s: %w", k.Title, err)
		}
		if err == nil {
			data, _, _ := unstructured.NestedStringMap(live.Object, "data")
			if b, err := base64.StdEncoding.DecodeString(data["password"]); err == nil && len(b) > 0 {
				password = string(b)
			}
		}
	}
	image, err := x.serviceImage(ctx, k, k.Of(x.Services), exists)
	if err != nil {
		return err
	}
	x.services = append(x.services, serviceObjects(k, x.namespace, image, password)...)
	all := map[string]target.Secret{}
	for name, value := range k.Variables(serviceName(k), k.Port, password) {
		all[name] = target.Secret{Value: value}
	}
	maps.Copy(all, x.Secrets)
	x.Secrets = all
	return nil
}

// serviceImage returns the image by digest. An image that is not configured is the official
// one: its digest is read from the registry once, and kept as long as the preview exists.
func (x *deployment) serviceImage(ctx context.Context, k *target.ServiceKind, want target.Service, exists bool) (string, error) {
	if want.Image != "" {
		return want.Image, nil
	}
	image := k.Official(want.Version)
	if exists {
		kind := object("apps/v1", "StatefulSet", x.namespace, serviceName(k), nil)
		r, _, err := x.cluster.resource(ctx, kind.GroupVersionKind(), x.namespace)
		if err != nil {
			return "", err
		}
		live, err := x.cluster.get(ctx, r, serviceName(k))
		if err != nil && !apierrors.IsNotFound(err) {
			return "", fmt.Errorf("cannot read %s: %w", k.Title, err)
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
		return "", fmt.Errorf("cannot read the digest of %s: %w: set services.%s to {version: %d, image: …@sha256:…}, an image that the cluster can pull", image, err, k.Name, want.Version)
	}
	return image + "@" + head.Digest.String(), nil
}

// serviceObjects returns the Secret, the Service and the StatefulSet of a service. They
// meet the Pod Security Standard "restricted". The data are in the pod: they survive a
// restart of the container, and end with the pod.
func serviceObjects(k *target.ServiceKind, namespace, image, password string) []*unstructured.Unstructured {
	c, named := k.Container, serviceName(k)
	labels := map[string]any{managedBy: manager, Domain + "/service": k.Name}
	secret := object("v1", "Secret", namespace, named, nil)
	secret.Object["type"] = "Opaque"
	secret.Object["data"] = map[string]any{"password": base64.StdEncoding.EncodeToString([]byte(password))}
	service := object("v1", "Service", namespace, named, map[string]any{
		"selector": labels, "ports": []any{map[string]any{"name": k.Name, "port": int64(k.Port), "targetPort": int64(k.Port), "protocol": "TCP"}},
	})
	const user = int64(target.ServiceUser)
	env := []any{
		map[string]any{"name": c.Secret, "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": named, "key": "password"}}},
		map[string]any{"name": target.ServiceMemory, "value": fmt.Sprint(serviceMemoryData)},
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		env = append(env, map[string]any{"name": name, "value": c.Env[name]})
	}
	volumes := []any{map[string]any{"name": "data", "emptyDir": map[string]any{"sizeLimit": "2Gi"}}}
	mounts := []any{map[string]any{"name": "data", "mountPath": c.Data}}
	for i, dir := range c.Writable {
		writable := fmt.Sprintf("writable-%d", i)
		volumes = append(volumes, map[string]any{"name": writable, "emptyDir": map[string]any{"sizeLimit": "128Mi"}})
		mounts = append(mounts, map[string]any{"name": writable, "mountPath": dir})
	}
	container := map[string]any{
		"name": k.Name, "image": image, "env": env,
		"ports":           []any{map[string]any{"name": k.Name, "containerPort": int64(k.Port), "protocol": "TCP"}},
		"readinessProbe":  map[string]any{"exec": map[string]any{"command": anys(c.Ready)}, "periodSeconds": int64(2)},
		"securityContext": map[string]any{"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": map[string]any{"drop": []any{"ALL"}}},
		"resources": map[string]any{
			"requests": map[string]any{"cpu": "50m", "memory": "128Mi"}, "limits": map[string]any{"cpu": "1", "memory": serviceMemory},
		},
		"volumeMounts": mounts,
	}
	if c.Command != nil {
		container["command"] = anys(c.Command)
	}
	set := object("apps/v1", "StatefulSet", namespace, named, map[string]any{
		"serviceName": named, "replicas": int64(1), "selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{
			"metadata": map[string]any{"labels": labels},
			"spec": map[string]any{
				"automountServiceAccountToken": false, "enableServiceLinks": false, "terminationGracePeriodSeconds": int64(5),
				"securityContext": map[string]any{
					"runAsNonRoot": true, "runAsUser": user, "runAsGroup": user, "fsGroup": user, "seccompProfile": map[string]any{"type": "RuntimeDefault"},
				},
				"volumes": volumes, "containers": []any{container},
			},
		},
	})
	return []*unstructured.Unstructured{secret, service, set}
}

func anys(list []string) (all []any) {
	for _, s := range list {
		all = append(all, s)
	}
	return all
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
	if err := x.cluster.await(ctx, x.namespace, live, unready, serviceStart, x.Proceed); err != nil {
		if f, ok := isFailure(err); ok {
			f.What, f.NotUp = "services: "+f.What, false
		}
		return err
	}
	var names []string
	for _, k := range x.kinds {
		names = append(names, fmt.Sprintf("%s %d", k.Name, k.Of(x.Services).Version))
	}
	x.say("services", strings.Join(names, ", "))
	return nil
}
