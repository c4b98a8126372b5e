package report

import "testing"

// TestCurveStaysSmall: a long soak has a coarser curve, which loses neither a sample nor
// the slowest one.
func TestCurveStaysSmall(t *testing.T) {
	var c Curve
	const n = 10_000
	for i := range n {
		p := Point{At: float64(i), Slowest: 1, Taken: 1}
		if i == 7777 {
			p.Slowest, p.Bad = 500, 1
		}
		c.Add(p)
	}
	taken, bad, slowest, at := 0, 0, 0.0, -1.0
	for _, p := range c.Points {
		taken, bad, slowest = taken+p.Taken, bad+p.Bad, max(slowest, p.Slowest)
		if p.At <= at {
			t.Errorf("point at %v after %v", p.At, at)
		}
		at = p.At
	}
	if len(c.Points) >= maxPoints || taken != n || bad != 1 || slowest != 500 {
		t.Errorf("%d points, %d samples, %d bad, slowest %v", len(c.Points), taken, bad, slowest)
	}
}
