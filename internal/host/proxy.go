package host

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// proxy is Caddy, by its admin API. goldenpath owns two servers of its configuration and
// replaces them as a whole, so that a lost or repeated request changes nothing.
type proxy struct {
	api    string
	acme   ACME
	client *http.Client
}

// route sends the requests of a host name to a port of this server.
type route struct {
	scheme, host string
	to           string // host:port
}

// The names of goldenpath's servers in Caddy's configuration.
const (
	plainServer  = "goldenpath_http"
	secureServer = "goldenpath"
)

type object = map[string]any

// routes moves the traffic to what environment.json names as serving, in all environments.
func (h *Host) routes(ctx context.Context) error {
	l := flock.New(filepath.Join(h.Dir, "routes.lock"))
	if ok, err := l.TryLockContext(ctx, 10*time.Millisecond); !ok {
		return err
	}
	defer l.Unlock()
	all, err := h.all()
	if err != nil {
		return err
	}
	var routes []route
	for _, e := range all {
		g, err := e.generation(e.Serving)
		if err != nil {
			return err
		}
		if g == nil || e.Leaving {
			continue
		}
		u, err := url.Parse(e.URL)
		if err != nil {
			return err
		}
		to, port := g.dial()
		routes = append(routes, route{u.Scheme, u.Hostname(), net.JoinHostPort(to, strconv.Itoa(port))})
	}
	return h.proxy.set(ctx, routes)
}

// set replaces goldenpath's servers.
func (p proxy) set(ctx context.Context, routes []route) error {
	servers := map[string][]any{}
	var secure []string
	for _, r := range routes {
		if r.scheme == "https" {
			secure = append(secure, r.host)
		}
		name := secureServer
		if r.scheme == "http" {
			name = plainServer
		}
		servers[name] = append(servers[name], object{
			"match":    []any{object{"host": []string{r.host}}},
			"terminal": true,
			"handle": []any{object{
				"handler": "reverse_proxy", "upstreams": []any{object{"dial": r.to}},
			}},
		})
	}
	if len(routes) > 0 {
		// Caddy answers 200 for a name that nothing serves. The names with a certificate are left
		// to its own routes, which lead to HTTPS.
		unknown := object{"handle": []any{object{"handler": "static_response", "status_code": 404}}, "terminal": true}
		if len(secure) > 0 {
			unknown["match"] = []any{object{"not": []any{object{"host": secure}}}}
		}
		servers[plainServer] = append(servers[plainServer], unknown)
		if len(secure) > 0 {
			servers[secureServer] = append(servers[secureServer], object{"handle": []any{object{"handler": "static_response", "status_code": 404}}})
		}
	}
	config, err := p.get(ctx)
	if err != nil {
		return err
	}
	apps, _ := config["apps"].(object)
	if apps == nil {
		apps = object{}
	}
	web, _ := apps["http"].(object)
	if web == nil {
		web = object{}
	}
	all, _ := web["servers"].(object)
	if all == nil {
		all = object{}
	}
	before, err := json.Marshal(config)
	if err != nil {
		return err
	}
	for name, port := range map[string]string{secureServer: ":443", plainServer: ":80"} {
		if len(servers[name]) == 0 {
			delete(all, name)
			continue
		}
		for other, s := range all {
			if other != secureServer && other != plainServer && listensOn(s, port) {
				return fmt.Errorf("Caddy's server %q already listens on %s: goldenpath needs the ports 80 and 443 of this machine; remove that site from Caddy's configuration, or move it behind another address", other, port)
			}
		}
		all[name] = object{"listen": []string{port}, "routes": servers[name]}
	}
	web["servers"], apps["http"], config["apps"] = all, web, apps
	if p.acme != (ACME{}) && len(servers[secureServer]) > 0 {
		issuer := object{"module": "acme"}
		for key, value := range map[string]string{"email": p.acme.Email, "ca": p.acme.CA} {
			if value != "" {
				issuer[key] = value
			}
		}
		if p.acme.CARoot != "" {
			issuer["trusted_roots_pem_files"] = []string{p.acme.CARoot}
		}
		apps["tls"] = object{"automation": object{"policies": []any{object{"issuers": []any{issuer}}}}}
	}
	after, err := json.Marshal(config)
	if err != nil || bytes.Equal(before, after) {
		return err
	}
	_, err = p.do(ctx, http.MethodPost, "/load", after)
	return err
}

func listensOn(server any, port string) bool {
	s, _ := server.(object)
	listen, _ := s["listen"].([]any)
	for _, l := range listen {
		if text, _ := l.(string); strings.HasSuffix(text, port) {
			return true
		}
	}
	return false
}

// get returns the whole configuration.
func (p proxy) get(ctx context.Context) (object, error) {
	b, err := p.do(ctx, http.MethodGet, "/config/", nil)
	if err != nil {
		return nil, err
	}
	config := object{}
	if err := json.Unmarshal(b, &config); err != nil {
		return nil, fmt.Errorf("cannot read Caddy's configuration: %w", err)
	}
	if config == nil { // null: Caddy has none
		config = object{}
	}
	return config, nil
}

func (p proxy) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.api+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := p.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("Caddy does not respond at %s: %w: what serves keeps its route as long as Caddy runs; systemctl status caddy-api shows why it does not", p.api, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		var said struct{ Error string }
		_ = json.Unmarshal(b, &said)
		if said.Error == "" {
			said.Error = strings.TrimSpace(string(b))
		}
		return nil, fmt.Errorf("Caddy refuses %s %s: %d: %.500s", method, path, res.StatusCode, said.Error)
	}
	return b, nil
}

// describe asks whether Caddy answers. Its admin API does not tell its version.
func (p proxy) describe(ctx context.Context) (string, error) {
	_, err := p.do(ctx, http.MethodGet, "/config/", nil)
	if err != nil {
		return "", err
	}
	return "caddy", nil
}
