package kubernetes

import (
	"context"
	"net/url"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Place returns the cluster and the namespace of an environment. It reads the kubeconfig
// and sends no request.
func (t *Target) Place(environment string) (target.Place, error) {
	p := target.Place{Kind: "kubernetes"}
	c, err := t.connect(context.Background())
	if err != nil {
		return p, err
	}
	p.Name = "cluster " + address(c.host) + " namespace " + t.namespace(environment)
	if c.context != "" {
		p.Via = "context " + c.context
	}
	return p, nil
}

// address returns the address of a cluster in one form, without credentials.
func address(host string) string {
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	u, err := url.Parse(host)
	if err != nil {
		return "unknown"
	}
	return strings.ToLower(u.Scheme+"://"+u.Host) + strings.TrimSuffix(u.EscapedPath(), "/")
}
