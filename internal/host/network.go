package host

import (
	"context"
	"fmt"
	"net"
	"slices"
)

// subnets is the range of the networks whose containers have fixed addresses: 4096 of 16
// addresses each. It is the range for benchmarks (RFC 2544), which no network of a provider
// or of an office has.
const subnets = "198.18.0.0/16"

// subnet gives an environment a number for its subnet, which no other environment has.
func (e *environment) subnet() error {
	if e.Network != 0 {
		return nil
	}
	all, err := e.h.all()
	if err != nil {
		return err
	}
	var used []int
	for _, other := range all {
		used = append(used, other.Network)
	}
	for n := 1; n < 4096; n++ {
		if !slices.Contains(used, n) {
			e.Network = n
			return e.save()
		}
	}
	return fmt.Errorf("all subnets of %s are used", subnets)
}

// join makes the network of an environment.
func (e *environment) join(ctx context.Context, l Limits) error {
	subnet := ""
	if e.Network != 0 {
		subnet = e.addressOf(-2) + "/28"
	}
	return e.h.engine.network(ctx, e.network(), l, subnet)
}

// addressOf returns the address of a generation in the environment's subnet. Two generations
// that run at the same time never have the same one: at most three exist.
func (e *environment) addressOf(n int) string {
	_, network, err := net.ParseCIDR(subnets)
	if err != nil {
		panic(err)
	}
	last := 0 // of the subnet; the gateway has 1, and what the engine chooses begins at 2
	if n >= 0 {
		last = 6 + n%9
	}
	at := e.Network*16 + last
	return net.IPv4(network.IP[0], network.IP[1], byte(at>>8), byte(at)).String()
}
