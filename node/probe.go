package node

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/rialto-exchange/rialto/node/world"
)

// probe is a byte in the data folder that is written to see whether the disk
// takes writes. It is a system call: if the disk hangs, only who asks waits.
// A write to a mapped file that hangs stops every goroutine of the process at
// the next garbage collection.
type probe struct {
	mu   sync.Mutex
	file world.File
}

func (n *Node) openProbe() error {
	if err := n.world.Files.MkdirAll(n.cfg.path("views"), 0o755); err != nil {
		return fmt.Errorf("make folder of read models: %w", err)
	}
	file, err := n.world.Files.OpenFile(n.cfg.path("views", "probe"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the disk's probe: %w", err)
	}
	n.probe = &probe{file: file}
	n.onClose("disk probe", func(context.Context) error { return file.Close() })
	return nil
}

// write returns once the disk has taken a byte.
func (p *probe) write() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.file.WriteAt([]byte{0}, 0); err != nil {
		return fmt.Errorf("probe the disk: %w", err)
	}
	return nil
}
