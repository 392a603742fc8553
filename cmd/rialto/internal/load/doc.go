// Package load is the load generator: it sends orders to a running cluster
// from many clients and measures what a client sees.
package load
