package forward

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/rialto-exchange/rialto/cluster"
)

// remote is the link to another node's forward server.
type remote struct {
	client *Client
	conn   net.Conn
	out    []byte // the frame being written, its memory used again
}

func newRemote(c *Client, conn net.Conn) *remote {
	return &remote{client: c, conn: conn}
}

func (r *remote) send(_ context.Context, f *frame) error {
	r.out = appendSubmit(r.out[:0], f.id, f.batch.Commands)
	if _, err := r.conn.Write(r.out); err != nil {
		return fmt.Errorf("send to leader: %w", err)
	}
	return nil
}

func (r *remote) receive(number uint64) error {
	in := bufio.NewReaderSize(r.conn, 64<<10)
	var outcomes []cluster.Outcome
	for {
		// New memory each time: the outcomes that point into it are kept.
		kind, body, err := readFrame(in, nil, MaxAnswerBytes)
		if err != nil {
			return fmt.Errorf("receive from leader: %w", err)
		}
		if kind != kindAnswer {
			if err := r.exception(number, kind, body); err != nil {
				return err
			}
			continue
		}
		var id uint64
		if id, outcomes, err = parseAnswer(outcomes[:0], body); err != nil {
			return err
		}
		if err := r.client.answered(number, id, outcomes); err != nil {
			return err
		}
		clear(outcomes)
	}
}

// exception handles what is not an answer. An error ends the link.
func (r *remote) exception(number uint64, kind frameKind, body []byte) error {
	switch kind {
	case kindRefusal:
		why, err := parseRefusal(body)
		if err != nil {
			return err
		}
		return &broken{refusal: why, cause: cluster.ErrNotLeader}
	case kindFailure:
		id, unknown, text, err := parseFailure(body)
		if err != nil {
			return err
		}
		return r.client.failed(number, id, remoteFailure(unknown, text))
	default:
		return fmt.Errorf("frame of kind %d: %w", kind, errFrame)
	}
}

func remoteFailure(unknown bool, text string) error {
	if unknown {
		return fmt.Errorf("%w: leader: %s", cluster.ErrUnknownOutcome, text)
	}
	return errors.New("leader: " + text)
}

func (r *remote) close() { r.conn.Close() }
