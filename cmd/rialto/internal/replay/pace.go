package replay

import (
	"context"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/lobster"
)

// pace keeps the recorded time between messages, times a factor.
type pace struct {
	speed float64 // 0 = no pace at all
	start time.Time
	first time.Duration
}

func newPace(speed float64, messages []lobster.Message) pace {
	p := pace{speed: speed, start: time.Now()}
	if len(messages) > 0 {
		p.first = messages[0].Time
	}
	return p
}

func (p pace) at(m lobster.Message) time.Time {
	return p.start.Add(time.Duration(float64(m.Time-p.first) / p.speed))
}

// due reports whether a message's time has come.
func (p pace) due(m lobster.Message) bool { return p.speed == 0 || !time.Now().Before(p.at(m)) }

// wait waits for a message's time and returns how long it did.
func (p pace) wait(ctx context.Context, m lobster.Message) (time.Duration, error) {
	if p.due(m) {
		return 0, ctx.Err()
	}
	begin := time.Now()
	t := time.NewTimer(p.at(m).Sub(begin))
	defer t.Stop()
	select {
	case <-t.C:
		return time.Since(begin), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
