package process

import "strconv"

// marks are variables by which the processes of an environment are known: any one
// of the first and all of the second.
type marks struct{ any, all []string }

// marks are the variables by which processes of generation n, or with 0 of all
// generations, are known. The folder stands in where the record is lost.
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
