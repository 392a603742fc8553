package demo

import (
	"bytes"
	"fmt"
)

// proofs compares the two rounds. A proof is a row here.
func proofs(quiet, killed *round) []Proof {
	return []Proof{
		sameFills(quiet, killed),
		nothingUnknown(killed),
		inTurn(killed),
		sameEvents(killed),
		sameState(killed),
		balanced(killed),
	}
}

func sameFills(quiet, killed *round) Proof {
	p := Proof{Name: "traders got the same fills, byte for byte"}
	p.Holds = quiet.fills.Len() > 0 && bytes.Equal(quiet.fills.Bytes(), killed.fills.Bytes())
	p.Detail = fmt.Sprintf("%d fills undisturbed, %d with the leader killed", quiet.summary.Fills, killed.summary.Fills)
	return p
}

func nothingUnknown(r *round) Proof {
	s := r.summary
	refused := 0
	for _, n := range s.Rejected {
		refused += n
	}
	return Proof{
		Name: "no order was lost, doubled or left unknown", Holds: s.Errors == 0 && refused == 0,
		Detail: fmt.Sprintf("%d accepted, %d refused, %d unknown, %d requests sent again under the same ids",
			s.Accepted, refused, s.Errors, s.Retries),
	}
}

func inTurn(r *round) Proof {
	s := r.summary
	return Proof{
		Name:   "every execution hit the order whose turn it was",
		Holds:  s.ExecutionsChecked > 0 && s.ExecutionsOnNamedOrder == s.ExecutionsChecked && s.Repairs == 0,
		Detail: fmt.Sprintf("%d of %d", s.ExecutionsOnNamedOrder, s.ExecutionsChecked),
	}
}

func sameEvents(r *round) Proof {
	p := Proof{Name: "every node tells the same events", Holds: len(r.nodes) > 0}
	first := r.nodes[0]
	p.Detail = fmt.Sprintf("%d events, SHA-256 %.16s… on %d nodes", first.events, first.digest, len(r.nodes))
	for _, a := range r.nodes {
		if a.events == 0 || a.events != first.events || a.digest != first.digest {
			p.Holds = false
			p.Detail = fmt.Sprintf("node %s: %d events, SHA-256 %.16s…; node %s: %d, %.16s…",
				first.id, first.events, first.digest, a.id, a.events, a.digest)
		}
	}
	return p
}

func sameState(r *round) Proof {
	p := Proof{Name: "every node is in the same state", Holds: len(r.nodes) > 0}
	first := r.nodes[0]
	p.Detail = fmt.Sprintf("hash %s at index %d on %d nodes", first.hash, first.hashIndex, len(r.nodes))
	for _, a := range r.nodes {
		if a.hashIndex == 0 || a.hashIndex != first.hashIndex || a.hash != first.hash {
			p.Holds = false
			p.Detail = fmt.Sprintf("node %s: %s at %d; node %s: %s at %d",
				first.id, first.hash, first.hashIndex, a.id, a.hash, a.hashIndex)
		}
	}
	return p
}

func balanced(r *round) Proof {
	p := Proof{Name: "the ledger nets to zero", Holds: len(r.nodes) > 0, Detail: "in every asset, on every node"}
	for _, a := range r.nodes {
		if a.unequal != "" {
			p.Holds, p.Detail = false, fmt.Sprintf("not in %s on node %s", a.unequal, a.id)
		}
	}
	return p
}
