package process

import "strconv"

// marks are environment variables that identify the processes of an environment. Such a
// process has at least one variable of any and every variable of all.
type marks struct{ any, all []string }

// marks returns the marks of generation n, or of all generations if n is 0. If
// environment.json is lost, the folder identifies the processes.
func (e *environment) marks(n int) marks {
	m := marks{any: []string{"GOLDENPATH_DATA=" + e.data()}}
	if e.Instance != "" {
		m.any = append(m.any, "GOLDENPATH_INSTANCE="+e.Instance)
	}
	if n > 0 {
		m.all = []string{"GOLDENPATH_GENERATION=" + strconv.Itoa(n)}
	}
	return m
}
