//go:build e2e

package server

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
)

// privateRegistry starts a registry with a login that the servers reach over HTTPS. It counts
// the layers that were read.
func privateRegistry(t *testing.T, user, password string) (address string, certificate []byte, read *atomic.Int64) {
	t.Helper()
	der, key := ownCertificate(t)
	l, err := net.Listen("tcp", outside+":0")
	if err != nil {
		t.Fatal(err)
	}
	read = &atomic.Int64{}
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	s := &http.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, ErrorLog: log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if u, p, _ := r.BasicAuth(); u != user || p != password {
				w.Header().Set("WWW-Authenticate", `Basic realm="images"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
				read.Add(1)
			}
			images.ServeHTTP(w, r)
		}),
	}
	go func() { _ = s.ServeTLS(l, "", "") }()
	t.Cleanup(func() { s.Close() })
	return l.Addr().String(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), read
}

// TestPull: a server reads images from a private registry with its own login; what it cannot
// read is sent to it, and its audit log says why.
func TestPull(t *testing.T) {
	s := start(t, "pull-podman", "podman")
	a := sample(t, s)
	address, certificate, read := privateRegistry(t, "reader", "pull-secret")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	through := remote.WithTransport(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}})
	login := remote.WithAuth(&authn.Basic{Username: "reader", Password: "pull-secret"})
	local, err := artifact.OpenRegistry(a.dir + "/.git/goldenpath/registry")
	if err != nil {
		t.Fatal(err)
	}
	handler := artifact.InProcess(local.Handler())
	for _, digest := range a.digests {
		from, err := name.NewDigest("localhost/where2eat@"+digest, name.Insecure)
		if err != nil {
			t.Fatal(err)
		}
		index, err := remote.Index(from, remote.WithTransport(handler))
		if err != nil {
			t.Fatal(err)
		}
		to, err := name.NewDigest(address + "/acme/where2eat@" + digest)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.WriteIndex(to, index, through, login); err != nil {
			t.Fatal(err)
		}
	}
	s.feed(string(certificate), "cat >> /etc/ssl/certs/ca-certificates.crt")
	s.root(fmt.Sprintf(`sed -i 's|image: .*|image: %s/acme/where2eat|; s|^  where2eat:|&\n    pull: true|' /etc/goldenpath/host.yml`, address))

	a.pass(a.up(1, 0)) // no login yet
	a.answers("pr-1", a.commits[0])
	if out := s.root("grep '\"what\":\"pull\"' ~goldenpath/state/audit.jsonl"); !strings.Contains(out, "401") || !strings.Contains(out, ".docker/config.json") || read.Load() != 0 {
		t.Errorf("without a login: %d layers were read; %s", read.Load(), out)
	}
	auth := base64.StdEncoding.EncodeToString([]byte("reader:pull-secret"))
	s.feed(`{"auths":{"`+address+`":{"auth":"`+auth+`"}}}`, "su - goldenpath -c 'umask 077; mkdir -p .docker; cat > .docker/config.json'")
	a.pass(a.up(1, 1))
	a.answers("pr-1", a.commits[1])
	if out := s.root("tail -n 3 ~goldenpath/state/audit.jsonl"); !strings.Contains(out, a.digests[1]+" from "+address) || read.Load() == 0 {
		t.Errorf("with a login: %d layers were read; %s", read.Load(), out)
	}
	if out := s.root("grep -c pull-secret ~goldenpath/state/audit.jsonl || true"); out != "0" {
		t.Error("the audit log has the password")
	}
}
