package shell

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress shows how far long work has come; on a terminal only.
type Progress struct{ bar *progressbar.ProgressBar }

// Progress begins work of total steps.
func (s *Shell) Progress(total int, what string) Progress {
	if !s.ErrTerminal {
		return Progress{}
	}
	return Progress{progressbar.NewOptions(total,
		progressbar.OptionSetWriter(s.Err), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(),
		progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish())}
}

// Add reports n more steps done.
func (p Progress) Add(n int) {
	if p.bar != nil {
		_ = p.bar.Add(n) // a bar that cannot be drawn must not fail the work
	}
}

// Done ends the work.
func (p Progress) Done() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
