package fixload

import (
	"bufio"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// commits are the buckets of rialto_commit_seconds by node: how many commits
// took at most so many seconds.
type commits map[string]map[float64]float64

// scrape reads the nodes' histograms. A node that does not answer has none.
func scrape(ctx context.Context, o Options) commits {
	all := commits{}
	for _, url := range o.Metrics {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			continue
		}
		res, err := o.HTTP.Do(req)
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			node, le, count, ok := bucketOf(lines.Text())
			if !ok {
				continue
			}
			if all[node] == nil {
				all[node] = map[float64]float64{}
			}
			all[node][le] = count
		}
		_ = res.Body.Close()
	}
	return all
}

// bucketOf reads a line of the histogram: whose it is, its bound, how many are
// within.
func bucketOf(line string) (node string, le, count float64, ok bool) {
	rest, ok := strings.CutPrefix(line, "rialto_commit_seconds_bucket{")
	if !ok {
		return "", 0, 0, false
	}
	labels, value, _ := strings.Cut(rest, "} ")
	for label := range strings.SplitSeq(labels, ",") {
		name, quoted, _ := strings.Cut(label, "=")
		switch text := strings.Trim(quoted, `"`); name {
		case "node":
			node = text
		case "le":
			le, ok = number(text)
		}
	}
	count, counted := number(value)
	return node, le, count, ok && counted && node != ""
}

func number(text string) (float64, bool) {
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// since returns what was committed between two scrapes, for the nodes that
// committed anything.
func since(before, after commits) map[string]Latency {
	out := map[string]Latency{}
	for node, now := range after {
		bounds := slices.Sorted(maps.Keys(now))
		counts := make([]float64, len(bounds))
		for i, b := range bounds {
			counts[i] = now[b] - before[node][b]
		}
		if total := counts[len(counts)-1]; total > 0 {
			at := func(share float64) float64 { return 1000 * quantile(bounds, counts, share*total) }
			out[node] = Latency{Count: int64(total), P50: at(0.5), P99: at(0.99), P999: at(0.999), Max: at(1)}
		}
	}
	return out
}

// quantile returns the value below which so many lie, interpolated within its
// bucket. The last bound is infinite: there the one before it is the answer.
func quantile(bounds, counts []float64, rank float64) float64 {
	for i := range bounds {
		if counts[i] < rank {
			continue
		}
		low, under := 0.0, 0.0
		if i > 0 {
			low, under = bounds[i-1], counts[i-1]
		}
		if i == len(bounds)-1 || counts[i] == under {
			return low
		}
		return low + (bounds[i]-low)*(rank-under)/(counts[i]-under)
	}
	return bounds[len(bounds)-1]
}
