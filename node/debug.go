package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/pprof"
	"time"
)

// openDebug serves Go's profiles if the configuration asks for them.
func (n *Node) openDebug() error {
	if n.cfg.DebugAddress == "" {
		return nil
	}
	listener, err := n.world.Network.Listen("tcp", n.cfg.DebugAddress)
	if err != nil {
		return fmt.Errorf("debug_address: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	n.background.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			n.log.Warn("profiles are not served any more", "error", err)
		}
	})
	n.onClose("debug port", func(context.Context) error { return server.Close() })
	return nil
}
