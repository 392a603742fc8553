// Command beside measures what beside.sh compares: the puts of an etcd, by a gRPC
// client that costs as little as it can; the floor of a commit; and the commits
// of a venue's leader, as its own metrics tell of them.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

// report is what each measurement prints, in milliseconds.
type report struct {
	PerSecond float64 `json:"per_second"`
	Errors    int64   `json:"errors"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "beside:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("beside puts|floor|commits", flag.ContinueOnError)
	address := flags.String("address", "127.0.0.1:2379", "client address of an etcd (puts)")
	clients := flags.Int("clients", 64, "connections, each with one put under way (puts)")
	rate := flags.Float64("rate", 0, "puts a second offered in all; 0 = as soon as answered (puts)")
	folder := flags.String("folder", ".", "where the nodes write, too (floor)")
	metrics := flags.String("metrics", "http://127.0.0.1:8081/metrics", "the leader's (commits)")
	duration := flags.Duration("duration", 10*time.Second, "how long")
	if len(args) == 0 {
		return fmt.Errorf("say puts, floor or commits")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	var r report
	var err error
	switch args[0] {
	case "puts":
		r, err = puts(*address, *clients, *rate, *duration)
	case "floor":
		r, err = floor(*folder, *duration)
	case "commits":
		r, err = commits(*metrics, *duration)
	default:
		return fmt.Errorf("%q is none of puts, floor and commits", args[0])
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}
