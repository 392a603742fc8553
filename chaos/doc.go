// Package chaos (no promise) stands outside the venue: it drives real processes
// by the public contract, breaks them on purpose, and compares what clients were
// told with what the venue says happened.
package chaos
