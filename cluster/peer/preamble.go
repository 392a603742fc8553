package peer

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Version of the preamble and of its answer.
const Version = 1

// magic begins a preamble and its answer: no other protocol's first bytes.
const magic = "RLTO"

// The preamble, 16 bytes:
//
//	0  4  magic "RLTO"
//	4  1  version
//	5  1  protocol
//	6  2  zero
//	8  8  first 8 bytes of SHA-256 of the cluster id
//
// Its answer, 8 bytes:
//
//	0  4  magic "RLTO"
//	4  1  version
//	5  1  status
//	6  2  zero
const (
	preambleBytes = 16
	answerBytes   = 8
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
)

type preamble struct {
	version  uint8
	protocol Protocol
	cluster  [8]byte
}

func clusterHash(id string) [8]byte {
	sum := sha256.Sum256([]byte(id))
	return [8]byte(sum[:8])
}

func writePreamble(w io.Writer, p preamble) error {
	b := make([]byte, 0, preambleBytes)
	b = append(b, magic...)
	b = append(b, p.version, byte(p.protocol), 0, 0)
	b = append(b, p.cluster[:]...)
	_, err := w.Write(b)
	return err
}

func readPreamble(r io.Reader) (preamble, error) {
	var b [preambleBytes]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return preamble{}, fmt.Errorf("read preamble: %w", err)
	}
	if string(b[:4]) != magic {
		return preamble{}, ErrNotPeer
	}
	return preamble{version: b[4], protocol: Protocol(b[5]), cluster: [8]byte(b[8:16])}, nil
}

func writeAnswer(w io.Writer, reason error) error {
	b := make([]byte, 0, answerBytes)
	b = append(b, magic...)
	b = append(b, Version, byte(statusOf(reason)))
	b = binary.BigEndian.AppendUint16(b, 0)
	_, err := w.Write(b)
	return err
}

func readAnswer(r io.Reader) error {
	var b [answerBytes]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return fmt.Errorf("read answer to preamble: %w", err)
	}
	if string(b[:4]) != magic {
		return ErrNotPeer
	}
	return errorOf(status(b[5]))
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
	default:
		return fmt.Errorf("refused with status %d: %w", s, ErrNotPeer)
	}
}
