// Package figures counts what a history holds: throughput and latency over
// time, the longest times without an answer, what each fault cost. It goes
// through the file once and keeps a few numbers a second of it.
package figures
