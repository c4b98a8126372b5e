package protocol

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Conn is a net.Conn over two streams, such as the standard input and output of a process
// or of an SSH session.
type Conn struct {
	in    io.Reader
	out   io.Writer
	name  string
	once  sync.Once
	close func() error
	err   error
}

// NewConn returns a connection that reads in and writes out. close is called once.
func NewConn(in io.Reader, out io.Writer, name string, close func() error) *Conn {
	return &Conn{in: in, out: out, name: name, close: close}
}

func (c *Conn) Read(p []byte) (int, error)  { return c.in.Read(p) }
func (c *Conn) Write(p []byte) (int, error) { return c.out.Write(p) }

// Close closes the connection.
func (c *Conn) Close() error {
	c.once.Do(func() { c.err = c.close() })
	return c.err
}

// LocalAddr returns the name of the connection.
func (c *Conn) LocalAddr() net.Addr { return address(c.name) }

// RemoteAddr returns the name of the connection.
func (c *Conn) RemoteAddr() net.Addr { return address(c.name) }

type deadliner interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// SetDeadline sets both deadlines, on streams that have them.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets the deadline of a stream that has one, such as a pipe.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if d, ok := c.in.(deadliner); ok {
		return unsupported(d.SetReadDeadline(t))
	}
	return nil
}

// SetWriteDeadline sets the deadline of a stream that has one, such as a pipe.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if d, ok := c.out.(deadliner); ok {
		return unsupported(d.SetWriteDeadline(t))
	}
	return nil
}

// unsupported ignores that a file has no deadlines.
func unsupported(err error) error {
	if errors.Is(err, os.ErrNoDeadline) {
		return nil
	}
	return err
}

type address string

func (address) Network() string  { return "ssh" }
func (a address) String() string { return string(a) }

// Listener is a net.Listener with one connection. Accept returns io.EOF when that
// connection has ended.
type Listener struct {
	conn net.Conn
	took bool
	done chan struct{}
	once sync.Once
}

// NewListener returns a listener for c.
func NewListener(c net.Conn) *Listener { return &Listener{conn: c, done: make(chan struct{})} }

// Accept returns the connection, then waits for its end.
func (l *Listener) Accept() (net.Conn, error) {
	if !l.took {
		l.took = true
		return ending{l.conn, l}, nil
	}
	<-l.done
	return nil, io.EOF
}

// Close ends the listener.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr returns the name of the connection.
func (l *Listener) Addr() net.Addr { return l.conn.LocalAddr() }

type ending struct {
	net.Conn
	l *Listener
}

func (e ending) Close() error {
	return errors.Join(e.Conn.Close(), e.l.Close())
}
