package consensus

import (
	"runtime"

	"github.com/hashicorp/raft"
)

// promises are term and vote as the library gets them. It answers an error of
// theirs with a panic, once halt lets it go on: that would end the whole process
// of a program that closes the node. So the goroutine of the library that met the
// error ends instead, and what waits for it ends with the node.
type promises struct {
	raft.StableStore
	halt *halt
}

func (p promises) Set(key, value []byte) error {
	return p.orEnd(p.StableStore.Set(key, value))
}

func (p promises) SetUint64(key []byte, value uint64) error {
	return p.orEnd(p.StableStore.SetUint64(key, value))
}

// orEnd returns an error only to who is being opened.
func (p promises) orEnd(err error) error {
	if err != nil && p.halt.armed.Load() {
		runtime.Goexit()
	}
	return err
}
