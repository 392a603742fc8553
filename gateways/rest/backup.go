package rest

import (
	"io"
	"net/http"
	"strconv"

	"github.com/rialto-exchange/rialto/gateways"
)

// backup streams what a backup lacks, for as long as its reader takes it: each
// write has a deadline of its own. Before its first byte an error is a problem;
// after it the stream itself says so, and nothing in it counts without its end.
func (x *call) backup() {
	var have gateways.BackupHave
	for name, value := range map[string]*uint64{"entries_after": &have.Entries, "blocks_after": &have.Blocks, "snapshot_after": &have.Snapshot} {
		if !x.query.Has(name) {
			continue
		}
		var err error
		if *value, err = strconv.ParseUint(x.query.Get(name), 10, 64); err != nil {
			x.malformed(name, "is not a log index")
			return
		}
	}
	x.h.log.Info("operation", "route", x.route, "actor", x.caller.Actor, "correlation_id", x.correlation)
	out := &backupWriter{x: x}
	err := x.h.operations.Backup(x.r.Context(), have, out)
	switch {
	case err != nil && out.begun:
		x.h.log.Warn("backup broke off", "error", err)
	case err != nil:
		x.refuse(http.StatusServiceUnavailable, "degraded", err.Error())
	}
}

// backupWriter answers 200 with the first byte.
type backupWriter struct {
	x     *call
	begun bool
}

var _ io.Writer = (*backupWriter)(nil)

func (w *backupWriter) Write(b []byte) (int, error) {
	if !w.begun {
		w.begun = true
		w.x.w.Header().Set("Content-Type", "application/octet-stream")
		w.x.w.Header().Set("Cache-Control", "no-store")
		w.x.status = http.StatusOK
		w.x.w.WriteHeader(http.StatusOK)
	}
	patient(w.x.w, slowest)
	return w.x.w.Write(b)
}
