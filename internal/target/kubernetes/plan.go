package kubernetes

import (
	"context"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Plan returns what Deploy would do. It changes nothing.
func (t *Target) Plan(ctx context.Context, d target.Deployment) (target.Plan, error) {
	c, err := t.connect(ctx)
	if err != nil {
		return target.Plan{}, err
	}
	x := &deployment{Target: t, Deployment: d, cluster: c, namespace: t.namespace(d.Environment), last: time.Now()}
	x.Say = func(target.Phase) {}
	_, x.preview = previewName(d.Environment)
	if err := x.inspect(ctx); err != nil {
		return target.Plan{}, err
	}
	p := target.Plan{Place: "namespace " + x.namespace, Requests: requests(slices.Concat(x.plan.objects, x.services)), Notes: x.plan.notes}
	if c.context != "" {
		p.Place += " of " + c.context
	}
	have := map[string]bool{}
	for _, r := range x.inventory.Objects {
		have[r.String()] = true
	}
	for _, o := range slices.Concat(x.services, x.plan.objects) {
		what := "create"
		if have[refOf(o).String()] {
			what = "change"
			if x.inventory.Hash == x.plan.hash {
				what = "keep"
			}
		}
		p.Changes = append(p.Changes, target.Change{Object: refOf(o).word(), What: what})
	}
	inv := *x.inventory
	inv.Objects = slices.Clone(inv.Objects)
	support := x.support()
	for _, r := range inv.obsolete(slices.Concat(x.plan.objects, x.plan.hookObjects(), support)) {
		p.Changes = append(p.Changes, target.Change{Object: r.word(), What: "remove"})
	}
	return p, nil
}
