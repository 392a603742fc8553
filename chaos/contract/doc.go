// Package contract (no promise) holds, as tests, the public contract of a venue:
// what a trader, an operator and a client library may rely on, asked of three
// real processes by HTTP and by the command line, and of nothing inside them.
package contract
