package githubtest

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// gitEndpoints are the calls that change the bare repository in Git.
func (s *Server) gitEndpoints() []endpoint {
	if s.Git == "" {
		return nil
	}
	return []endpoint{
		{"GET git/commits/*", "contents: read", s.getCommit},
		{"POST git/trees", "contents: write", s.createTree},
		{"POST git/commits", "contents: write", s.createCommit},
		{"POST git/refs", "contents: write", s.createRef},
		{"PATCH git/refs/heads/*", "contents: write", s.updateRef},
	}
}

// git runs git in the bare repository. Its hooks do not run, as for GitHub's API.
func (s *Server) git(in string, env []string, args ...string) (string, bool) {
	cmd := exec.Command("git", append([]string{"--git-dir", s.Git, "-c", "core.hooksPath=/dev/null"}, args...)...)
	cmd.Env = append(os.Environ(), append([]string{
		"GIT_AUTHOR_NAME=github-actions[bot]", "GIT_AUTHOR_EMAIL=bot@example.com", "GIT_COMMITTER_NAME=GitHub", "GIT_COMMITTER_EMAIL=noreply@example.com",
	}, env...)...)
	cmd.Stdin = strings.NewReader(in)
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err == nil
}

func (s *Server) gitAt(kind, sha string) string {
	return s.URL + "/repos/" + s.Repository + "/git/" + kind + "/" + sha
}

func (s *Server) createTree(c call) answer {
	var in struct {
		Base string `json:"base_tree"`
		Tree []struct {
			Path, Mode, Type string
			SHA              *string `json:"sha"`
			Content          *string `json:"content"`
		} `json:"tree"`
	}
	if !c.decode(&in) || len(in.Tree) == 0 {
		return invalid("Tree", "Invalid tree info")
	}
	dir, err := os.MkdirTemp("", "index")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	index := []string{"GIT_INDEX_FILE=" + filepath.Join(dir, "index")}
	done := true
	if in.Base != "" {
		_, done = s.git("", index, "read-tree", in.Base)
	}
	for _, e := range in.Tree {
		line := fmt.Sprintf("0 %040d\t%s\n", 0, e.Path) // deletes the file
		if e.Content != nil {
			blob, _ := s.git(*e.Content, nil, "hash-object", "-w", "--stdin")
			line = fmt.Sprintf("%s %s\t%s\n", e.Mode, blob, e.Path)
		}
		_, added := s.git(line, index, "update-index", "--add", "--index-info")
		done = done && added
	}
	tree, written := s.git("", index, "write-tree")
	if !done || !written {
		return invalid("Tree", "Invalid tree info")
	}
	return answer{status: http.StatusCreated, body: map[string]any{"sha": tree, "url": s.gitAt("trees", tree), "tree": []any{}, "truncated": false}}
}

func (s *Server) createCommit(c call) answer {
	var in struct {
		Message, Tree     string
		Parents           []string
		Author, Committer any
	}
	if !c.decode(&in) || in.Message == "" || in.Tree == "" {
		return invalid("Commit", "Invalid request")
	}
	args := []string{"commit-tree", in.Tree}
	for _, p := range in.Parents {
		args = append(args, "-p", p)
	}
	sha, made := s.git(in.Message, nil, args...)
	if !made {
		return invalid("Commit", "Tree SHA does not exist")
	}
	if c.by.Bot && in.Author == nil && in.Committer == nil {
		s.signed = append(s.signed, sha)
	}
	a := s.gitCommit(sha)
	a.status = http.StatusCreated
	return a
}

func (s *Server) getCommit(c call) answer { return s.gitCommit(c.name) }

func (s *Server) gitCommit(sha string) answer {
	out, is := s.git("", nil, "show", "--no-patch", "--format=%T%n%P%n%B", sha)
	if !is {
		return refuse(http.StatusNotFound, "Not Found")
	}
	fields := strings.SplitN(out, "\n", 3)
	parents := []any{}
	for _, p := range strings.Fields(fields[1]) {
		parents = append(parents, map[string]any{"sha": p, "url": s.gitAt("commits", p), "html_url": "https://github.com/" + s.Repository + "/commit/" + p})
	}
	verification := map[string]any{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil}
	if slices.Contains(s.signed, sha) {
		verification = map[string]any{"verified": true, "reason": "valid", "signature": "a signature", "payload": "what was signed", "verified_at": stamp(s.Now())}
	}
	who := map[string]any{"name": "github-actions[bot]", "email": "bot@example.com", "date": stamp(s.Now())}
	return ok(map[string]any{
		"sha": sha, "node_id": "C_" + sha, "url": s.gitAt("commits", sha), "html_url": "https://github.com/" + s.Repository + "/commit/" + sha,
		"author": who, "committer": who, "message": fields[2], "tree": map[string]any{"sha": fields[0], "url": s.gitAt("trees", fields[0])},
		"parents": parents, "verification": verification,
	})
}

func (s *Server) createRef(c call) answer {
	var in struct{ Ref, SHA string }
	if !c.decode(&in) || !strings.HasPrefix(in.Ref, "refs/") {
		return unprocessable("Reference name must start with 'refs/'.")
	}
	if _, exists := s.git("", nil, "rev-parse", "--verify", "--quiet", in.Ref); exists {
		return unprocessable("Reference already exists")
	}
	return s.setRef(in.Ref, in.SHA, http.StatusCreated)
}

func (s *Server) updateRef(c call) answer {
	var in struct {
		SHA   string
		Force bool
	}
	ref := "refs/heads/" + c.name
	old, exists := s.git("", nil, "rev-parse", "--verify", "--quiet", ref)
	switch {
	case !c.decode(&in):
		return invalid("Reference", "Invalid request")
	case !exists:
		return unprocessable("Reference does not exist")
	}
	if _, contains := s.git("", nil, "merge-base", "--is-ancestor", old, in.SHA); !contains && !in.Force {
		return unprocessable("Update is not a fast forward")
	}
	return s.setRef(ref, in.SHA, http.StatusOK)
}

func (s *Server) setRef(ref, sha string, status int) answer {
	if s.SignedCommits && !slices.Contains(s.signed, sha) {
		return unprocessable("Repository rule violations found\n\nCommits must have verified signatures.\n\n")
	}
	if _, done := s.git("", nil, "update-ref", ref, sha); !done {
		return unprocessable("Object does not exist")
	}
	return answer{status: status, body: map[string]any{
		"ref": ref, "node_id": "REF_1", "url": s.gitAt("refs", strings.TrimPrefix(ref, "refs/")),
		"object": map[string]any{"type": "commit", "sha": sha, "url": s.gitAt("commits", sha)},
	}}
}

// unprocessable is a refusal of the calls for git, whose reason is in the message alone.
func unprocessable(text string) answer { return refuse(http.StatusUnprocessableEntity, "%s", text) }
