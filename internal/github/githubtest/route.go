package githubtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// route finds the account of a request's token, checks its permission, and calls the
// handler.
func (s *Server) route(r *http.Request, body []byte) answer {
	bearer, has := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	who, known := s.Tokens[bearer]
	if has && !known {
		return refuse(http.StatusUnauthorized, "Bad credentials")
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /user":
		return user(who, known)
	case "POST /graphql":
		return graphql(who, known, body)
	}
	if a, is := s.packages(r, who, known); is {
		return a
	}
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/repos/"+s.Repository)
	if !ok || s.Private && !known {
		return refuse(http.StatusNotFound, "Not Found")
	}
	seg := strings.Split(strings.Trim(path, "/"), "/")
	pattern := r.Method
	var id int64
	for i, one := range seg {
		if n, err := strconv.ParseInt(one, 10, 64); err == nil {
			id, seg[i] = n, "#"
		}
	}
	pattern += " " + strings.Join(seg, "/")
	for _, e := range slices.Concat(s.endpoints(), s.settingsEndpoints(), s.gitEndpoints()) {
		name, is := match(e.pattern, pattern)
		if !is {
			continue
		}
		if refused, no := s.forbid(e, who, known); no {
			return refused
		}
		return e.serve(call{r, body, id, name, who, who.Account})
	}
	return refuse(http.StatusNotFound, "Not Found")
}

// call is a request whose permission has been checked.
type call struct {
	r    *http.Request
	body []byte
	id   int64  // the last number in the path
	name string // the part that matches the * of the pattern
	who  Token
	by   Account
}

// match reports whether a path matches a pattern, in which * stands for any one name,
// and returns that name.
func match(pattern, asked string) (name string, is bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(asked, "/")
	if len(want) != len(got) {
		return "", false
	}
	for i := range want {
		switch {
		case want[i] == "*":
			s, err := url.PathUnescape(got[i])
			if err != nil {
				return "", false
			}
			name = s
		case want[i] != got[i]:
			return "", false
		}
	}
	return name, true
}

func (c call) decode(into any) bool { return json.Unmarshal(c.body, into) == nil }

type endpoint struct {
	pattern    string
	permission string
	serve      func(call) answer
}

func (s *Server) endpoints() []endpoint {
	return []endpoint{
		{"GET pulls", "pull-requests: read", s.listPulls},
		{"GET pulls/#", "pull-requests: read", s.getPull},
		{"GET issues/#/comments", "pull-requests: read", s.listComments},
		{"POST issues/#/comments", "pull-requests: write", s.createComment},
		{"PATCH issues/comments/#", "pull-requests: write", s.editComment},
		{"GET deployments", "deployments: read", s.listDeployments},
		{"POST deployments", "deployments: write", s.createDeployment},
		{"GET deployments/#/statuses", "deployments: read", s.listStatuses},
		{"POST deployments/#/statuses", "deployments: write", s.createStatus},
	}
}

// forbid refuses a request whose token lacks the permission. Any token may read public
// data, and permission to write includes permission to read.
func (s *Server) forbid(e endpoint, who Token, known bool) (answer, bool) {
	if slices.Contains(administered, e.permission) {
		return administers(e, who, known)
	}
	reads := strings.HasSuffix(e.permission, "read")
	switch {
	case reads && !s.Private, known && who.May == nil:
		return answer{}, false
	case !known:
		return refuse(http.StatusUnauthorized, "Requires authentication"), true
	case e.permission == "metadata: read", slices.Contains(who.May, e.permission), reads && slices.Contains(who.May, strings.TrimSuffix(e.permission, "read")+"write"):
		return answer{}, false
	}
	return refuse(http.StatusForbidden, "Resource not accessible by integration"), true
}

// user handles GET /user. It responds only to tokens of people: the token of an
// installation has no user.
func user(who Token, known bool) answer {
	switch {
	case !known:
		return refuse(http.StatusUnauthorized, "Requires authentication")
	case who.Account.Bot:
		return refuse(http.StatusForbidden, "Resource not accessible by integration")
	}
	return ok(who.Account.json())
}

// graphql handles the one GraphQL query that goldenpath sends, which REST has no
// equivalent for.
func graphql(who Token, known bool, body []byte) answer {
	var q struct {
		Query string `json:"query"`
	}
	if !known {
		return refuse(http.StatusUnauthorized, "This endpoint requires you to be authenticated.")
	}
	if json.Unmarshal(body, &q) != nil || strings.Join(strings.Fields(q.Query), "") != "{viewer{login}}" {
		return ok(map[string]any{"errors": []any{map[string]string{"message": "only {viewer{login}} is known here"}}})
	}
	return ok(map[string]any{"data": map[string]any{"viewer": map[string]string{"login": who.Account.Login}}})
}
