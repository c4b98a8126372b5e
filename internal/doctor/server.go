package doctor

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Server is what one server of target server said of itself, and what leads to it.
type Server struct {
	Host      string
	Hello     protocol.Hello
	Err       error     // why it was not asked
	Asked     time.Time // by this machine's clock
	Addresses []Address
}

// Address is the address of an environment, as the network sees it.
type Address struct {
	URL         string
	Leads       bool      // its name leads to the server
	Err         error     // why the name leads nowhere
	Certificate time.Time // its end; zero: not an HTTPS address, or none was served
}

// Bounds of what a server may lack.
const (
	clockOff     = 30 * time.Second
	diskLow      = 10 // percent
	expiresSoon  = 14 * 24 * time.Hour
	serverTarget = "server"
)

// servers checks the servers that environments run on.
func servers(r *repo) finding {
	used := r.config.Preview.Target == serverTarget
	for _, e := range r.config.Environments {
		used = used || e.Target == serverTarget
	}
	switch {
	case !used:
		return notApplicable("no environment has target server")
	case r.Servers == nil:
		return finding{state: report.Missing, found: "the servers were not asked", next: "run doctor without --offline, on a machine with an SSH key that they allow"}
	}
	var broken, weak, fix, fine []string
	for _, s := range r.Servers() {
		at := len(broken) + len(weak)
		bad := func(list *[]string, remedy, format string, args ...any) {
			*list = append(*list, s.Host+": "+fmt.Sprintf(format, args...))
			if remedy != "" && !slices.Contains(fix, remedy) {
				fix = append(fix, remedy)
			}
		}
		if s.Err != nil {
			bad(&broken, "", "%s", strings.ReplaceAll(s.Err.Error(), "\n", " "))
			continue
		}
		if off := s.Hello.Time.Sub(s.Asked).Abs(); off > clockOff {
			bad(&broken, "timedatectl set-ntp true   on "+s.Host, "its clock is off by %s, so that certificates and expiries are wrong", off.Round(time.Second))
		}
		if s.Hello.Version != r.Version && r.Version != "" {
			bad(&weak, "goldenpath host bootstrap --yes root@"+s.Host, "goldenpath there is %s and here %s", s.Hello.Version, r.Version)
		}
		if d := s.Hello.Disk; d.Total > 0 && d.Free*100/d.Total < diskLow {
			bad(&weak, "goldenpath host status   on "+s.Host+" shows what could be removed", "%d%% of its disk is free", d.Free*100/d.Total)
		}
		for _, p := range s.Hello.Problems {
			bad(&weak, "", "%s", p)
		}
		for _, a := range s.Addresses {
			name := a.URL
			if u, err := url.Parse(a.URL); err == nil {
				name = u.Hostname()
			}
			switch {
			case a.Err != nil:
				bad(&broken, "add a DNS record that leads "+name+" to "+s.Host, "%s leads nowhere", name)
			case !a.Leads:
				bad(&weak, "", "%s leads to another machine, which has to pass requests on", name)
			case !a.Certificate.IsZero() && time.Until(a.Certificate) < expiresSoon:
				bad(&weak, "journalctl --unit caddy-api   on "+s.Host, "the certificate of %s ends on %s and was not renewed", name, a.Certificate.Format(time.DateOnly))
			}
		}
		if at == len(broken)+len(weak) {
			fine = append(fine, fmt.Sprintf("%s (%s, %s)", s.Host, s.Hello.Engine, s.Hello.Proxy))
		}
	}
	switch {
	case len(broken) > 0:
		return finding{report.Failed, strings.Join(append(broken, weak...), "; "), "nothing can be deployed there", fix}
	case len(weak) > 0:
		return finding{report.Warned, strings.Join(weak, "; "), "", fix}
	}
	return finding{state: report.OK, found: strings.Join(fine, ", ")}
}
