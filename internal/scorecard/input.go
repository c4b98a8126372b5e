package scorecard

import "errors"

// Input is a fact that the caller may not have. The zero value is unknown, so that a
// fact that the caller did not read is never graded as "none".
type Input[T any] struct {
	value T
	known bool
	why   error
}

// Known returns a complete value. A nil slice or pointer inside means "none".
func Known[T any](value T) Input[T] { return Input[T]{value: value, known: true} }

// Unknown returns an Input for a fact that could not be read, with the cause. A nil
// cause means that the caller did not read the fact.
func Unknown[T any](why error) Input[T] { return Input[T]{why: why} }

// Partial returns an incomplete value, such as the messages of some of the commits,
// with the reason why the rest is missing. A problem in the known part is reported; if
// there is none, the grade is "missing".
func Partial[T any](value T, why error) Input[T] { return Input[T]{value: value, why: why} }

// errNotProvided is the cause of an Input that was not set.
var errNotProvided = errors.New("no input was provided")

// get returns the value, and the reason why it is incomplete or unknown. The error is
// nil for a complete value.
func (i Input[T]) get() (T, error) {
	switch {
	case i.known:
		return i.value, nil
	case i.why != nil:
		return i.value, i.why
	default:
		return i.value, errNotProvided
	}
}
