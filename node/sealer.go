package node

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/entry"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// clusterNumber is the cluster's id as it stands in envelopes.
func clusterNumber(clusterID string) uint64 {
	sum := sha256.Sum256([]byte(clusterID))
	return binary.BigEndian.Uint64(sum[:8])
}

// sealer makes envelopes: it knows the format, the sequencer knows the order.
type sealer struct {
	cluster uint64
	// history returns the id of the past that the state belongs to, 0 before
	// the first entry.
	history func() uint64
	// level returns the feature level that entries are sealed at.
	level func() uint16
	// won is why a term of this node's began, and who led before; "" = it does not
	// know.
	won func(term cluster.Term) (cause, previous string)
	// newHistory names the past of a venue that has none yet.
	newHistory uint64
}

var _ cluster.Sealer = (*sealer)(nil)

// Seal implements cluster.Sealer.
func (s *sealer) Seal(dst []byte, stamp int64, commands [][]byte) ([]byte, error) {
	sealed, err := entry.Seal(dst, entry.Header{
		Level: s.level(), Cluster: s.cluster, History: s.history(),
		At: market.Nanos(stamp), Count: uint32(len(commands)),
	}, commands)
	if err != nil {
		return nil, fmt.Errorf("seal entry: %w", err)
	}
	return sealed, nil
}

// causeLevel is the feature level from which the entry that opens a term says
// why it does.
const causeLevel = 3

// TermStart implements cluster.Sealer.
func (s *sealer) TermStart(term cluster.Term, leader cluster.NodeID) []byte {
	start := &command.TermStart{Term: uint64(term), Leader: string(leader), History: s.newHistory}
	if s.won != nil && s.level() >= causeLevel {
		start.Cause, start.Previous = s.won(term)
	}
	encoded, err := commandcodec.Append(nil, &command.Command{
		Header: command.Header{Source: market.SourceSystem, Role: market.RoleAdmin, Actor: string(leader)},
		Body:   start,
	}, s.level())
	if err != nil {
		panic(fmt.Sprintf("node: encode TermStart: %v", err)) // a node id is bounded
	}
	return encoded
}
