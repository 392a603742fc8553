package membership

import (
	"encoding/json"
	"fmt"

	"github.com/hashicorp/memberlist"

	"github.com/rialto-exchange/rialto/cluster"
)

// Meta is what a node says of itself in gossip: a hint for whom to call.
// Encoded it must fit into memberlist's 512 bytes; see Config.
type Meta struct {
	ID            cluster.NodeID `json:"i"`
	HTTPAddress   string         `json:"h,omitempty"`
	FIXAddress    string         `json:"f,omitempty"`
	PeerAddress   string         `json:"p,omitempty"`
	GossipAddress string         `json:"-"` // memberlist carries it
	Version       string         `json:"v,omitempty"`
	// Role is what the node wants to be: a reader by choice, or a voter.
	Role cluster.Role `json:"r,omitempty"`
	PID  int          `json:"n,omitempty"`
	// History is the past of the venue that the node belongs to, 0 while it
	// belongs to none. Those of another are not taken in: two clusters that go
	// by one id do not mix.
	History cluster.History `json:"y,omitzero"`
}

// wireMeta is what travels. memberlist tells the ones that stay of a death,
// but not whether it was announced; so a node that leaves says so first.
type wireMeta struct {
	Meta
	Leaving bool `json:"l,omitempty"`
}

// check refuses metadata that memberlist would panic on, now or when leaving.
func (m Meta) check() error {
	if m.History == 0 {
		m.History = 1 // it will be one of as many digits
	}
	if n := len(m.encode(true)); n > memberlist.MetaMaxSize {
		return fmt.Errorf("node metadata of %d bytes is over %d: shorten addresses or version",
			n, memberlist.MetaMaxSize)
	}
	return nil
}

func (m Meta) encode(leaving bool) []byte {
	data, err := json.Marshal(wireMeta{Meta: m, Leaving: leaving})
	if err != nil { // strings, a number and a bool
		panic(fmt.Sprintf("membership: encode metadata: %v", err))
	}
	return data
}

// decodeMeta reads what another node sent. Of one that says nothing that can
// be read, the name alone is known.
func decodeMeta(name string, data []byte) (meta Meta, leaving bool) {
	var wire wireMeta
	if err := json.Unmarshal(data, &wire); err != nil {
		wire = wireMeta{}
	}
	wire.ID = cluster.NodeID(name)
	return wire.Meta, wire.Leaving
}
