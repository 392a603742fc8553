package marketdata

import (
	"context"
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/event"
)

// lines finds or begins the tapes of a request, and gives it a line on each.
func (f *feed) lines(ctx context.Context, a ask, pin event.Pin) ([]*line, error) {
	for _, s := range a.query.symbols {
		if _, err := f.reads.Instrument(pin, s); err != nil {
			return nil, fmt.Errorf("symbol %s: %w", s, err)
		}
	}
	var lines []*line
	for _, s := range a.query.symbols {
		l, err := f.line(ctx, pin, a, key{instrument: s, depth: a.query.depth, dialect: a.clerk.dialect})
		if err != nil {
			for _, l := range lines {
				f.leave(l)
			}
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

func (f *feed) line(ctx context.Context, pin event.Pin, a ask, k key) (*line, error) {
	l := &line{subscription: a.query.subscription, clerk: a.clerk}
	if f.join(l, k, nil) {
		return l, nil
	}
	book, last, err := f.look(ctx, pin, k.instrument, k.depth)
	if err != nil {
		return nil, err
	}
	f.join(l, k, newTape(k, pin.Sequence, book, last))
	return l, nil
}

// join puts a line on the tape that there is, or on the one that it brings.
func (f *feed) join(l *line, k key, brought *tape) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tapes[k.instrument][k]
	if t == nil {
		if t = brought; t == nil {
			return false
		}
		if f.tapes[k.instrument] == nil {
			f.tapes[k.instrument] = map[key]*tape{}
		}
		f.tapes[k.instrument][k] = t
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	l.tape, l.over = t, false
	t.lines[l] = struct{}{}
	return true
}

// leave takes a line off its tape, and a tape that nobody is on away.
func (f *feed) leave(l *line) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := l.tape
	t.mu.Lock()
	defer t.mu.Unlock()
	l.over = true
	delete(t.lines, l)
	if len(t.lines) > 0 || f.tapes[t.key.instrument][t.key] != t {
		return
	}
	delete(f.tapes[t.key.instrument], t.key)
	if len(f.tapes[t.key.instrument]) == 0 {
		delete(f.tapes, t.key.instrument)
	}
}

// begin has the line's first snapshot sent.
func (l *line) begin() {
	l.tape.mu.Lock()
	defer l.tape.mu.Unlock()
	l.rouse()
}
