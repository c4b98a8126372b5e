package path

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// hub is the GitHub of one script.
type hub struct {
	*githubtest.Server
	pulls map[int]githubtest.Pull
}

type hubKey struct{}

// newHub serves a GitHub until the script ends. It gets no request before the script
// says `github on`.
func newHub(e *testscript.Env) error {
	h := &hub{githubtest.New("acme/hello"), map[int]githubtest.Pull{}}
	stop, err := h.Serve("127.0.0.1:0")
	if err != nil {
		return err
	}
	e.Defer(func() {
		_ = stop()
		if all := h.Violations(); len(all) > 0 {
			e.T().Fatal(strings.Join(all, "\n"))
		}
	})
	e.Values[hubKey{}] = h
	return nil
}

// hubCommand is github: it plays what happens on GitHub, and shows it:
//
//	github on                                GITHUB_API_URL, GITHUB_TOKEN, GITHUB_REPOSITORY
//	github open NUMBER COMMIT [KEY=VALUE…]   by, branch, title, labels (with commas), fork, merge
//	github push NUMBER COMMIT
//	github label NUMBER [LABEL…]             these and no others
//	github close NUMBER
//	github reopen NUMBER
//	github may [PERMISSION…]                 what the job's token may: pull-requests:write
//	github admin                             the token is that of a person who administers it
//	github guard [CHECK…]                    a ruleset guards the branch and asks for the checks; none is none
//	github signed DIR                        a rule requires signed commits in the bare repository DIR
//	github free                              it is private, and its owner on GitHub Free
//	github limit [METHOD…]                   such requests meet an exhausted rate limit; none is none
//	github fail [METHOD…]                    such requests are answered 503
//	github comment NUMBER FILE [LOGIN]       by the job's account, or somebody
//	github comments NUMBER                   prints them
//	github deployments ENVIRONMENT           prints them
//
// @FILE at the end of an argument is what the file says.
func hubCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: github VERB …")
	}
	h := ts.Value(hubKey{}).(*hub)
	verb, args := args[0], slices.Clone(args[1:])
	for i, arg := range args {
		if before, file, ok := strings.Cut(arg, "@"); ok {
			args[i] = before + ts.ReadFile(file)
		}
	}
	switch verb {
	case "on":
		for k, v := range map[string]string{"GITHUB_API_URL": h.URL, "GITHUB_TOKEN": "job", "GITHUB_REPOSITORY": h.Repository} {
			ts.Setenv(k, v)
		}
	case "may":
		may := []string{}
		for _, p := range args {
			may = append(may, strings.Replace(p, ":", ": ", 1))
		}
		h.Private = true // else anybody may read
		h.Tokens["job"] = githubtest.Token{Account: githubtest.Actions, May: may}
	case "admin":
		h.Tokens["job"] = githubtest.Token{Account: githubtest.Account{ID: 9, Login: "ann"}}
	case "guard":
		h.guard(args)
	case "signed":
		h.Git, h.SignedCommits = ts.MkAbs(args[0]), true
	case "free":
		h.Private, h.Settings.Free = true, true
	case "limit":
		reset := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
		h.fault(args, http.StatusForbidden, http.Header{"X-RateLimit-Remaining": {"0"}, "X-RateLimit-Reset": {reset}})
	case "fail":
		h.fault(args, http.StatusServiceUnavailable, nil)
	case "deployments":
		for _, d := range h.Deployments(args[0]) {
			last := githubtest.Status{}
			if len(d.Statuses) > 0 {
				last = d.Statuses[len(d.Statuses)-1]
			}
			fmt.Fprintf(ts.Stdout(), "%.7s %s transient=%v production=%v url=%s (%s)\n", d.Ref, d.State(), d.Transient, d.Production, last.URL, d.Description)
		}
	default:
		number, err := strconv.Atoi(args[0])
		ts.Check(err)
		h.pull(ts, verb, number, args[1:])
	}
}

func (h *hub) guard(checks []string) {
	if h.Settings.Rules = nil; len(checks) == 0 {
		return
	}
	var contexts []map[string]string
	for _, c := range checks {
		contexts = append(contexts, map[string]string{"context": c})
	}
	h.Settings.Rules = []githubtest.Rule{
		{Type: "deletion"}, {Type: "non_fast_forward"}, {Type: "pull_request", Parameters: map[string]any{"require_code_owner_review": true}},
		{Type: "required_status_checks", Parameters: map[string]any{"required_status_checks": contexts}},
	}
}

func (h *hub) fault(methods []string, status int, header http.Header) {
	h.Break(func(r *http.Request) (int, http.Header, string, bool) {
		return status, header, `{"message": "no"}`, slices.Contains(methods, r.Method)
	})
}

func (h *hub) pull(ts *testscript.TestScript, verb string, number int, args []string) {
	p, known := h.pulls[number]
	switch verb {
	case "open":
		p = githubtest.Pull{Number: number, Author: "ann", Branch: "change", Title: "A change"}
		p.Head = commit(ts, args[0])
		for _, arg := range args[1:] {
			key, value, _ := strings.Cut(arg, "=")
			switch key {
			case "by":
				p.Author = value
			case "branch":
				p.Branch = value
			case "title":
				p.Title = value
			case "labels":
				p.Labels = strings.Split(value, ",")
			case "fork":
				p.Fork, p.From = true, value
			case "merge":
				p.Merge = commit(ts, value)
			default:
				ts.Fatalf("github open: no key %q", key)
			}
		}
	case "push":
		p.Head = commit(ts, args[0])
	case "label":
		p.Labels = args
	case "close":
		p.State, p.Closed = "closed", time.Now()
	case "reopen":
		p.State = "open"
	case "comment":
		by := githubtest.Actions
		if len(args) > 1 {
			by = githubtest.Account{ID: 9, Login: args[1]}
		}
		h.AddComment(number, by, ts.ReadFile(args[0]))
		return
	case "comments":
		for _, c := range h.Comments(number) {
			fmt.Fprintf(ts.Stdout(), "== by %s, edited %d times\n%s\n", c.By.Login, c.Edited, c.Body)
		}
		return
	default:
		ts.Fatalf("github: no verb %q", verb)
	}
	if !known && verb != "open" {
		ts.Fatalf("github %s: no pull request %d", verb, number)
	}
	h.pulls[number] = p
	h.SetPull(p)
}

// commit is the id of a revision of the repository the script is in.
func commit(ts *testscript.TestScript, revision string) string {
	ts.Check(ts.Exec("git", "rev-parse", "--verify", revision+"^{commit}"))
	return strings.TrimSpace(ts.ReadFile("stdout"))
}

// event makes what follows a step of a workflow's run:
//
//	event pull_request ACTION NUMBER BASE    the head is the pull request's
//	event workflow_run EVENT NUMBER          a run that follows one of the pull request
//	event schedule
//	event workflow_dispatch
//	event                                    no run any more
//
// Its summary is $WORK/summary.md, its outputs are in $WORK/outputs.
func event(ts *testscript.TestScript, neg bool, args []string) {
	run := map[string]string{
		"GITHUB_ACTIONS": "", "GITHUB_EVENT_NAME": "", "GITHUB_EVENT_PATH": "", "GITHUB_STEP_SUMMARY": "", "GITHUB_OUTPUT": "",
		"GITHUB_SERVER_URL": "", "GITHUB_RUN_ID": "",
	}
	switch {
	case neg:
		ts.Fatalf("usage: event [NAME …]")
	case len(args) > 0:
		work := ts.Getenv("WORK")
		run = map[string]string{
			"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": args[0], "GITHUB_EVENT_PATH": work + "/event.json",
			"GITHUB_STEP_SUMMARY": work + "/summary.md", "GITHUB_OUTPUT": work + "/outputs",
			"GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "42",
		}
		payload := map[string]any{}
		if args[0] == "pull_request" {
			number, err := strconv.Atoi(args[2])
			ts.Check(err)
			head := ts.Value(hubKey{}).(*hub).pulls[number].Head
			payload = map[string]any{
				"action": args[1], "number": number,
				"pull_request": map[string]any{"head": map[string]any{"sha": head}, "base": map[string]any{"sha": commit(ts, args[3])}},
			}
		}
		if args[0] == "workflow_run" {
			number, err := strconv.Atoi(args[2])
			ts.Check(err)
			payload["action"], payload["workflow_run"] = "completed", followed(ts.Value(hubKey{}).(*hub), args[1], number)
		}
		b, err := json.Marshal(payload)
		ts.Check(err)
		ts.Check(os.WriteFile(run["GITHUB_EVENT_PATH"], b, 0o644))
		for _, name := range []string{"GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"} {
			ts.Check(os.WriteFile(run[name], nil, 0o644))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(run)) {
		ts.Setenv(k, run[k])
	}
}

// followed is a run of a pull request, as the event of the run that follows it
// reports: for a fork without the pull request's number.
func followed(h *hub, event string, number int) map[string]any {
	p := h.pulls[number]
	from := map[string]any{"full_name": h.Repository}
	if p.Fork {
		from["full_name"] = cmp.Or(p.From, p.Author+"/fork")
	}
	return map[string]any{
		"id": 41, "event": event, "head_sha": p.Head, "head_branch": p.Branch, "head_repository": from,
		"repository": map[string]any{"full_name": h.Repository}, "pull_requests": []any{}, "conclusion": "success",
	}
}
