package cli_test

import (
	"bytes"
	"context"
	"testing"
)

// watched is a terminal that ends the program after some screens.
type watched struct {
	text   bytes.Buffer
	enough func() bool
	end    func()
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.text.Write(b)
	if w.enough() {
		w.end()
	}
	return n, err
}

func contextWithCancel(t *testing.T) (context.Context, func()) {
	t.Helper()
	return context.WithCancel(t.Context())
}
