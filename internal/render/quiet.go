package render

import (
	"context"
	"log"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// library is locked while Helm or kustomize renders: both have global state (the schema
// of kustomize, the loggers).
var library sync.Mutex

// silence locks the library and discards its log messages until the returned function is
// called. Other packages can still log.
func silence() (end func()) {
	library.Lock()
	before, writer, flags := slog.Default(), log.Writer(), log.Flags()
	m := &muffler{Handler: before.Handler(), on: &atomic.Bool{}}
	m.on.Store(true)
	slog.SetDefault(slog.New(m)) // takes over the log package too
	return func() {
		m.on.Store(false)
		// Another scanner may have installed a handler that forwards to this one. From now
		// on this one forwards too.
		if slog.Default().Handler() == slog.Handler(m) {
			slog.SetDefault(before)
			log.SetOutput(writer)
			log.SetFlags(flags)
		}
		library.Unlock()
	}
}

// muffler drops messages of Helm, and messages of the standard library's log package,
// which do not record their caller.
type muffler struct {
	slog.Handler
	on *atomic.Bool
}

func (m *muffler) Handle(ctx context.Context, r slog.Record) error {
	if m.on.Load() {
		frame, _ := runtime.CallersFrames([]uintptr{r.PC}).Next()
		if r.PC == 0 || strings.HasPrefix(frame.Function, "helm.sh/") {
			return nil
		}
	}
	return m.Handler.Handle(ctx, r)
}

func (m *muffler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &muffler{m.Handler.WithAttrs(attrs), m.on}
}

func (m *muffler) WithGroup(name string) slog.Handler {
	return &muffler{m.Handler.WithGroup(name), m.on}
}
