package fixload

import (
	"bufio"
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
)

// commits are the buckets of rialto_commit_seconds by node: how many commits
// took at most so many seconds.
type commits map[string]map[float64]float64

var bucket = regexp.MustCompile(`^rialto_commit_seconds_bucket\{(?:[^}]*,)?le="([^"]+)"[^}]*\} ([0-9.e+]+)$`)
var nodeLabel = regexp.MustCompile(`node="([^"]+)"`)

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
			m := bucket.FindStringSubmatch(lines.Text())
			n := nodeLabel.FindStringSubmatch(lines.Text())
			if m == nil || n == nil {
				continue
			}
			le, err1 := strconv.ParseFloat(m[1], 64)
			count, err2 := strconv.ParseFloat(m[2], 64)
			if err1 != nil || err2 != nil {
				continue
			}
			if all[n[1]] == nil {
				all[n[1]] = map[float64]float64{}
			}
			all[n[1]][le] = count
		}
		_ = res.Body.Close()
	}
	return all
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
