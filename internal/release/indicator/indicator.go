// Package indicator measures with one HTTP request whether a release responds, whether
// the response is an error, and how long it takes.
package indicator

import "time"

// Sample is one measurement of a running release.
type Sample struct {
	Answered bool          // an answer came in time
	Failed   bool          // the answer was an error, of the server or about the path; false if there was none
	Took     time.Duration // until the answer; undefined if there was none
}
