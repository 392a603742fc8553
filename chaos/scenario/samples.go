package scenario

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// sampleEvery is how often it is looked what the nodes hold.
const sampleEvery = 3 * time.Second

// sample writes down what each node's process holds until ctx ends.
func (w *run) sample(ctx context.Context) {
	first := map[string]history.Nanos{} // by process
	for ctx.Err() == nil {
		var all []history.Sample
		for _, n := range w.site.Nodes() {
			if s, ok := w.held(ctx, n); ok {
				process := fmt.Sprint(n.ID, n.PID())
				if _, seen := first[process]; !seen {
					first[process] = s.At
				}
				s.Since = first[process]
				all = append(all, s)
			}
		}
		if err := w.options.Folder.WriteSamples(all...); err != nil {
			w.options.Say("         %v", err) // too few samples are found by the check
		}
		sleep(ctx, sampleEvery)
	}
}

// held asks a node what it holds.
func (w *run) held(ctx context.Context, n *site.Node) (s history.Sample, ok bool) {
	if !n.Running() {
		return s, false
	}
	s = history.Sample{At: w.history.Now(), Node: n.ID, Faulty: w.faulty.Load()}
	asking, cancel := context.WithTimeout(ctx, sampleEvery)
	defer cancel()
	req, err := http.NewRequestWithContext(asking, http.MethodGet, n.URL()+"/metrics", nil)
	if err != nil {
		return s, false
	}
	res, err := w.site.Client.Do(req)
	if err != nil {
		return s, false
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	values := metrics(res.Body)
	s.Resident, s.Descriptors, s.Goroutines = values["process_resident_memory_bytes"], values["process_open_fds"], values["go_goroutines"]
	s.Sequence = values["rialto_venue_sequence"]
	if n.Data() != "" {
		s.Disk = taken(n.Data())
	}
	return s, s.Resident > 0 && s.Goroutines > 0
}

// metrics are the numbers of a page for Prometheus, without their labels.
func metrics(page io.Reader) map[string]uint64 {
	values := map[string]uint64{}
	for lines := bufio.NewScanner(page); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if number, err := strconv.ParseFloat(value, 64); ok && err == nil && number >= 0 && !strings.HasPrefix(name, "#") {
			name, _, _ = strings.Cut(name, "{")
			values[name] = uint64(number)
		}
	}
	return values
}

// taken is what the files below a folder take on the disk, in bytes.
func taken(dir string) (bytes uint64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // what went meanwhile takes nothing
		}
		if info, err := d.Info(); err == nil {
			if stat, ok := info.Sys().(*syscall.Stat_t); ok {
				const block = 512
				bytes += uint64(stat.Blocks) * block
			}
		}
		return nil
	})
	return bytes
}
