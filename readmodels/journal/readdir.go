package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/node/world"
)

// ReadDir yields the blocks of the journal in a folder, in order, and changes
// nothing there: it may be a copy, or another process's. A last block that is
// cut off was being written and is passed over; anything else that does not
// verify ends it with ErrCorrupt, and so does an error of yield.
func ReadDir(files world.Files, dir string, yield func(Frame) error) error {
	paths, err := world.Names(files, dir, ".journal")
	if err != nil {
		return fmt.Errorf("list segments: %w", err)
	}
	for i, path := range paths {
		err := readSegmentFile(files, path, yield)
		if errors.Is(err, io.ErrUnexpectedEOF) && i == len(paths)-1 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	return nil
}

func readSegmentFile(files world.Files, path string, yield func(Frame) error) error {
	f, err := world.Open(files, path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	head := make([]byte, headerBytes)
	if _, err := io.ReadFull(in, head); err != nil {
		return io.ErrUnexpectedEOF
	}
	if _, err := parseHeader(head); err != nil {
		return err
	}
	for {
		frame, err := readFrame(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := yield(Frame{parsePlace(frame).index, frame[frameBytes:], frame}); err != nil {
			return err
		}
	}
}

// AppendFrame is Append of a block of another journal.
func (j *Journal) AppendFrame(f Frame) error {
	b, err := eventcodec.DecodeBlock(f.Encoded)
	if err != nil {
		return fmt.Errorf("decode block: %w: %w", ErrCorrupt, err)
	}
	return j.AppendEncoded(b, f.Encoded)
}
