package main

import (
	"bufio"
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// commits is what the leader's own histogram says of the entries of a while:
// from the sequencer's hand to applied.
func commits(metrics string, duration time.Duration) (report, error) {
	before, err := buckets(metrics)
	if err != nil {
		return report{}, err
	}
	time.Sleep(duration)
	after, err := buckets(metrics)
	if err != nil {
		return report{}, err
	}
	for i := range after {
		if i < len(before) && before[i].upTo == after[i].upTo {
			after[i].count -= before[i].count
		}
	}
	if len(after) == 0 || after[len(after)-1].count == 0 {
		return report{}, fmt.Errorf("%s tells of no entry", metrics)
	}
	return report{
		PerSecond: after[len(after)-1].count / duration.Seconds(),
		P50:       1000 * quantile(after, 0.5), P99: 1000 * quantile(after, 0.99),
	}, nil
}

// bucket counts what took up to so many seconds.
type bucket struct{ upTo, count float64 }

const series = "rialto_entry_commit_seconds_bucket{"

func buckets(metrics string) (all []bucket, err error) {
	answer, err := http.Get(metrics)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), series)
		if !ok {
			continue
		}
		_, rest, _ = strings.Cut(rest, `le="`)
		bound, count, _ := strings.Cut(rest, `"} `)
		var b bucket
		if b.upTo, err = strconv.ParseFloat(bound, 64); err == nil {
			b.count, err = strconv.ParseFloat(count, 64)
		}
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", lines.Text(), err)
		}
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b bucket) int { return cmp.Compare(a.upTo, b.upTo) })
	return all, lines.Err()
}

// quantile goes straight from one bound to the next within a bucket.
func quantile(all []bucket, q float64) float64 {
	want := q * all[len(all)-1].count
	last := bucket{}
	for i, b := range all {
		if b.count >= want && b.count > last.count {
			if i == len(all)-1 {
				return last.upTo
			}
			return last.upTo + (b.upTo-last.upTo)*(want-last.count)/(b.count-last.count)
		}
		last = b
	}
	return last.upTo
}
