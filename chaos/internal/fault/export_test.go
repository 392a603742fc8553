package fault

import "github.com/rialto-exchange/rialto/chaos/internal/undo"

// Limit and Move are what is done to processes.
func Limit(t undo.Thing, what int, to uint64) (back func() error, err error) {
	return process{t}.limit(what, to)
}

// Move is described with Limit.
func Move(t undo.Thing, group string) error { return process{t}.move(group) }
