// Package protocol is what goldenpath and a server say to each other over one SSH
// connection: HTTP over the standard input and output of a forced command.
//
// That command in authorized_keys starts goldenpath on the server for every session of a
// key, whatever command the client asked for. Each session is one HTTP connection. Images go
// to /v2/, which is a registry; everything else is below /v1/, with JSON.
//
// A deployment has two requests. Prepare brings a new generation up beside the old one and
// waits until it is ready; Switch moves the traffic to it. Between the two the client can
// still change its mind. Both can be repeated: what is done already is not done again.
package protocol

import (
	"errors"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Version is the version of the protocol. A server refuses a client with another one, and
// names the side that has to be updated.
const Version = 1

// VersionHeader carries Version in each request.
const VersionHeader = "Goldenpath-Protocol"

// Limits of one request.
const (
	MaxJSON  = 4 << 20 // bytes of the body of a request below /v1/
	MaxBlob  = 4 << 30 // bytes of one layer
	IdleTime = time.Minute
)

// Paths below which the server answers.
const (
	PathHello   = "/v1/hello"
	PathPlan    = "/v1/plan"
	PathPrepare = "/v1/prepare"
	PathSwitch  = "/v1/switch"
	PathStatus  = "/v1/status"
	PathDown    = "/v1/down"
	PathList    = "/v1/list"
	PathRecords = "/v1/records"
)

// Hello describes a server to a client, and says what the client's key may do.
type Hello struct {
	Protocol int       `json:"protocol"`
	Version  string    `json:"version"` // of goldenpath on the server
	Host     string    `json:"host"`    // name that the server has for itself
	Time     time.Time `json:"time"`
	Platform string    `json:"platform"` // linux/amd64
	Engine   string    `json:"engine"`   // "podman 4.3.1, rootless"
	Proxy    string    `json:"proxy"`    // "caddy"
	Role     string    `json:"role"`     // previews or releases
	Apps     []string  `json:"apps"`     // that the key may deploy
	Disk     Space     `json:"disk"`     // where images and data are
	Memory   Space     `json:"memory"`
	Sweep    string    `json:"sweep"` // how often the timer runs: "5m0s"; "": it is not active
	Problems []string  `json:"problems,omitempty"`
}

// Space is an amount in bytes.
type Space struct {
	Total uint64 `json:"total"`
	Free  uint64 `json:"free"`

	Inodes     uint64 `json:"inodes,omitempty"` // 0: not counted
	FreeInodes uint64 `json:"free_inodes,omitempty"`
}

// Spec is a deployment: target.Deployment without what only the client can use.
type Spec struct {
	App         string            `json:"app"`
	Environment string            `json:"environment"` // preview/pr-12, staging, production
	URL         string            `json:"url"`         // where the environment answers
	Digest      string            `json:"digest"`      // of the index
	Commit      string            `json:"commit"`
	Env         map[string]string `json:"env,omitempty"`
	Secrets     map[string]string `json:"secrets,omitempty"`
	Migrate     target.Migration  `json:"migrate,omitzero"`
	Services    target.Services   `json:"services,omitzero"`
	Ready       target.Ready      `json:"ready"`
	Tags        target.Tags       `json:"tags"`
	Config      []byte            `json:"config,omitempty"` // .goldenpath.yml of Commit; of a release it replaces Env, Migrate, Services and Ready
	KeepFailed  bool              `json:"keep_failed,omitempty"`
	Evidence    [][]byte          `json:"evidence,omitempty"` // envelopes about Digest
}

// SwitchRequest moves the traffic of an environment to a prepared generation.
type SwitchRequest struct {
	App         string `json:"app"`
	Environment string `json:"environment"`
	Generation  int    `json:"generation"`
}

// Records are the records of an app's previews, as a ledger.Store keeps them.
type Records struct {
	Files   map[string][]byte `json:"files"`
	Version string            `json:"version"`
}

// Event is one line of a response: a phase, or the end. Exactly one field is set.
type Event struct {
	Phase   *Phase          `json:"phase,omitempty"`
	Running *target.Running `json:"running,omitempty"` // the end of Switch; one of the answers of List
	Ready   *Ready          `json:"ready,omitempty"`   // the end of Prepare
	Plan    *target.Plan    `json:"plan,omitempty"`
	Done    bool            `json:"done,omitempty"`
	Error   *Error          `json:"error,omitempty"`
}

// Phase is target.Phase as it is sent.
type Phase struct {
	target.Phase
	Waits bool         `json:"waits,omitempty"` // Phase.Pending
	Plan  *target.Plan `json:"plan,omitempty"`
}

// Ready is the end of Prepare.
type Ready struct {
	Generation int  `json:"generation"`
	Serves     bool `json:"serves"` // it serves already: there is nothing to switch
}

// Kinds of errors that a client can tell apart.
const (
	KindRefused     = "refused"
	KindFailure     = "failure"
	KindNotDeployed = "not-deployed"
	KindSuperseded  = "superseded"
	KindMoved       = "moved"
	KindForbidden   = "forbidden"
)

// Error is an error of the server.
type Error struct {
	Kind     string          `json:"kind,omitempty"` // "": any other
	Message  string          `json:"message"`
	Problems []string        `json:"problems,omitempty"` // of a refusal
	Failure  *target.Failure `json:"failure,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// ErrForbidden reports that the key of the client may not do this.
var ErrForbidden = errors.New("this SSH key may not do that")

// Wrap returns an error as it is sent.
func Wrap(err error) *Error {
	out := &Error{Message: err.Error()}
	var refusal *target.Refusal
	var failure *target.Failure
	switch {
	case errors.As(err, &refusal):
		out.Kind, out.Problems = KindRefused, refusal.Problems
	case errors.As(err, &failure):
		sent := *failure
		sent.Err = nil
		out.Kind, out.Failure = KindFailure, &sent
	case errors.Is(err, target.ErrNotDeployed):
		out.Kind = KindNotDeployed
	case errors.Is(err, target.ErrSuperseded):
		out.Kind = KindSuperseded
	case errors.Is(err, ledger.ErrMoved):
		out.Kind = KindMoved
	case errors.Is(err, ErrForbidden):
		out.Kind = KindForbidden
	}
	return out
}

// Unwrap returns the error that was sent, so that the packages that know its type can
// recognise it.
func (e *Error) Unwrap() error {
	switch e.Kind {
	case KindRefused:
		return &target.Refusal{Problems: e.Problems}
	case KindFailure:
		if e.Failure != nil {
			return e.Failure
		}
	case KindNotDeployed:
		return target.ErrNotDeployed
	case KindSuperseded:
		return target.ErrSuperseded
	case KindMoved:
		return ledger.ErrMoved
	case KindForbidden:
		return ErrForbidden
	}
	return nil
}
