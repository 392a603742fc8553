package peer

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/rialto-exchange/rialto/cluster"
)

// Versions of the preamble and of its answer. The first proves nothing but
// the cluster; the second says who calls and who answers.
const (
	Version         = 1
	VersionIdentity = 2
)

// magic begins a preamble and its answer: no other protocol's first bytes.
const magic = "RLTO"

// The preamble, 16 bytes, and with version 2 an identity after it:
//
//	0  4  magic "RLTO"
//	4  1  version
//	5  1  protocol
//	6  2  version 1: zero; 2: length of the identity
//	8  8  first 8 bytes of SHA-256 of the cluster id
//
// Its answer, 8 bytes, and with version 2 the identity of who answers:
//
//	0  4  magic "RLTO"
//	4  1  version, that of the preamble
//	5  1  status
//	6  2  version 1: zero; 2: length of the identity
//
// An identity:
//
//	0  16  incarnation
//	16  8  history, 0 = not known yet
//	24  8  count of starts
//	32  8  nonce of this start
//	40  8  term when this start opened it
//	48  8  last index then
//	56  1  length n of the node id, 1 to 64
//	57  n  node id
//
// More may follow in later builds and is passed over.
const (
	preambleBytes    = 16
	answerBytes      = 8
	identityBytes    = 57
	maxIdentityBytes = 1 << 10
)

// status of an answer.
type status uint8

const (
	statusAccepted     status = 0
	statusWrongCluster status = 1
	statusVersion      status = 2
	statusProtocol     status = 3
	statusBusy         status = 4
	statusClosing      status = 5
	statusMalformed    status = 6
	statusNotAdmitted  status = 7
	statusOtherHistory status = 8
	statusRemoved      status = 9
	statusRolledBack   status = 10
	statusUncertified  status = 11
)

type preamble struct {
	version  uint8
	protocol Protocol
	cluster  [8]byte
	self     cluster.Identity // version 2
}

func clusterHash(id string) [8]byte {
	sum := sha256.Sum256([]byte(id))
	return [8]byte(sum[:8])
}

func writePreamble(w io.Writer, p preamble) error {
	b := make([]byte, 0, preambleBytes+identityBytes+64)
	b = append(b, magic...)
	b = append(b, p.version, byte(p.protocol), 0, 0)
	b = append(b, p.cluster[:]...)
	if p.version >= VersionIdentity {
		b = appendIdentity(b, p.self)
		binary.BigEndian.PutUint16(b[6:], uint16(len(b)-preambleBytes))
	}
	_, err := w.Write(b)
	return err
}

func appendIdentity(b []byte, who cluster.Identity) []byte {
	b = append(b, who.Incarnation[:]...)
	for _, v := range []uint64{uint64(who.History), who.Start.Count, who.Start.Nonce, uint64(who.Began.Term), uint64(who.Began.Last)} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	id := who.Node[:min(len(who.Node), 64)]
	return append(append(b, byte(len(id))), id...)
}

// readPreamble reads a preamble. What follows it in a version beyond known is
// left unread.
func readPreamble(r io.Reader, known uint8) (preamble, error) {
	var b [preambleBytes]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return preamble{}, fmt.Errorf("read preamble: %w", err)
	}
	if string(b[:4]) != magic {
		return preamble{}, ErrNotPeer
	}
	p := preamble{version: b[4], protocol: Protocol(b[5]), cluster: [8]byte(b[8:16])}
	if p.version != VersionIdentity || p.version > known {
		return p, nil
	}
	var err error
	p.self, err = readIdentity(r, binary.BigEndian.Uint16(b[6:]))
	return p, err
}

func readIdentity(r io.Reader, size uint16) (who cluster.Identity, err error) {
	if size < identityBytes || size > maxIdentityBytes {
		return who, fmt.Errorf("identity of %d bytes: %w", size, ErrNotPeer)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil {
		return who, fmt.Errorf("read identity: %w", err)
	}
	n := int(b[56])
	if n < 1 || n > 64 || identityBytes+n > len(b) {
		return who, fmt.Errorf("node id of %d bytes: %w", n, ErrNotPeer)
	}
	at := func(offset int) uint64 { return binary.BigEndian.Uint64(b[offset:]) }
	return cluster.Identity{
		Node: cluster.NodeID(b[57 : 57+n]), Incarnation: cluster.Incarnation(b[:16]), History: cluster.History(at(16)),
		Start: cluster.Start{Count: at(24), Nonce: at(32)},
		Began: cluster.Position{Term: cluster.Term(at(40)), Last: cluster.Index(at(48))},
	}, nil
}

// writeAnswer answers in version 1, or with self in version 2.
func writeAnswer(w io.Writer, reason error, self *cluster.Identity) error {
	b := make([]byte, 0, answerBytes+identityBytes+64)
	b = append(b, magic...)
	b = append(b, Version, byte(statusOf(reason)), 0, 0)
	if self != nil {
		b = appendIdentity(b, *self)
		b[4] = VersionIdentity
		binary.BigEndian.PutUint16(b[6:], uint16(len(b)-answerBytes))
	}
	_, err := w.Write(b)
	return err
}

// readAnswer returns who answered, if it says so, and why it refused.
func readAnswer(r io.Reader) (who *cluster.Identity, err error) {
	var b [answerBytes]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return nil, fmt.Errorf("read answer to preamble: %w", err)
	}
	if string(b[:4]) != magic {
		return nil, ErrNotPeer
	}
	if b[4] >= VersionIdentity {
		self, err := readIdentity(r, binary.BigEndian.Uint16(b[6:]))
		if err != nil {
			return nil, err
		}
		who = &self
	}
	return who, errorOf(status(b[5]))
}

func statusOf(reason error) status {
	switch {
	case reason == nil:
		return statusAccepted
	case errors.Is(reason, ErrWrongCluster):
		return statusWrongCluster
	case errors.Is(reason, ErrVersion):
		return statusVersion
	case errors.Is(reason, ErrProtocol):
		return statusProtocol
	case errors.Is(reason, ErrBusy):
		return statusBusy
	case errors.Is(reason, ErrClosed):
		return statusClosing
	case errors.Is(reason, ErrNotAdmitted):
		return statusNotAdmitted
	case errors.Is(reason, ErrOtherHistory):
		return statusOtherHistory
	case errors.Is(reason, ErrRemoved):
		return statusRemoved
	case errors.Is(reason, ErrRolledBack):
		return statusRolledBack
	case errors.Is(reason, ErrUncertified):
		return statusUncertified
	default:
		return statusMalformed
	}
}

func errorOf(s status) error {
	switch s {
	case statusAccepted:
		return nil
	case statusWrongCluster:
		return ErrWrongCluster
	case statusVersion:
		return ErrVersion
	case statusProtocol:
		return ErrProtocol
	case statusBusy:
		return ErrBusy
	case statusClosing:
		return fmt.Errorf("refused: %w", ErrClosed)
	case statusNotAdmitted:
		return ErrNotAdmitted
	case statusOtherHistory:
		return ErrOtherHistory
	case statusRemoved:
		return ErrRemoved
	case statusRolledBack:
		return ErrRolledBack
	case statusUncertified:
		return ErrUncertified
	default:
		return fmt.Errorf("refused with status %d: %w", s, ErrNotPeer)
	}
}
