// Package fix (no promise) is the door for FIX clients: FIX 4.4, and FIXT.1.1
// with FIX 5.0 SP2, on one listener.
//
// A session belongs to a participant and not to this node. The machine numbers
// everything, so that a client whose node died goes on at any other. What runs
// here is a connection: the door (limits, TLS, framing, who it is), the session
// layer of quickfixgo behind it, an inbound queue that takes commands to the log
// in the order of their numbers, and an outbound pump that writes what the
// journal says in the order of its numbers. Nothing is written under a number
// that is not replicated.
//
// The files in the order of a message's way: server, door, logon, engine (what
// quickfixgo is told and asked), inbound, dispatch (from the journal to the
// connections), outbound, resend.
package fix
