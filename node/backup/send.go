package backup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// Source is a node that runs, as far as a backup needs it.
type Source interface {
	// OpenSnapshot, EntriesFrom and Entries are consensus's.
	OpenSnapshot() (index cluster.Index, stream io.ReadCloser, ok bool, err error)
	EntriesFrom() (cluster.Index, error)
	Entries(first, last cluster.Index) iter.Seq2[cluster.Entry, error]
	// Frames is the event journal's.
	Frames(after uint64, limit, maxBytes int) ([]journal.Frame, error)
}

// SourceOf returns a node's own.
func SourceOf(c *consensus.Node, j *journal.Journal) Source { return ownSource{c, j} }

type ownSource struct {
	*consensus.Node
	*journal.Journal
}

// The blocks that are read at a time.
const (
	framesAtOnce = 256
	framesBytes  = 4 << 20
)

// Send writes what a backup lacks of a node, through the entry d.Last, which it
// has applied. All of one picture: entries and blocks end at one place, and the
// snapshot is of an entry at or before it. Once something was written an error is
// told to the other end too.
func Send(ctx context.Context, w io.Writer, from Source, have Have, d Description) error {
	out := &frameWriter{bufio.NewWriterSize(w, 256<<10)}
	first, err := from.EntriesFrom()
	if err != nil {
		return err
	}
	index, snapshot, ok, err := from.OpenSnapshot()
	if err != nil {
		return err
	}
	if ok {
		defer snapshot.Close()
	}
	if ok && uint64(index) > have.Snapshot && uint64(index) <= d.Last {
		d.Snapshot = uint64(index)
	}
	d.Entries = max(uint64(first), have.Entries+1)
	if _, err := out.out.WriteString(streamMagic + string(rune(streamVersion))); err != nil {
		return fmt.Errorf("send backup: %w", err)
	}
	err = out.json(kindDescription, d)
	if err == nil && d.Snapshot != 0 {
		err = sendSnapshot(out, snapshot)
	}
	if err == nil {
		err = sendEntries(ctx, out, from, d)
	}
	if err == nil {
		err = sendBlocks(ctx, out, from, have.Blocks, d.Last)
	}
	if err != nil {
		_ = out.write(kindFailed, []byte(err.Error())) // the other end may be gone
	}
	return errors.Join(err, out.out.Flush())
}

func sendSnapshot(out *frameWriter, stream io.Reader) error {
	part := make([]byte, snapshotPart)
	for {
		n, err := io.ReadFull(stream, part)
		if n > 0 {
			if err := out.write(kindSnapshot, part[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read snapshot: %w", err)
		}
	}
}

func sendEntries(ctx context.Context, out *frameWriter, from Source, d Description) error {
	if d.Entries > d.Last {
		return nil
	}
	for entry, err := range from.Entries(cluster.Index(d.Entries), cluster.Index(d.Last)) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = out.entry(entry)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func sendBlocks(ctx context.Context, out *frameWriter, from Source, after, last uint64) error {
	var mark Mark
	for after < last {
		frames, err := from.Frames(after, framesAtOnce, framesBytes)
		if err == nil && len(frames) == 0 {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		for _, f := range frames {
			if after = f.Index; f.Index > last {
				break
			}
			if err := out.block(f); err != nil {
				return err
			}
			if mark, err = MarkOf(f); err != nil {
				return err
			}
		}
	}
	return out.json(kindEnd, mark) // without anything new it says nothing
}
