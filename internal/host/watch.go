package host

import (
	"io"
	"sync"
	"time"
)

// watch ends a connection on which nothing happens while no request is being handled.
type watch struct {
	mu    sync.Mutex
	busy  int
	timer *time.Timer
	limit time.Duration
}

func newWatch(limit time.Duration, end func()) *watch {
	return &watch{timer: time.AfterFunc(limit, end), limit: limit}
}

func (w *watch) begin() { w.count(1) }
func (w *watch) end()   { w.count(-1) }

func (w *watch) count(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy += n
	w.touchLocked()
}

func (w *watch) touch() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.touchLocked()
}

// touchLocked gives the connection time again. A request may take hours, but a body that
// does not arrive ends it: reading is what sets the timer.
func (w *watch) touchLocked() {
	limit := w.limit
	if w.busy > 0 {
		limit = requestTime
	}
	w.timer.Reset(limit)
}

// requestTime is how long a request may take without a byte in either direction: a migration
// has 15 minutes by default, and the configuration can give it more.
const requestTime = 6 * time.Hour

func (w *watch) reader(r io.Reader) io.Reader { return touching{r, nil, w} }
func (w *watch) writer(o io.Writer) io.Writer { return touching{nil, o, w} }

type touching struct {
	r io.Reader
	o io.Writer
	w *watch
}

func (t touching) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.w.touch()
	return n, err
}

func (t touching) Write(p []byte) (int, error) {
	n, err := t.o.Write(p)
	t.w.touch()
	return n, err
}
