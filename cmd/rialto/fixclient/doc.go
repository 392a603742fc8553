// Package fixclient (no promise) is a small FIX initiator: it logs on to
// whichever of several nodes answers, keeps the numbers of its session over lost
// connections, sends again what the venue missed and asks for what it missed
// itself, and hands on every application message once and in order.
package fixclient
