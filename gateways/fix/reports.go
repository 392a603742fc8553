package fix

import (
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
)

// report writes a report, again with orig.
func (w *writer) report(n *numbered, again bool) {
	s := w.session
	n.report.Number = n.number
	at := w.time(n.block.At)
	w.buf = s.encoder.Report(w.buf, n.block, &n.report, encode.Sending{At: at, Again: again})
	if !again && isThrottled(n.report.Record) && w.flood.refusedAt(n.block.At) {
		s.logout(market.SessionEndFlood, "too many messages for too long")
	}
	if !again {
		s.server.metrics.latency.Observe(float64(s.server.now()-n.block.At) / 1e9)
	}
}
