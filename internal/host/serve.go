package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gofrs/flock"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Roles of an SSH key.
const (
	RolePreviews = "previews" // creates and removes previews
	RoleReleases = "releases" // releases what the evidence allows
)

// Key is what the forced command of an SSH key says about it.
type Key struct {
	Role string
	Apps []string
}

func (k Key) String() string { return k.Role + " of " + strings.Join(k.Apps, ",") }

// allows reports whether the key may act on an environment. It may always read its apps.
func (k Key) allows(app, environment string) error {
	if !slices.Contains(k.Apps, app) {
		return fmt.Errorf("%w: it is for %s, and not for the app %.60q", protocol.ErrForbidden, strings.Join(k.Apps, ", "), app)
	}
	if preview := strings.HasPrefix(environment, "preview/"); preview != (k.Role == RolePreviews) {
		return fmt.Errorf("%w: it is for %s, and %.60q is none", protocol.ErrForbidden, k.Role, environment)
	}
	return nil
}

// Serve answers the requests that arrive on one connection, until it ends.
func (h *Host) Serve(ctx context.Context, key Key, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	leave, err := h.place()
	if err != nil {
		return err
	}
	defer leave()
	images, err := h.registry()
	if err != nil {
		return err
	}
	s := &session{h: h, key: key, images: images.Handler(), from: from(), end: cancel}
	watch := newWatch(protocol.IdleTime, cancel)
	// Standard input has no deadlines, without which net/http waits for another byte after each
	// request and gives headers any time. A pipe in memory has them.
	stream, feed := net.Pipe()
	defer stream.Close()
	go func() {
		_, _ = io.Copy(feed, watch.reader(in))
		feed.Close()
	}()
	conn := protocol.NewConn(stream, watch.writer(out), key.String(), func() error { cancel(); return nil })
	l := protocol.NewListener(conn)
	server := &http.Server{
		Handler: s.handler(), MaxHeaderBytes: 64 << 10, ReadHeaderTimeout: protocol.IdleTime,
		ErrorLog: log.New(io.Discard, "", 0), // what arrives is hostile
	}
	go func() {
		<-ctx.Done()
		server.Close()
		l.Close()
	}()
	s.watch = watch
	err = server.Serve(l)
	if errors.Is(err, io.EOF) || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// maxSessions is how many connections this server answers at the same time. A deployment
// has one or two.
const maxSessions = 64

// place takes one of the places for connections, until leave is called or this process ends.
func (h *Host) place() (leave func(), err error) {
	dir := filepath.Join(h.Dir, "sessions")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for n := range maxSessions {
		l := flock.New(filepath.Join(dir, strconv.Itoa(n)))
		if ok, err := l.TryLock(); err != nil {
			return nil, err
		} else if ok {
			return func() { _ = l.Unlock() }, nil
		}
	}
	return nil, fmt.Errorf("this server answers %d connections already: try again later", maxSessions)
}

// from returns the address of the client, as sshd names it.
func from() string {
	address, _, _ := strings.Cut(os.Getenv("SSH_CONNECTION"), " ")
	return address
}

// session is one connection.
type session struct {
	h      *Host
	key    Key
	images *artifact.Handler
	from   string
	watch  *watch
	end    func() // ends the connection
}

func (s *session) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+protocol.PathHello, s.hello)
	mux.HandleFunc("POST "+protocol.PathPlan, do(s, func(ctx context.Context, in protocol.Spec, send func(protocol.Event)) (protocol.Event, error) {
		if err := s.key.allows(in.App, in.Environment); err != nil {
			return protocol.Event{}, s.log("plan", in.App, in.Environment, "", err)
		}
		p, err := s.h.Plan(ctx, in)
		return protocol.Event{Plan: &p}, err
	}))
	mux.HandleFunc("POST "+protocol.PathPrepare, do(s, func(ctx context.Context, in protocol.Spec, send func(protocol.Event)) (protocol.Event, error) {
		if err := s.key.allows(in.App, in.Environment); err != nil {
			return protocol.Event{}, s.log("prepare", in.App, in.Environment, in.Digest, err)
		}
		ready, err := s.h.Prepare(ctx, in, phases(send))
		return protocol.Event{Ready: &ready}, s.log("prepare", in.App, in.Environment, in.Digest, err)
	}))
	mux.HandleFunc("POST "+protocol.PathSwitch, do(s, func(ctx context.Context, in protocol.SwitchRequest, send func(protocol.Event)) (protocol.Event, error) {
		if err := s.key.allows(in.App, in.Environment); err != nil {
			return protocol.Event{}, s.log("switch", in.App, in.Environment, "", err)
		}
		r, err := s.h.Switch(ctx, in.App, in.Environment, in.Generation, phases(send))
		return protocol.Event{Running: &r}, s.log("switch", in.App, in.Environment, fmt.Sprintf("generation %d %s", in.Generation, r.Digest), err)
	}))
	mux.HandleFunc("POST "+protocol.PathStatus, do(s, func(ctx context.Context, in protocol.SwitchRequest, _ func(protocol.Event)) (protocol.Event, error) {
		if !slices.Contains(s.key.Apps, in.App) {
			return protocol.Event{}, s.log("status", in.App, in.Environment, "", s.foreign(in.App))
		}
		r, err := s.h.Status(ctx, in.App, in.Environment)
		return protocol.Event{Running: &r}, err
	}))
	mux.HandleFunc("POST "+protocol.PathDown, do(s, func(ctx context.Context, in protocol.SwitchRequest, _ func(protocol.Event)) (protocol.Event, error) {
		err := s.key.allows(in.App, in.Environment)
		if err == nil && s.key.Role == RoleReleases {
			err = fmt.Errorf("%w: a release is removed on the server only, with goldenpath host down %s %s", protocol.ErrForbidden, in.App, in.Environment)
		}
		if err == nil {
			err = s.h.Down(ctx, in.App, in.Environment)
		}
		return protocol.Event{Done: true}, s.log("down", in.App, in.Environment, "", err)
	}))
	mux.HandleFunc("POST "+protocol.PathList, do(s, func(ctx context.Context, in protocol.SwitchRequest, send func(protocol.Event)) (protocol.Event, error) {
		if !slices.Contains(s.key.Apps, in.App) {
			return protocol.Event{}, s.log("list", in.App, "", "", s.foreign(in.App))
		}
		for r, err := range s.h.List(ctx, in.App) {
			if err != nil {
				return protocol.Event{}, err
			}
			send(protocol.Event{Running: &r})
		}
		return protocol.Event{Done: true}, nil
	}))
	mux.HandleFunc("GET "+protocol.PathRecords+"/{app}", s.load)
	mux.HandleFunc("PUT "+protocol.PathRecords+"/{app}", s.save)
	mux.HandleFunc("/v2/", s.registry)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.watch.begin()
		defer s.watch.end()
		if v := r.Header.Get(protocol.VersionHeader); v != fmt.Sprint(protocol.Version) && !strings.HasPrefix(r.URL.Path, "/v2/") {
			fail(w, http.StatusBadRequest, fmt.Errorf("the server speaks version %d of the protocol and the client %.20q: install the same goldenpath on both (goldenpath host install on the server)", protocol.Version, v))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// log writes the outcome of a change into the audit log and returns it.
func (s *session) log(what, app, environment, detail string, err error) error {
	s.h.auditEntry(entry{Key: s.key.String(), From: s.from, What: what, App: clip(app), Environment: clip(environment), Detail: clip(detail), Error: clip(message(err))})
	return err
}

func clip(s string) string { return s[:min(len(s), 500)] }

func fail(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(protocol.Event{Error: protocol.Wrap(err)})
}

func phases(send func(protocol.Event)) func(target.Phase) {
	return func(p target.Phase) {
		send(protocol.Event{Phase: &protocol.Phase{Phase: p, Waits: p.Pending, Plan: p.Plan}})
	}
}

// do answers a request with the events of a function, one JSON object in a line, as they
// happen.
func do[In any](s *session, call func(context.Context, In, func(protocol.Event)) (protocol.Event, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, protocol.MaxJSON))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			fail(w, http.StatusBadRequest, s.log("refused", "", "", r.URL.Path, fmt.Errorf("cannot read the request: %w", err)))
			return
		}
		w.Header().Set("Content-Type", "application/x-ndjson")
		var mu sync.Mutex
		encoder := json.NewEncoder(w)
		send := func(e protocol.Event) {
			mu.Lock()
			defer mu.Unlock()
			_ = encoder.Encode(e)
			_ = http.NewResponseController(w).Flush()
		}
		out, err := call(r.Context(), in, send)
		if err != nil {
			out = protocol.Event{Error: protocol.Wrap(err)}
		}
		send(out)
	}
}

func (s *session) load(w http.ResponseWriter, r *http.Request) {
	app := r.PathValue("app")
	if !slices.Contains(s.key.Apps, app) {
		fail(w, http.StatusForbidden, s.log("load", app, "", "", s.key.allows(app, "preview/x")))
		return
	}
	files, version, err := s.h.Records(app).Load(r.Context())
	if err != nil {
		fail(w, http.StatusInternalServerError, err)
		return
	}
	_ = json.NewEncoder(w).Encode(protocol.Records{Files: files, Version: version})
}

func (s *session) save(w http.ResponseWriter, r *http.Request) {
	app := r.PathValue("app")
	if err := s.key.allows(app, "preview/x"); err != nil {
		fail(w, http.StatusForbidden, s.log("save", app, "", "", err))
		return
	}
	var in protocol.Records
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, protocol.MaxJSON)).Decode(&in); err != nil {
		fail(w, http.StatusBadRequest, s.log("save", app, "", "", fmt.Errorf("cannot read the request: %w", err)))
		return
	}
	if err := s.h.Records(app).Save(r.Context(), in.Files, in.Version); err != nil {
		fail(w, http.StatusConflict, s.log("save", app, "", "", err))
		return
	}
	_ = json.NewEncoder(w).Encode(protocol.Event{Done: true})
}

// foreign is the refusal of an app that the key is not for, whatever its role.
func (s *session) foreign(app string) error {
	return fmt.Errorf("%w: it is for %s, and not for the app %.60q", protocol.ErrForbidden, strings.Join(s.key.Apps, ", "), app)
}

func (s *session) hello(w http.ResponseWriter, r *http.Request) {
	out, err := s.h.Hello(r.Context(), s.key)
	if err != nil {
		fail(w, http.StatusInternalServerError, err)
		return
	}
	_ = json.NewEncoder(w).Encode(out)
}
