package identity

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/node/world"
)

// markName is the file in a room of the data folder that names the
// incarnation. Rooms whose files can name it themselves (term and vote, the
// log and its record) carry none.
const markName = "incarnation"

// The mark is one line: "rialto mark 1 ", the incarnation's 32 hexadecimal
// digits, a space, and their CRC-32C in eight.
func mark(i cluster.Incarnation) string {
	return fmt.Sprintf("rialto mark 1 %s %08x\n", i, sum([]byte(i.String())))
}

// Mark makes a room if it is not there, and has it name the incarnation. It
// returns once that is durable.
func Mark(files world.Files, room string, i cluster.Incarnation) error {
	if err := files.MkdirAll(room, 0o755); err != nil {
		return fmt.Errorf("mark room: %w", err)
	}
	if err := replace(files, filepath.Join(room, markName), []byte(mark(i))); err != nil {
		return fmt.Errorf("mark room: %w", err)
	}
	return files.SyncDir(filepath.Dir(room))
}

// Check returns ErrForgotten unless a room names the incarnation. With birth
// it may name none, or not be there.
func Check(files world.Files, room string, i cluster.Incarnation, birth bool) error {
	b, err := world.ReadFile(files, filepath.Join(room, markName))
	switch {
	case errors.Is(err, os.ErrNotExist) && birth:
		return nil
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: %s is gone, or was emptied", ErrForgotten, room)
	case err != nil:
		return fmt.Errorf("check room: %w", err)
	case string(b) != mark(i):
		return fmt.Errorf("%w: %s is of another incarnation than %s", ErrForgotten, room, i)
	}
	return nil
}
