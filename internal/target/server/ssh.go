package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Address is one server.
type Address struct {
	Host    string // name or IP address
	Port    int    // 0: 22
	User    string // "": goldenpath
	HostKey string // public key of the server, as in known_hosts: "ssh-ed25519 AAAA…"
}

// DefaultUser is the user that goldenpath host install creates.
const DefaultUser = "goldenpath"

func (a Address) user() string {
	if a.User == "" {
		return DefaultUser
	}
	return a.User
}

func (a Address) hostPort() string {
	port := a.Port
	if port == 0 {
		port = 22
	}
	return net.JoinHostPort(a.Host, strconv.Itoa(port))
}

func (a Address) String() string { return a.user() + "@" + a.hostPort() }

// Keys are the private keys of the caller.
type Keys struct {
	PEM   string // text of a private key, or ""
	File  string // with a private key that is used if it exists, before the others; "": none
	Agent string // socket of an SSH agent, or ""
	Home  string // folder with .ssh; used only without PEM
}

const dialTimeout = 20 * time.Second

// signers returns the keys to log in with.
func (k Keys) signers() ([]ssh.AuthMethod, error) {
	if k.PEM != "" {
		s, err := ssh.ParsePrivateKey([]byte(strings.TrimSpace(k.PEM) + "\n"))
		var locked *ssh.PassphraseMissingError
		if errors.As(err, &locked) {
			return nil, report.Usage("the SSH key has a passphrase: make one without, for this server only: ssh-keygen -t ed25519 -N '' -f deploy")
		}
		if err != nil {
			return nil, report.Usage(fmt.Sprintf("the SSH key is not readable: %v: pass the whole private key, with its first and its last line", err))
		}
		return []ssh.AuthMethod{ssh.PublicKeys(s)}, nil
	}
	if b, err := os.ReadFile(k.File); k.File != "" && err == nil {
		s, err := ssh.ParsePrivateKey(b)
		if err != nil {
			return nil, report.Usage(fmt.Sprintf("%s is not a private SSH key: %v", k.File, err))
		}
		return []ssh.AuthMethod{ssh.PublicKeys(s)}, nil
	}
	var methods []ssh.AuthMethod
	if k.Agent != "" {
		if c, err := net.Dial("unix", k.Agent); err == nil {
			methods = append(methods, ssh.PublicKeysCallback(agent.NewClient(c).Signers))
		}
	}
	if k.Home != "" {
		for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			b, err := os.ReadFile(filepath.Join(k.Home, ".ssh", name))
			if err != nil {
				continue
			}
			if s, err := ssh.ParsePrivateKey(b); err == nil {
				methods = append(methods, ssh.PublicKeys(s))
				break
			}
		}
	}
	if len(methods) == 0 {
		return nil, report.Usage("there is no SSH key: pass --ssh-key (in a workflow the secret ssh-key), or load one into an agent")
	}
	return methods, nil
}

// dial opens an SSH connection. The server must have the host key that the configuration
// names: the first connection is not trusted either.
func dial(ctx context.Context, a Address, k Keys) (*ssh.Client, error) {
	want, _, _, _, err := ssh.ParseAuthorizedKey([]byte(a.HostKey))
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("host-key of %s is not a public key such as ssh-ed25519 AAAA…: ssh-keyscan -t ed25519 %s prints it", a.Host, a.Host))
	}
	methods, err := k.signers()
	if err != nil {
		return nil, err
	}
	var mismatch error
	config := &ssh.ClientConfig{
		User: a.user(), Auth: methods, Timeout: dialTimeout, HostKeyAlgorithms: algorithms(want.Type()),
		HostKeyCallback: func(_ string, _ net.Addr, have ssh.PublicKey) error {
			if string(have.Marshal()) == string(want.Marshal()) {
				return nil
			}
			mismatch = report.Usage(fmt.Sprintf("%s has the host key %s, and .goldenpath.yml names %s: if the server was set up again, replace host-key (goldenpath host key on the server prints it); if not, somebody is between you and the server",
				a.Host, ssh.FingerprintSHA256(have), ssh.FingerprintSHA256(want)))
			return mismatch
		},
	}
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", a.hostPort())
	if err != nil {
		return nil, fmt.Errorf("cannot reach %s: %w: check the host, the port and the firewall", a.hostPort(), err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	c, channels, requests, err := ssh.NewClientConn(conn, a.hostPort(), config)
	switch {
	case mismatch != nil:
		return nil, mismatch
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && strings.Contains(err.Error(), "unable to authenticate"):
		return nil, report.Usage(fmt.Sprintf("%s does not accept the SSH key: add its public key on the server with goldenpath host allow", a))
	case err != nil:
		return nil, fmt.Errorf("cannot log in to %s: %w", a, err)
	}
	client := ssh.NewClient(c, channels, requests)
	go keepAlive(client)
	return client, nil
}

// HostKey reads the public key of a server over the network, without logging in. A
// person has to compare it with the key on the server.
func HostKey(ctx context.Context, host string) (string, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", Address{Host: host}.hostPort())
	if err != nil {
		return "", report.Usage(fmt.Sprintf("cannot read the SSH key of %s: %v: check the name and the firewall", host, err))
	}
	defer conn.Close()
	var found string
	_, _, _, err = ssh.NewClientConn(conn, host, &ssh.ClientConfig{
		User: DefaultUser, Timeout: dialTimeout, HostKeyAlgorithms: []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoRSASHA512},
		HostKeyCallback: func(_ string, _ net.Addr, k ssh.PublicKey) error {
			found = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k)))
			return errors.New("that is all")
		},
	})
	if found == "" {
		return "", report.Usage(fmt.Sprintf("%s does not answer as an SSH server: %v", host, err))
	}
	return found, nil
}

// algorithms restricts the negotiation to the pinned key, so that a server with several keys
// offers that one.
func algorithms(kind string) []string {
	if kind == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{kind}
}

// keepAlive closes a connection whose other end has gone without a word.
func keepAlive(c *ssh.Client) {
	for range time.Tick(15 * time.Second) {
		answered := make(chan error, 1)
		go func() {
			_, _, err := c.SendRequest("keepalive@openssh.com", true, nil)
			answered <- err
		}()
		select {
		case err := <-answered:
			if err != nil {
				return
			}
		case <-time.After(30 * time.Second):
			c.Close()
			return
		}
	}
}

// open starts a session, in which the server's forced command speaks the protocol.
func open(c *ssh.Client, name string) (net.Conn, error) {
	s, err := c.NewSession()
	if err != nil {
		return nil, err
	}
	in, err := s.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return nil, err
	}
	said := &tail{}
	s.Stderr = said
	if err := s.Start("goldenpath host serve"); err != nil {
		return nil, err
	}
	return protocol.NewConn(&explained{out, s, said, name}, in, name, func() error {
		_ = in.Close()
		return s.Close()
	}), nil
}

// explained adds what the server wrote to standard error to the end of a stream that should
// not have ended.
type explained struct {
	io.Reader
	session *ssh.Session
	said    *tail
	name    string
}

func (e *explained) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	if err == io.EOF {
		_ = e.session.Wait()
		if text := e.said.String(); text != "" {
			return n, fmt.Errorf("%s: %s", e.name, text)
		}
	}
	return n, err
}

// tail keeps the end of what is written.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	t.b = t.b[max(0, len(t.b)-1000):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b))
}
