package node

import (
	"context"
	"errors"
	"testing"
)

// TestPartThatHangs shows that a part which never stops does not keep the
// node, and that one which stops late but within the grace is no error.
func TestPartThatHangs(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	hang := make(chan struct{})
	defer close(hang)
	if err := within(over, func(context.Context) error { <-hang; return nil }); !errors.Is(err, errSlow) {
		t.Errorf("a part that hangs: got %v, want %v", err, errSlow)
	}
	if err := within(over, func(context.Context) error { return nil }); err != nil {
		t.Errorf("a part that stops at once: %v", err)
	}
}
