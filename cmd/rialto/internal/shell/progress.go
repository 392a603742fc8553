package shell

import (
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress shows how far long work has come, and how long it will take yet; on a
// terminal only. The zero value shows nothing.
type Progress struct {
	bar  *progressbar.ProgressBar
	stop func() // of what moves it; may be nil
}

// Progress begins work of total steps.
func (s *Shell) Progress(total int, what string) Progress {
	return s.progress(int64(total), what, progressbar.OptionShowCount(), progressbar.OptionShowIts())
}

// Bytes begins work of which only the bytes that were done can be told.
func (s *Shell) Bytes(what string) Progress {
	return s.progress(-1, what, progressbar.OptionShowBytes(true), progressbar.OptionShowCount(), progressbar.OptionSetElapsedTime(true))
}

// tick is how often a bar moves that moves by itself.
const tick = 200 * time.Millisecond

// Lasting begins work that lasts about so long; 0: nobody knows, and it is only
// shown that it goes on. What takes longer stays at the end.
func (s *Shell) Lasting(d time.Duration, what string) Progress {
	total := int64(-1)
	if d > 0 {
		total = max(1, d.Milliseconds())
	}
	p := s.progress(total, what, progressbar.OptionSetElapsedTime(true))
	if p.bar == nil {
		return p
	}
	over, moving := make(chan struct{}), sync.WaitGroup{}
	moving.Go(func() {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for begun := time.Now(); ; {
			select {
			case <-over:
				return
			case <-ticker.C:
			}
			if total < 0 {
				p.Add(1)
			} else {
				p.At(int(min(total-1, time.Since(begun).Milliseconds())))
			}
		}
	})
	p.stop = func() { close(over); moving.Wait() }
	return p
}

func (s *Shell) progress(total int64, what string, options ...progressbar.Option) Progress {
	if !s.ErrTerminal {
		return Progress{}
	}
	bar := progressbar.NewOptions64(total, append(options,
		progressbar.OptionSetWriter(s.Err), progressbar.OptionSetDescription(what),
		progressbar.OptionSetPredictTime(true), progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(tick/2), progressbar.OptionClearOnFinish())...)
	_ = bar.RenderBlank() // from now on it counts the time
	return Progress{bar: bar}
}

// Add reports n more steps done.
func (p Progress) Add(n int) {
	if p.bar != nil {
		_ = p.bar.Add(n) // a bar that cannot be drawn must not fail the work
	}
}

// At reports that so many steps are done in all.
func (p Progress) At(n int) {
	if p.bar != nil {
		_ = p.bar.Set(n)
	}
}

// Of says that there are so many steps in all.
func (p Progress) Of(total int) {
	if p.bar != nil {
		p.bar.ChangeMax(total)
	}
}

// Done ends the work and takes the bar away.
func (p Progress) Done() {
	if p.stop != nil {
		p.stop()
	}
	if p.bar != nil {
		_ = p.bar.Finish()
		_ = p.bar.Clear()
	}
}
