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
}

// encode makes the bytes that travel, or an error when there are too many:
// memberlist would panic.
func (m Meta) encode() ([]byte, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("node metadata: %w", err)
	}
	if len(data) > memberlist.MetaMaxSize {
		return nil, fmt.Errorf("node metadata of %d bytes is over %d: shorten addresses or version",
			len(data), memberlist.MetaMaxSize)
	}
	return data, nil
}

// decodeMeta reads what another node sent. Of one that says nothing that can
// be read, the name alone is known.
func decodeMeta(name string, data []byte) Meta {
	var meta Meta
	if err := json.Unmarshal(data, &meta); err != nil {
		meta = Meta{}
	}
	meta.ID = cluster.NodeID(name)
	return meta
}
