package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// client speaks with one server. Its SSH connection is opened when it is first needed, and
// opened again when it was lost: every request can be repeated.
type client struct {
	at   Address
	keys Keys

	mu  sync.Mutex
	ssh *ssh.Client

	once sync.Once
	http *http.Transport
}

func (c *client) session(ctx context.Context) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ssh != nil {
		if conn, err := open(c.ssh, c.at.Host); err == nil {
			return conn, nil
		}
		c.ssh.Close()
		c.ssh = nil
	}
	s, err := dial(ctx, c.at, c.keys)
	if err != nil {
		return nil, err
	}
	c.ssh = s
	conn, err := open(s, c.at.Host)
	if err != nil {
		return nil, fmt.Errorf("%s runs no goldenpath for this key: %w: add the key with goldenpath host allow on the server", c.at.Host, err)
	}
	return conn, nil
}

// transport returns the transport of the client, which has at most one session and keeps it
// for the next request: each begins a process on the server.
func (c *client) transport() *http.Transport {
	c.once.Do(func() {
		c.http = &http.Transport{
			MaxConnsPerHost: 1, MaxIdleConns: 1, DisableCompression: true, IdleConnTimeout: protocol.IdleTime / 2,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return c.session(ctx) },
		}
	})
	return c.http
}

func (c *client) close() {
	c.transport().CloseIdleConnections()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ssh != nil {
		c.ssh.Close()
		c.ssh = nil
	}
}

// call sends a request and passes the events of the response to each, until the last one,
// which it returns.
func (c *client) call(ctx context.Context, method, path string, in any, each func(protocol.Event)) (protocol.Event, error) {
	var last protocol.Event
	ended := false
	err := c.send(ctx, method, path, in, func(body io.Reader) error {
		d := json.NewDecoder(body)
		for {
			var e protocol.Event
			err := d.Decode(&e)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			switch {
			case e.Error != nil:
				ended = true
				return e.Error
			case e.Phase != nil:
				if each != nil {
					each(e)
				}
			default:
				if ended && each != nil { // an answer of several
					each(last)
				}
				last, ended = e, true
			}
		}
	})
	if err == nil && !ended {
		err = fmt.Errorf("the connection to %s ended before its answer: repeat the command, it goes on from what is done", c.at.Host)
	}
	return last, err
}

// send sends a request and passes the response to read.
func (c *client) send(ctx context.Context, method, path string, in any, read func(io.Reader) error) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		if len(b) > protocol.MaxJSON {
			return fmt.Errorf("the request has %d bytes, and a server takes %d: shorten variables and evidence", len(b), protocol.MaxJSON)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.at.Host+path, body)
	if err != nil {
		return err
	}
	req.Header.Set(protocol.VersionHeader, strconv.Itoa(protocol.Version))
	res, err := c.transport().RoundTrip(req)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("server %s: %w", c.at.Host, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		var e protocol.Event
		b, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
		if json.Unmarshal(b, &e) == nil && e.Error != nil {
			return e.Error
		}
		return fmt.Errorf("server %s: %s: %.300s", c.at.Host, res.Status, b)
	}
	if err := read(res.Body); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var said *protocol.Error
		if errors.As(err, &said) {
			return said
		}
		return fmt.Errorf("the connection to %s was lost: %w: repeat the command, it goes on from what is done", c.at.Host, err)
	}
	return nil
}

// copyImage sends an image: only the layers that the server lacks.
func (c *client) copyImage(ctx context.Context, from *artifact.Repository, digest, app string) (artifact.Artifact, error) {
	to, err := artifact.Over(c.transport(), app)
	if err != nil {
		return artifact.Artifact{}, err
	}
	if a, err := to.Resolve(ctx, digest, artifact.HostPlatform()); err == nil {
		return a, nil
	}
	return from.Copy(ctx, digest, to)
}

// hello asks a server who it is.
func (c *client) hello(ctx context.Context) (out protocol.Hello, err error) {
	err = c.send(ctx, http.MethodGet, protocol.PathHello, nil, func(body io.Reader) error { return json.NewDecoder(body).Decode(&out) })
	return out, err
}

// phase is what a server says while it works, for one of several servers.
func phase(e protocol.Event, on string) target.Phase {
	p := e.Phase.Phase
	p.Pending, p.Plan = e.Phase.Waits, e.Phase.Plan
	if on != "" {
		p.Detail = on + ": " + p.Detail
	}
	return p
}
