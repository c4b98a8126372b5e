package report

import "strings"

// Story is what a reader of a run's page wants to know beside the verdict: which commit it
// is about, and what changed since the release before. It is a part of the data of the
// report of goldenpath run.
type Story struct {
	Message string   `json:"message,omitempty"` // first line of the commit's message
	Author  string   `json:"author,omitempty"`
	Branch  string   `json:"branch,omitempty"`
	Since   string   `json:"since,omitempty"` // the release, or the commit, that Changes follow
	Changes []Change `json:"changes,omitempty"`
	More    int      `json:"more,omitempty"` // changes that are not listed
	Logs    []Log    `json:"logs,omitempty"`
}

// Change is a commit.
type Change struct {
	Commit  string `json:"commit"`
	Message string `json:"message"` // first line
	Author  string `json:"author"`
}

// Log is a file with the whole output of a program.
type Log struct {
	Stage string `json:"stage"`
	File  string `json:"file"` // relative to the folder of the page, with forward slashes
}

// story returns what the data of a run reports about its commit. Other reports have none.
func (r *Report) story() Story {
	if r.Name != "run" {
		return Story{}
	}
	d, err := DataOf[RunData](r)
	if err != nil {
		return Story{}
	}
	return d.Story
}

// localLink returns the link to a file below the folder of the page, or "". It has no
// scheme, no host and no way out of the folder.
func localLink(file string) string {
	if file == "" || len(file) > 500 || strings.HasPrefix(file, "/") || strings.Contains(file, "..") {
		return ""
	}
	for _, r := range file {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./", r) {
			return ""
		}
	}
	return file
}
