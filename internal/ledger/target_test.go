package ledger

import "testing"

func TestSameTarget(t *testing.T) {
	process := func(host, folder string) Target {
		return Target{Kind: "process", Place: "host " + host + " folder " + folder}
	}
	cluster := Target{Kind: "kubernetes", Place: "cluster https://a:6443 namespace shop-production"}
	for name, tt := range map[string]struct {
		a, b Target
		want bool
	}{
		"a cluster":                     {cluster, cluster, true},
		"another cluster":               {cluster, Target{Kind: "kubernetes", Place: "cluster https://b:6443 namespace shop-production"}, false},
		"another namespace":             {cluster, Target{Kind: "kubernetes", Place: "cluster https://a:6443 namespace shop"}, false},
		"another kind":                  {cluster, process("laptop", "/src"), false},
		"the laptop has another name":   {process("laptop", "/src"), process("laptop.local", "/src"), true},
		"the clone was moved":           {process("laptop", "/src"), process("laptop", "/app"), true},
		"the laptop of somebody else":   {process("laptop", "/home/ann/app"), process("other", "/home/bob/app"), false},
		"an entry that does not say it": {Target{}, Target{}, false},
	} {
		if got := tt.a.Same(tt.b); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
