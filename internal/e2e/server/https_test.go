//go:build e2e

package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// outside is the address of this machine for the servers.
const outside = "10.246.0.1"

// ownCertificate makes a certificate for this machine's address that vouches for itself.
func ownCertificate(t *testing.T) (der []byte, key *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "this machine"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP(outside)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err = x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

// authority starts Pebble, a certificate authority that speaks ACME, with a DNS server that
// sends every name to a server. It returns the certificate of its own HTTPS address.
func authority(t *testing.T, address string) (own []byte) {
	t.Helper()
	if out, err := exec.Command(filepath.Join(root(t), "internal/e2e/server/pebble.sh")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dir := t.TempDir()
	der, key := ownCertificate(t)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	own = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": outside + ":14000", "managementListenAddress": outside + ":15000", "certificate": filepath.Join(dir, "own.pem"), "privateKey": filepath.Join(dir, "own.key"),
		"httpPort": 80, "tlsPort": 443,
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"own.pem": own, "own.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), "pebble.json": config} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bin := os.Getenv("GOLDENPATH_PEBBLE")
	if bin == "" {
		bin = filepath.Join(root(t), ".cache/pebble")
	}
	for _, args := range [][]string{
		{"pebble-challtestsrv", "-dnsserver", outside + ":8053", "-defaultIPv4", address, "-defaultIPv6", "", "-management", outside + ":8055", "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""},
		{"pebble", "-config", filepath.Join(dir, "pebble.json"), "-dnsserver", outside + ":8053"},
	} {
		log, err := os.Create(filepath.Join(dir, args[0]+".log"))
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(filepath.Join(bin, args[0]), args[1:]...)
		cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			log.Close()
			if b, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
				t.Logf("%s: %s", args[0], b[max(0, len(b)-2000):])
			}
		})
	}
	return own
}

// certifiedBy lets a server get its certificates from the authority, which goldenpath trusts on
// this machine from then on. It returns the root of those certificates.
func (s *server) certifiedBy(own []byte) (root []byte) {
	s.t.Helper()
	s.feed(string(own), "cat > /etc/goldenpath/authority.pem && chmod 644 /etc/goldenpath/authority.pem && printf 'acme: {ca: \"https://"+outside+":14000/dir\", ca-root: /etc/goldenpath/authority.pem}\\n' >> /etc/goldenpath/host.yml")
	plain := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // the authority's own address, in this test
	res, err := plain.Get("https://" + outside + ":15000/roots/0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	file := filepath.Join(s.t.TempDir(), "roots.pem")
	if root, err = io.ReadAll(res.Body); err == nil {
		err = os.WriteFile(file, root, 0o644)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Setenv("SSL_CERT_FILE", file)
	return root
}

// TestHTTPS: each host name gets a certificate of its own by ACME, and plain HTTP leads to
// HTTPS; a server whose authority does not respond serves what has a certificate.
func TestHTTPS(t *testing.T) {
	s := start(t, "https-podman", "podman")
	own := authority(t, s.address)
	a := prepare(t, s)
	text := strings.ReplaceAll(a.read(".goldenpath.yml"), "http://pr-", "https://pr-")
	if err := os.WriteFile(filepath.Join(a.dir, ".goldenpath.yml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	a.pack(s)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.certifiedBy(own))
	secure := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	answers := func(name, want string) {
		t.Helper()
		var last error
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			res, err := secure.Get("https://" + name + "." + s.name + ".test/version")
			if last = err; err != nil {
				continue
			}
			b, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err == nil && res.StatusCode == http.StatusOK && strings.Contains(string(b), want) {
				return
			}
		}
		t.Fatalf("%s does not answer over HTTPS: %v\n%s", name, last, s.root("journalctl --no-pager --unit caddy-api --lines 20 --output cat"))
	}
	start := time.Now()
	a.pass(a.up(1, 0))
	answers("pr-1", a.commits[0])
	t.Logf("the first preview answers over HTTPS after %s", time.Since(start).Round(100*time.Millisecond))
	a.pass(a.up(2, 1))
	answers("pr-2", a.commits[1])
	untrusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool()}}}
	if res, err := untrusting.Get("http://pr-1." + s.name + ".test/version"); err == nil {
		res.Body.Close()
		t.Errorf("HTTP answers %s, and does not lead to HTTPS", res.Status)
	} else if !strings.Contains(err.Error(), "https://") {
		t.Errorf("HTTP does not lead to HTTPS: %v", err)
	}
	// Without the authority the names that have a certificate go on, also after a new version.
	if out, err := exec.Command("pkill", "-x", "pebble").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	a.pass(a.up(1, 1))
	answers("pr-1", a.commits[1])
}
