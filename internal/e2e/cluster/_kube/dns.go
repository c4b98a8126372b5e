package main

import (
	"net"
	"net/netip"
	"strings"

	discovery "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"

	"golang.org/x/net/dns/dnsmessage"
)

const zone = ".svc.cluster.local."

// dns resolves the names of Services. It knows no other names and rejects a query for
// one at once.
func dns(kubeconfig, listen string) error {
	factory, err := watch(kubeconfig, func(f informers.SharedInformerFactory) {
		f.Core().V1().Services().Informer()
		f.Discovery().V1().EndpointSlices().Informer()
	})
	if err != nil {
		return err
	}
	conn, err := net.ListenPacket("udp", listen)
	if err != nil {
		return err
	}
	buf := make([]byte, 512)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return err
		}
		if reply := answer(buf[:n], factory); reply != nil {
			// A lost reply is not a problem: the client repeats its query.
			_, _ = conn.WriteTo(reply, from)
		}
	}
}

// answer returns the reply to a query, or nil if the query is malformed.
func answer(query []byte, factory informers.SharedInformerFactory) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil || m.Response || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	found, exists := addresses(strings.ToLower(q.Name.String()), factory)
	reply := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true, RecursionDesired: m.RecursionDesired, RecursionAvailable: true},
		Questions: m.Questions,
	}
	if !exists {
		reply.RCode = dnsmessage.RCodeNameError
	}
	for _, a := range found {
		if ip, err := netip.ParseAddr(a); err == nil && ip.Is4() && q.Type == dnsmessage.TypeA {
			reply.Answers = append(reply.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 5},
				Body:   &dnsmessage.AResource{A: ip.As4()},
			})
		}
	}
	packed, err := reply.Pack()
	if err != nil {
		return nil
	}
	return packed
}

// addresses returns the addresses of service.namespace.svc.cluster.local, and of
// pod.service.namespace… if the Service has no address of its own.
func addresses(name string, factory informers.SharedInformerFactory) (found []string, exists bool) {
	rest, ok := strings.CutSuffix(name, zone)
	parts := strings.Split(rest, ".")
	if !ok || len(parts) < 2 || len(parts) > 3 {
		return nil, false
	}
	service, namespace := parts[len(parts)-2], parts[len(parts)-1]
	s, err := factory.Core().V1().Services().Lister().Services(namespace).Get(service)
	if err != nil {
		return nil, false
	}
	if s.Spec.ClusterIP != "None" {
		return []string{s.Spec.ClusterIP}, len(parts) == 2
	}
	slices, _ := factory.Discovery().V1().EndpointSlices().Lister().EndpointSlices(namespace).
		List(labels.SelectorFromSet(labels.Set{discovery.LabelServiceName: service})) // reads from memory and cannot fail
	for _, slice := range slices {
		for _, e := range slice.Endpoints {
			ready := e.Conditions.Ready == nil || *e.Conditions.Ready
			if len(parts) == 2 && ready || len(parts) == 3 && e.Hostname != nil && *e.Hostname == parts[0] {
				found = append(found, e.Addresses...)
			}
		}
	}
	return found, len(parts) == 2 || len(found) > 0
}
