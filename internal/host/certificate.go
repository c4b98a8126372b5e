package host

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// certificateWait is how long Caddy may take to get a certificate for a new name.
const certificateWait = 90 * time.Second

// certificate waits until Caddy has a certificate for the name of an environment, so that
// what asks it next over HTTPS does not fail. Whether its issuer is trusted is the affair of
// who asks.
func (e *environment) certificate(ctx context.Context, say func(target.Phase)) error {
	u, err := url.Parse(e.URL)
	if err != nil || u.Scheme != "https" {
		return err
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, certificateWait)
	defer cancel()
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}, Config: &tls.Config{ServerName: u.Hostname(), InsecureSkipVerify: true}} // the name is checked below
	var last error
	for {
		conn, err := dialer.DialContext(ctx, "tcp", "127.0.0.1:443")
		if err == nil {
			chain := conn.(*tls.Conn).ConnectionState().PeerCertificates
			conn.Close()
			if len(chain) > 0 && chain[0].VerifyHostname(u.Hostname()) == nil && time.Now().Before(chain[0].NotAfter) {
				if waited := time.Since(start); waited > time.Second {
					say(target.Phase{Name: "certificate", Detail: "for " + u.Hostname(), Seconds: waited.Seconds()})
				}
				return nil
			}
			err = fmt.Errorf("Caddy serves no valid certificate for %s", u.Hostname())
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return &target.Failure{
				What:   fmt.Sprintf("%s has no certificate after %s: %v", u.Hostname(), certificateWait, last),
				Remedy: "a DNS record has to lead " + u.Hostname() + " to this server, and its ports 80 and 443 have to be open; journalctl --unit caddy-api on the server shows what the certificate authority says (Let's Encrypt limits how many it issues in a week)",
				Kept:   "the new version, which Caddy serves as soon as it has a certificate", Err: last,
			}
		case <-time.After(200 * time.Millisecond):
		}
	}
}
