package scorecard

import "errors"

// Input is a fact that the caller may not have. The zero value is unknown, so a
// fact that the caller did not read is never graded as "none".
type Input[T any] struct {
	value T
	known bool
	why   error
}

// Known is a complete value. A nil slice or pointer inside it means "none".
func Known[T any](value T) Input[T] { return Input[T]{value: value, known: true} }

// Unknown is a fact that could not be read, with the cause. A nil cause means
// that the caller did not read it.
func Unknown[T any](why error) Input[T] { return Input[T]{why: why} }

// Partial is a value that is right as far as it goes, such as the messages of
// some of the commits, with the reason that the rest is missing. A problem in
// the known part is reported; its absence proves nothing.
func Partial[T any](value T, why error) Input[T] { return Input[T]{value: value, why: why} }

// errNotProvided is the cause of an Input that was never set.
var errNotProvided = errors.New("no input was provided")

// get returns the value, and the reason that it is not complete.
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
