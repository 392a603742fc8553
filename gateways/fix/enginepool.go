package fix

import (
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/quickfixgo/quickfix"
)

// enginePool keeps engines ready.
type enginePool struct {
	name  string
	log   *slog.Logger
	made  atomic.Uint64
	spare int

	mu      sync.Mutex
	free    map[string][]*engine // by BeginString, the oldest first
	count   map[string]int       // that there are, free or not
	want    map[string]int       // that there are to be
	all     []*engine
	stopped bool
}

// newEnginePool keeps so many engines of each version spare.
func newEnginePool(spare int, random io.Reader, log *slog.Logger) (*enginePool, error) {
	var name [8]byte
	if _, err := io.ReadFull(random, name[:]); err != nil {
		return nil, fmt.Errorf("name the sessions of this node: %w", err)
	}
	p := &enginePool{name: hex.EncodeToString(name[:]) + "-", log: log, spare: spare, free: map[string][]*engine{},
		count: map[string]int{}, want: map[string]int{}}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p, p.fill()
}

func beginStrings() []string {
	return []string{quickfix.BeginStringFIX44, quickfix.BeginStringFIXT11}
}

// fill makes engines until enough are spare.
func (p *enginePool) fill() error {
	for _, begin := range beginStrings() {
		for !p.stopped && len(p.free[begin]) < p.spare {
			if err := p.make(begin); err != nil {
				return err
			}
		}
	}
	return nil
}

// make starts one engine.
func (p *enginePool) make(begin string) error {
	e, err := newEngine(p, begin)
	if err != nil {
		return err
	}
	p.all = append(p.all, e)
	p.free[begin] = append(p.free[begin], e)
	p.count[begin]++
	return nil
}

// expect says how many sessions of each version the venue has: all of them may
// come to this node when another dies, and none is to wait for an engine then.
func (p *enginePool) expect(sessions map[string]int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, begin := range beginStrings() {
		p.want[begin] = min(sessions[begin], maxEngines) + p.spare
	}
}

// grow makes a few of the engines that are expected and missing.
func (p *enginePool) grow() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, begin := range beginStrings() {
		for n := 0; n < growBy && !p.stopped && p.count[begin] < p.want[begin]; n++ {
			if err := p.make(begin); err != nil {
				return err
			}
		}
	}
	return nil
}

// take returns the engine that has been free longest. One that is not warm yet
// makes its client wait.
func (p *enginePool) take(begin string) (*engine, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	free := p.free[begin]
	if p.stopped || len(free) == 0 {
		return nil, fmt.Errorf("no session of quickfixgo is free for %s", begin)
	}
	e := free[0]
	p.free[begin] = free[1:]
	return e, p.fill()
}

// release takes an engine back.
func (p *enginePool) release(e *engine) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopped {
		p.free[e.id.BeginString] = append([]*engine{e}, p.free[e.id.BeginString]...)
	}
}

// stop ends all engines. No connection is left by then.
func (p *enginePool) stop() {
	p.mu.Lock()
	p.stopped = true
	all := p.all
	p.all = nil
	p.mu.Unlock()
	var stopping sync.WaitGroup
	for _, e := range all {
		stopping.Go(e.stop)
	}
	stopping.Wait()
}
