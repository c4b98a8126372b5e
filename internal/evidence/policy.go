package evidence

import (
	"context"
	"slices"
)

// Policy lists which signers are trusted with which predicate types. An empty policy
// trusts no signer.
type Policy []Rule

// Rule trusts one signer with the listed predicate types.
type Rule struct {
	Types    []string // predicate types; nil: all of them
	Verifier Verifier
}

// Trust returns the policy that trusts one signer with every predicate type.
func Trust(v Verifier) Policy { return Policy{{Verifier: v}} }

// Open returns the statement in an envelope if a rule trusts its signer with its
// predicate type. Otherwise the error is ErrUntrusted, or describes what is wrong with
// the statement.
func (p Policy) Open(ctx context.Context, envelope []byte) (Statement, error) {
	result := ErrUntrusted
	for _, r := range p {
		s, err := Open(ctx, r.Verifier, envelope)
		if err != nil {
			result = err
			continue
		}
		if r.Types == nil || slices.Contains(r.Types, s.Type) {
			return s, nil
		}
	}
	return Statement{}, result
}
