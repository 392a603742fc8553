package shell_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// TestProgress shows that long work says on a terminal how far it is and how long
// it will take yet, by itself where it only lasts, and nothing in a pipe; the bar is
// gone at the end.
func TestProgress(t *testing.T) {
	for _, c := range []struct {
		name string
		work func(*shell.Shell) shell.Progress
		want []string
	}{
		{"counted", func(s *shell.Shell) shell.Progress {
			p := s.Progress(100, "replay")
			time.Sleep(time.Second)
			p.At(25)
			return p
		}, []string{"replay", "25%", "25/100", "[1s:3s]"}},
		{"lasting", func(s *shell.Shell) shell.Progress {
			p := s.Lasting(10*time.Second, "bench")
			time.Sleep(5100 * time.Millisecond)
			return p
		}, []string{"bench", "50%", ":5s]"}},
		{"nobody knows how long", func(s *shell.Shell) shell.Progress {
			p := s.Lasting(0, "snapshot")
			time.Sleep(3100 * time.Millisecond)
			return p
		}, []string{"snapshot", "[3s]"}},
		{"bytes", func(s *shell.Shell) shell.Progress {
			p := s.Bytes("backup")
			time.Sleep(time.Second)
			p.Add(3 << 20)
			time.Sleep(time.Second) // until it is drawn again
			return p
		}, []string{"backup", "MB"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var screen, pipe bytes.Buffer
				p := c.work(&shell.Shell{Err: &screen, ErrTerminal: true})
				p.Done()
				got := screen.String()
				for _, want := range c.want {
					if !strings.Contains(got, want) {
						t.Errorf("%q is not in %q", want, got)
					}
				}
				c.work(&shell.Shell{Err: &pipe}).Done()
				if pipe.Len() > 0 {
					t.Errorf("in a pipe there is %q", pipe.String())
				}
			})
		})
	}
}
