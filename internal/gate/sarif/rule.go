package sarif

import (
	"cmp"
	"fmt"
	"strings"
)

// descriptors is a list of descriptors with indexes by id and GUID.
type descriptors struct {
	list         []descriptor
	byID, byGUID map[string]*descriptor
}

func newDescriptors(list []descriptor) descriptors {
	d := descriptors{list, map[string]*descriptor{}, map[string]*descriptor{}}
	for i := range list {
		e := &list[i]
		if d.byID[e.ID] == nil && e.ID != "" {
			d.byID[e.ID] = e
		}
		if d.byGUID[e.GUID] == nil && e.GUID != "" {
			d.byGUID[e.GUID] = e
		}
	}
	return d
}

// descriptor returns the descriptor that a reference names, or nil if the file does not
// contain it. index is the result's own ruleIndex, in addition to the reference.
func (r *run) descriptor(ref *reference, index *int, of func(*component) *descriptors, at string) (*descriptor, error) {
	c, err := r.component(ref.Component, at)
	if err != nil {
		return nil, err
	}
	if c == nil {
		c = &component{} // not described in the file: an index into it is an error
	}
	in := of(c)
	var found *descriptor
	for _, i := range []*int{index, ref.Index} {
		if i == nil || *i == -1 { // -1 means absent in SARIF
			continue
		}
		if *i < 0 || *i >= len(in.list) {
			return nil, fmt.Errorf("at %s: the index %d is out of range: there are %d rule descriptions", at, *i, len(in.list))
		}
		d := &in.list[*i]
		if found != nil && found != d {
			return nil, fmt.Errorf("at %s: two different indexes of a rule description, %d and %d", at, *index, *i)
		}
		found = d
	}
	if found == nil {
		found = in.byGUID[ref.GUID]
	}
	if found == nil {
		found = in.byID[ref.ID]
	}
	return found, nil
}

func (r *run) components() []*component {
	all := []*component{&r.Tool.Driver}
	for i := range r.Tool.Extensions {
		all = append(all, &r.Tool.Extensions[i])
	}
	return all
}

// component returns the component that a reference names. Without a reference, it
// returns the driver.
func (r *run) component(ref *componentReference, at string) (*component, error) {
	if ref == nil {
		return &r.Tool.Driver, nil
	}
	if i := ref.Index; i != nil && *i != -1 {
		if *i < 0 || *i >= len(r.Tool.Extensions) {
			return nil, fmt.Errorf("at %s: extension %d is out of range: the tool has %d extensions", at, *i, len(r.Tool.Extensions))
		}
		return &r.Tool.Extensions[*i], nil
	}
	for i := range r.Tool.Extensions {
		e := &r.Tool.Extensions[i]
		if ref.GUID != "" && e.GUID == ref.GUID || ref.GUID == "" && ref.Name != "" && e.Name == ref.Name {
			return e, nil
		}
	}
	if d := &r.Tool.Driver; ref.GUID == "" && (ref.Name == "" || ref.Name == d.Name) || ref.GUID != "" && ref.GUID == d.GUID {
		return d, nil
	}
	return nil, nil
}

// rule returns the id of a result's rule and the descriptor of the rule, which may be
// nil.
func (r *run) rule(res *result) (string, *descriptor, error) {
	ref := reference{}
	if res.Rule != nil {
		ref = *res.Rule
	}
	id := cmp.Or(res.RuleID, ref.ID)
	ref.ID = id
	rules := func(c *component) *descriptors { return &c.rules }
	d, err := r.descriptor(&ref, res.RuleIndex, rules, res.at)
	// java/sql/1 is described by java/sql, unless it has a description of its own.
	for part := ref.ID; err == nil && d == nil && len(part) <= maxRule; {
		cut := strings.LastIndexByte(part, '/')
		if cut < 0 {
			break
		}
		part = part[:cut]
		d, err = r.descriptor(&reference{ID: part, Component: ref.Component}, nil, rules, res.at)
	}
	if err != nil {
		return "", nil, err
	}
	if d == nil {
		return id, nil, nil
	}
	if id != "" && d.ID != "" && id != d.ID && !strings.HasPrefix(id, d.ID+"/") {
		return "", nil, fmt.Errorf("at %s: the result has the rule %.80q, but its index refers to the description of %.80q", res.at, id, d.ID)
	}
	return cmp.Or(id, d.ID), d, nil
}

// overridden returns the level that the configuration of the run sets for a rule, or ""
// if it sets none.
func (c *converter) overridden(res *result, d *descriptor) (string, error) {
	i := res.Provenance.Invocation
	if d == nil || i == nil || *i == -1 {
		return "", nil
	}
	if *i < 0 || *i >= len(c.run.Invocations) {
		return "", fmt.Errorf("at %s/provenance/invocationIndex: invocation %d is out of range: the run has %d invocations", res.at, *i, len(c.run.Invocations))
	}
	if c.overrides[*i] == nil {
		levels := map[*descriptor]string{}
		for j, o := range c.run.Invocations[*i].Overrides {
			at := fmt.Sprintf("%s/invocations/%d/ruleConfigurationOverrides/%d", c.run.at, *i, j)
			of, err := c.run.descriptor(&o.Descriptor, nil, func(c *component) *descriptors { return &c.rules }, at)
			if err != nil {
				return "", err
			}
			if of != nil {
				levels[of] = cmp.Or(levels[of], o.Configuration.Level)
			}
		}
		c.overrides[*i] = levels
	}
	return c.overrides[*i][d], nil
}
