package path

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/apps"
	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// every calls do for the app of the folder. At the top of a repository that has apps only in
// folders, it calls do for each of them and joins the reports. If environment is not "", the
// command is about one app, which must be named.
func (w Where) every(ctx context.Context, env *command.Env, environment string, do func(context.Context, *world) (*report.Report, error)) (*report.Report, error) {
	one, err := w.open(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(filepath.Join(one.repo, config.File)); err == nil {
		return do(ctx, one)
	}
	all, err := one.folders(ctx)
	if err != nil {
		return nil, err
	}
	if one.folder != "" || len(all) == 0 {
		return do(ctx, one)
	}
	if environment != "" {
		list, err := apps.List(ctx, one.git, "HEAD")
		if err == nil {
			err = list.Missing()
		}
		return nil, err
	}
	var names []string
	var reports []*report.Report
	for _, folder := range all {
		x, err := w.openApp(ctx, env, GitHub{}, Cluster{}, one.git, folder, one.common)
		if err != nil {
			return nil, err
		}
		x.fromTop = true
		r, err := do(ctx, x)
		if err != nil {
			return nil, err
		}
		names, reports = append(names, cmp.Or(x.ledger.App, ".")), append(reports, r)
	}
	return join(names, reports), nil
}

// folders returns the folders of the apps in folders: those of the commit, and those that
// left something on this machine.
func (w *world) folders(ctx context.Context) ([]string, error) {
	var all []string
	if list, err := apps.List(ctx, w.git, "HEAD"); err == nil { // a repository without a commit has none
		for _, a := range list {
			all = append(all, a.Folder)
		}
	}
	entries, err := os.ReadDir(filepath.Join(w.common, "apps"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if folder, err := url.PathUnescape(e.Name()); err == nil && filepath.IsLocal(folder) {
			all = append(all, folder)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// join makes one report of those of several apps: the name of the app is in the name of each
// check, and in the first column of each table.
func join(names []string, reports []*report.Report) *report.Report {
	out := *reports[0]
	out.Title, out.Checks, out.Sections, out.Data = english.Plural(len(names), "app", ""), nil, nil, nil
	data := map[string]any{}
	for i, r := range reports {
		app := names[i]
		out.Title += "; " + app + ": " + r.Title
		if r.Verdict == report.Fail || r.Verdict == report.Warn && out.Verdict != report.Fail {
			out.Verdict, out.Reason = r.Verdict, r.Reason
		}
		for _, c := range r.Checks {
			c.Name = app + ": " + c.Name
			out.Checks = append(out.Checks, c)
		}
		for _, s := range r.Sections {
			at := slices.IndexFunc(out.Sections, func(o report.Section) bool {
				return o.Title == s.Title && strings.Join(o.Head, "|") == "app|"+strings.Join(s.Head, "|")
			})
			if at < 0 {
				at = len(out.Sections)
				t := s
				t.Head, t.Rows = append([]string{"app"}, s.Head...), nil
				out.Sections = append(out.Sections, t)
			}
			for _, row := range s.Rows {
				out.Sections[at].Rows = append(out.Sections[at].Rows, append([]string{app}, row...))
			}
		}
		data[app] = r.Data
	}
	out.SetData(data)
	return &out
}
