package rest

import (
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The deadlines of a request. They are of the machine's clock, not the
// venue's. Not every ResponseWriter has deadlines; the server's own remain.
const (
	// bodyTimeout is how long a client may take to send all of a body.
	bodyTimeout = 10 * time.Second
	// unreadTimeout is how long the rest of a body is waited for that nobody
	// wants: so that the client reads the answer before it meets a closed
	// connection.
	unreadTimeout = time.Second
	// maxUnread is how much of it is read, and thrown away.
	maxUnread = 16 << 20
	// answerTimeout is how long a client may take to receive an answer.
	answerTimeout = 20 * time.Second
)

// hasBody reports whether a request has a body, of whatever length.
func hasBody(r *http.Request) bool { return r.ContentLength != 0 }

// boundBody sets the deadline of a request's body, whoever reads it: without
// one net/http waits for the rest of it for ever, before it answers.
func boundBody(w http.ResponseWriter, r *http.Request) {
	if hasBody(r) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	}
}

// closeAfter ends the connection with the answer to a request that came over
// a reserved connection, or whose body was not read: a client that is refused
// must not keep its socket by sending on. So it does after a body in chunks: a
// request that has a Content-Length too may be two for somebody on its way
// (RFC 9112 §6.3), and net/http hides whether it had one.
func closeAfter(w http.ResponseWriter, r *http.Request, bodyRead bool) {
	unread := hasBody(r) && !bodyRead
	if unread {
		connectionIn(r.Context()).is(amid) // to the end of its life
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(unreadTimeout))
	}
	if unread || onReserved(r.Context()) || len(r.TransferEncoding) > 0 {
		w.Header().Set("Connection", "close")
	}
}

// readOut throws away what is left of a body after the answer has been sent,
// within the bounds of closeAfter. A client that sends all before it looks for
// an answer would meet a connection that was reset, and its system would throw
// away the answer that had already come.
func readOut(w http.ResponseWriter, r *http.Request, bodyRead bool) {
	if bodyRead || !hasBody(r) || r.ProtoMajor != 1 {
		return // a stream of HTTP/2 is ended without harm to what was answered
	}
	if http.NewResponseController(w).Flush() == nil {
		_, _ = io.CopyN(io.Discard, r.Body, maxUnread)
	}
}

// metricsRoute serves the metrics, which take no body.
func (h *Handler) metricsRoute(registry *prometheus.Registry) http.Handler {
	metrics := metricsHandler(registry)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Rialto-Node", h.node)
		h.shape(w, r, scrapeWeight)
		h.stamp(w.Header(), h.reads.Now().Sequence)
		closeAfter(w, r, false)
		patient(w, answerTimeout)
		metrics.ServeHTTP(w, r)
		readOut(w, r, false)
	})
}

// patient gives the client so long to take what is written from now on.
func patient(w http.ResponseWriter, d time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d))
}
