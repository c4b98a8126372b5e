package path

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/doctor"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/target/server"
)

// servers asks each server of the configuration, and the network for the names that have to
// lead to it.
func (c *Doctor) servers(ctx context.Context, env *command.Env) []doctor.Server {
	w, err := Where{Repo: c.Repo}.configured(ctx, env, GitHub{}, Cluster{SSHKey: c.SSHKey})
	if err != nil {
		return []doctor.Server{{Host: "the servers", Err: err}}
	}
	var all []doctor.Server
	places := []config.Deploy{w.config.Preview.Deploy}
	for _, name := range w.config.Chain() {
		places = append(places, w.config.Environments[name].Deploy)
	}
	for _, d := range places {
		if d.Target != "server" {
			continue
		}
		for _, at := range d.Server {
			i := slices.IndexFunc(all, func(s doctor.Server) bool { return s.Host == at.Host })
			if i < 0 {
				all = append(all, w.hello(ctx, d, at))
				i = len(all) - 1
			}
			if d.URL != "" && all[i].Err == nil {
				all[i].Addresses = append(all[i].Addresses, leads(ctx, target.Words("preview/pr-1").Replace(d.URL), at.Host))
			}
		}
	}
	return all
}

// hello asks one server who it is.
func (w *world) hello(ctx context.Context, d config.Deploy, at config.Server) doctor.Server {
	out := doctor.Server{Host: at.Host}
	d.Server = config.Servers{at}
	opened, err := w.access().Open(d, "")
	if err != nil {
		out.Err = err
		return out
	}
	t, ok := opened.(*server.Target)
	if !ok {
		out.Err = errors.New("its target is not a server")
		return out
	}
	defer t.Close()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	start := w.env.Now()
	all, err := t.Hello(ctx)
	if err != nil {
		out.Err = err
		return out
	}
	out.Hello, out.Asked = all[0], start.Add(w.env.Now().Sub(start)/2)
	return out
}

// leads reports whether the name of an address leads to a server, and its certificate.
func leads(ctx context.Context, address, host string) doctor.Address {
	out := doctor.Address{URL: address}
	u, err := url.Parse(address)
	if err != nil {
		out.Err = err
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	have, err := net.DefaultResolver.LookupHost(ctx, u.Hostname())
	if err != nil {
		out.Err = err
		return out
	}
	want, err := net.DefaultResolver.LookupHost(ctx, host)
	out.Leads = err == nil && slices.ContainsFunc(have, func(a string) bool { return slices.Contains(want, a) })
	if u.Scheme != "https" {
		return out
	}
	dialer := tls.Dialer{Config: &tls.Config{ServerName: u.Hostname()}}
	if conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), "443")); err == nil {
		out.Certificate = conn.(*tls.Conn).ConnectionState().PeerCertificates[0].NotAfter
		conn.Close()
	}
	return out
}
