package scenario

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// convergePatience bounds the wait for all nodes to be at the same sequence.
const convergePatience = 60 * time.Second

// exportPage is how many events are asked for at once.
const exportPage = 1000

// settle waits until every node is at the same sequence, and notes it.
func (w *run) settle(ctx context.Context) error {
	var why error
	err := w.until(ctx, convergePatience, "all nodes are at the same sequence", func() bool {
		why = w.same(ctx)
		return why == nil
	})
	return errors.Join(err, why)
}

func (w *run) same(ctx context.Context) error {
	var first uint64
	for i := range w.site.Size() {
		if !w.site.Running(i) {
			return fmt.Errorf("%s does not run", w.site.ID(i))
		}
		t, err := w.site.Twin(ctx, i)
		if err != nil {
			return err
		}
		for _, n := range t.Nodes {
			if first == 0 {
				first = n.Sequence
			}
			if n.Sequence != first {
				return fmt.Errorf("%s is at sequence %d, another node at %d", n.ID, n.Sequence, first)
			}
		}
	}
	w.last = first
	return nil
}

// export writes down what each node holds, as far as the sequence that all came
// to (a leader may change at any time, and that is an event), and says of itself.
// A node that does not answer is left out, and is an error.
func export(ctx context.Context, s *site.Site, to history.Folder, last uint64) error {
	status := map[string]json.RawMessage{}
	var errs []error
	for i := range s.Size() {
		id := s.ID(i)
		var twin json.RawMessage
		if err := s.Get(ctx, i, "/v1/cluster", &twin); err != nil {
			errs = append(errs, fmt.Errorf("status of %s: %w", id, err))
			continue
		}
		status[id] = twin
		if err := exportEvents(ctx, s, i, to.Events(id), last); err != nil {
			errs = append(errs, fmt.Errorf("events of %s: %w", id, err))
		}
	}
	all, err := json.Marshal(status)
	if err == nil {
		err = os.WriteFile(to.Status(), all, 0o644)
	}
	return errors.Join(append(errs, err)...)
}

// exportEvents writes a node's events from the first to the last, an event a
// line, as the node gave them; last 0 is all there are.
func exportEvents(ctx context.Context, s *site.Site, node int, path string, last uint64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	for after := uint64(0); ; {
		most := uint64(exportPage)
		if last > 0 {
			most = min(most, last-after)
		}
		n, to, err := onePage(ctx, s, node, after, most, out)
		if err != nil {
			return errors.Join(err, f.Close())
		}
		after = to
		if n < exportPage || after == last {
			return errors.Join(out.Flush(), f.Close())
		}
	}
}

func onePage(ctx context.Context, s *site.Site, node int, after, most uint64, out io.Writer) (n int, last uint64, err error) {
	var page struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := s.Get(ctx, node, fmt.Sprintf("/v1/queries/events?after=%d&limit=%d", after, most), &page); err != nil {
		return 0, 0, err
	}
	var event struct {
		Sequence uint64 `json:"sequence"`
	}
	for _, item := range page.Items {
		if bytes.IndexByte(item, '\n') >= 0 {
			return 0, 0, fmt.Errorf("event after %d has a line feed in it", after)
		}
		if _, err := out.Write(append(item, '\n')); err != nil {
			return 0, 0, err
		}
	}
	if len(page.Items) == 0 {
		return 0, after, nil
	}
	err = json.Unmarshal(page.Items[len(page.Items)-1], &event)
	return len(page.Items), event.Sequence, err
}

// logs copies what the nodes' processes printed.
func (w *run) logs() error {
	if w.options.Staging != nil {
		return nil
	}
	var errs []error
	for _, n := range w.site.Nodes() {
		errs = append(errs, copyFile(n.LogFile(), w.options.Folder.Log(n.ID)))
	}
	return errors.Join(errs...)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
