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

// library is held while Helm or kustomize renders: both keep state of the process
// (the schema of kustomize, the loggers).
var library sync.Mutex

// silence takes the library, and keeps what it logs from being printed, until the
// function it returns is called. Whoever else logs is heard as before.
func silence() (end func()) {
	library.Lock()
	before, writer, flags := slog.Default(), log.Writer(), log.Flags()
	m := &muffler{Handler: before.Handler(), on: &atomic.Bool{}}
	m.on.Store(true)
	slog.SetDefault(slog.New(m)) // takes over the log package too
	return func() {
		m.on.Store(false)
		// Another scanner may have put its own handler in front meanwhile. It hands on
		// to this one, which from now on hands on too.
		if slog.Default().Handler() == slog.Handler(m) {
			slog.SetDefault(before)
			log.SetOutput(writer)
			log.SetFlags(flags)
		}
		library.Unlock()
	}
}

// muffler drops what comes from the log package, which does not say who calls,
// and from Helm.
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
