package budget

import (
	"maps"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Prices are per hour, in the currency of the budget.
type Prices struct {
	CPU, Memory, Storage float64            // per core, per GiB, per GiB
	Resources            map[string]float64 // per resource, by Terraform type
}

// PerHour returns the cost of the requested resources per hour, and the Terraform
// types that have no price.
func (p Prices) PerHour(r target.Requests) (perHour float64, unpriced []string) {
	// A pull request writes its requests. Negative ones would pay for other previews.
	perHour = max(r.CPU, 0)*p.CPU + max(r.Memory, 0)*p.Memory + max(r.Storage, 0)*p.Storage
	for _, kind := range slices.Sorted(maps.Keys(r.Resources)) {
		price, ok := p.Resources[kind]
		if !ok && r.Resources[kind] > 0 {
			unpriced = append(unpriced, kind)
		}
		perHour += price * float64(r.Resources[kind])
	}
	return perHour, unpriced
}
