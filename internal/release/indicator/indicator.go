// Package indicator measures whether a release serves its users.
package indicator

import "time"

// Sample is one measurement of a running release.
type Sample struct {
	Answered bool          // an answer came in time
	Failed   bool          // the answer was a server error; false if there was none
	Took     time.Duration // until the answer; undefined if there was none
}
