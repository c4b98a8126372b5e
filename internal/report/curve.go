package report

// Curve is what a soak measured over time. It is a part of the data of a soak's report.
type Curve struct {
	Points []Point `json:"points"`
	For    float64 `json:"for_seconds"`          // how long the soak was to take
	Limit  float64 `json:"limit_ms,omitempty"`   // that the 95th percentile may have; 0: none
	Spent  float64 `json:"spent_percent"`        // of the error budget; over 100: the SLO is broken
	Budget float64 `json:"budget_bad,omitempty"` // bad samples that the SLO allows; 0: it allows none, or counts none
}

// Point is one or several consecutive samples.
type Point struct {
	At      float64 `json:"at_seconds"` // of the first, since the beginning
	Slowest float64 `json:"slowest_ms"`
	Taken   int     `json:"taken"`
	Bad     int     `json:"bad,omitempty"` // without an answer, or with a status of 400 or above
}

// maxPoints is the number of points at which a curve becomes coarser, so that a soak of a
// day takes no more room than one of a minute.
const maxPoints = 240

// Add adds a sample.
func (c *Curve) Add(p Point) {
	c.Points = append(c.Points, p)
	if len(c.Points) < maxPoints {
		return
	}
	for i := range len(c.Points) / 2 {
		a, b := c.Points[2*i], c.Points[2*i+1]
		c.Points[i] = Point{At: a.At, Slowest: max(a.Slowest, b.Slowest), Taken: a.Taken + b.Taken, Bad: a.Bad + b.Bad}
	}
	c.Points = c.Points[:len(c.Points)/2]
}

// curveOf returns the curve in the data of a soak's report, or nil.
func curveOf(r *Report) *Curve {
	if r == nil || r.Name != "soak" {
		return nil
	}
	d, err := DataOf[struct {
		Curve *Curve `json:"curve"`
	}](r)
	if err != nil || d.Curve == nil || len(d.Curve.Points) < 2 {
		return nil
	}
	return d.Curve
}
