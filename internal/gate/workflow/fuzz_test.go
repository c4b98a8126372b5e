package workflow

import (
	"testing"

	"go.yaml.in/yaml/v4"
)

func seeds(f *testing.F) {
	for _, r := range rules() {
		f.Add(example(r, r.example))
		f.Add(example(r, r.instead))
	}
	f.Add("runs: {using: composite, steps: [{uses: o/r@v1}, {run: 'echo ${{ inputs.a }}', shell: bash}]}\ninputs: {a: {}}\n")
	f.Add("on: push\nx: &x [*x]\njobs: {a: {steps: [{run: |2\n\n   ${{ github.head_ref }}\n}]}}\n")
	f.Add("on: push\rjobs: {a: {steps: [{uses: o/r@v1},\u2028 {run: 'echo ${{ github.head_ref }}'},\u0085\u2029{uses: o/r@v2}]}}")
	f.Add("\xff\xfeo\x00n\x00:\x00 \x00p\x00\r\x00j\x00:\x00 \x00{\x00}\x00\r\x00")
	f.Add("on: push\r\njobs:\r\n  a:\r\n    steps:\r\n      - run: >\r\n          ${{ github.event.issue.title }}\r\n")
}

// The rules accept any text, as a workflow and as an action.
func FuzzRules(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := load([]byte(text))
		if err != nil {
			doc = &yaml.Node{}
		}
		for _, w := range []*File{newWorkflow("w.yml", []byte(text), doc), newAction("action.yml", []byte(text), doc)} {
			if err != nil && w.kind == action {
				continue
			}
			w.callers = map[string][]call{}
			w.calls(w.callers)
			for _, x := range w.check() {
				if x.Rule == "" || x.At.Path == "" || x.Message == "" || x.Fix == "" || x.At.Line < 0 || x.At.Line > len(w.lines)+1 {
					t.Errorf("%+v", x)
				}
			}
		}
	})
}

// What load returns is within the limits.
func FuzzLoad(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := load([]byte(text))
		if err != nil {
			return
		}
		left := maxNodes
		if err := measure(doc, 0, &left); err != nil {
			t.Error(err)
		}
	})
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{"${{ github.head_ref }}", "a ${{ toJSON(github).x[0]['y'].* }} b", "${{ a && b || !c == fromJSON('[\"x\"]') }}", "${{", "${{ }}", "github.actor == 'x[bot]'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, p := range placeholders(s) {
			if s[p.offset:p.offset+len(p.text)] != p.text {
				t.Errorf("%d %q is not in %q", p.offset, p.text, s)
			}
			reads(p.node, false)
			for event := range outsideEvents {
				holds(p.node, event)
			}
		}
	})
}
