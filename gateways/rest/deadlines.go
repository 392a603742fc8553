package rest

import (
	"net/http"
	"time"
)

// The deadlines of a request. They are of the machine's clock, not the
// venue's. Not every ResponseWriter has deadlines; the server's own remain.
const (
	// bodyTimeout is how long a client may take to send all of a body.
	bodyTimeout = 10 * time.Second
	// unreadTimeout is how long the rest of a body is waited for that nobody
	// wants: so that the client reads the answer before it meets a closed
	// connection.
	unreadTimeout = 250 * time.Millisecond
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
// must not keep its socket by sending on.
func closeAfter(w http.ResponseWriter, r *http.Request, bodyRead bool) {
	unread := hasBody(r) && !bodyRead
	if unread {
		connectionIn(r.Context()).waits(true, false) // to the end of its life
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(unreadTimeout))
	}
	if unread || onReserved(r.Context()) {
		w.Header().Set("Connection", "close")
	}
}

// bodiless serves what takes no body.
func bodiless(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		closeAfter(w, r, false)
		patient(w, answerTimeout)
		h.ServeHTTP(w, r)
	})
}

// patient gives the client so long to take what is written from now on.
func patient(w http.ResponseWriter, d time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d))
}
