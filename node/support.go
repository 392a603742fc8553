package node

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime/pprof"
	"time"

	"github.com/rialto-exchange/rialto/gateways"
)

// profiledFor is for how long a profile of the processor is taken.
const profiledFor = 2 * time.Second

// Support implements gateways.Operations.
func (o operations) Support(ctx context.Context, what gateways.Support, w io.Writer) error {
	switch what {
	case gateways.SupportLog:
		if o.logWriter == nil {
			return fmt.Errorf("%w: this node's log is kept by the program that it runs in", gateways.ErrNotFound)
		}
		_, err := w.Write(o.logWriter.Recent())
		return err
	case gateways.SupportSettings:
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(o.cfg.Settings())
	case gateways.SupportHeap:
		return pprof.Lookup("heap").WriteTo(w, 0)
	case gateways.SupportGoroutines:
		return pprof.Lookup("goroutine").WriteTo(w, 1)
	case gateways.SupportProcessor:
		return profileProcessor(ctx, w)
	}
	return fmt.Errorf("%w: there is no %q", gateways.ErrNotFound, what)
}

// profileProcessor takes one profile at a time: the runtime has no more.
func profileProcessor(ctx context.Context, w io.Writer) error {
	if err := pprof.StartCPUProfile(w); err != nil {
		return fmt.Errorf("%w: %w", gateways.ErrDegraded, err)
	}
	defer pprof.StopCPUProfile()
	over := time.NewTimer(profiledFor)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done():
	}
	return nil
}
