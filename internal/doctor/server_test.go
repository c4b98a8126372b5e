package doctor

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestServers: what is wrong with a server has a row and a remedy.
func TestServers(t *testing.T) {
	now := time.Now()
	well := func() Server {
		return Server{
			Host: "shop.test", Asked: now, Hello: protocol.Hello{Version: "v1", Time: now, Engine: "podman 5", Proxy: "caddy", Disk: protocol.Space{Total: 100, Free: 50}},
			Addresses: []Address{{URL: "https://shop.test", Leads: true, Certificate: now.Add(60 * 24 * time.Hour)}},
		}
	}
	for name, tt := range map[string]struct {
		change func(*Server)
		state  report.State
		want   string
	}{
		"all is well":          {func(*Server) {}, report.OK, "podman 5"},
		"it does not respond":  {func(s *Server) { s.Err = errors.New("cannot reach shop.test:22") }, report.Failed, "cannot reach"},
		"its clock is wrong":   {func(s *Server) { s.Hello.Time = now.Add(-time.Hour) }, report.Failed, "1h0m0s"},
		"another version":      {func(s *Server) { s.Hello.Version = "v0" }, report.Warned, "v0 and here v1"},
		"its disk is full":     {func(s *Server) { s.Hello.Disk.Free = 4 }, report.Warned, "4% of its disk"},
		"a problem of its own": {func(s *Server) { s.Hello.Problems = []string{"the timer is not active"} }, report.Warned, "timer"},
		"no DNS record":        {func(s *Server) { s.Addresses[0].Err = errors.New("no such host") }, report.Failed, "shop.test leads nowhere"},
		"another machine":      {func(s *Server) { s.Addresses[0].Leads = false }, report.Warned, "another machine"},
		"an old certificate":   {func(s *Server) { s.Addresses[0].Certificate = now.Add(time.Hour) }, report.Warned, "was not renewed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := well()
			tt.change(&s)
			r := &repo{Deps: Deps{Version: "v1", Servers: func() []Server { return []Server{s} }}, config: &config.Config{Preview: config.Preview{Deploy: config.Deploy{Target: serverTarget}}}}
			f := servers(r)
			if f.state != tt.state || !strings.Contains(f.found, tt.want) {
				t.Errorf("%s %q, want %s %q", f.state, f.found, tt.state, tt.want)
			}
		})
	}
	r := &repo{config: &config.Config{Environments: map[string]config.Environment{"production": {Deploy: config.Deploy{Target: serverTarget}}}}}
	if f := servers(r); f.state != report.Missing {
		t.Errorf("servers that were not asked: %s", f.state)
	}
}
