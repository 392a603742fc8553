package logstore_test

import (
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// hanging is a store whose writes return when they are let go.
type hanging struct {
	raft.LogStore
	release chan struct{}
}

func (h hanging) StoreLogs([]*raft.Log) error {
	<-h.release
	return nil
}

// TestWatch shows that a write is late when it is past the limit, not before;
// that the word is taken back when the last such write has returned; and that
// a write which fails late is late all the same.
func TestWatch(t *testing.T) {
	const limit = 600 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		var told []string
		begin := time.Now()
		w := logstore.NewWatch(limit, func(late bool) {
			told = append(told, fmt.Sprintf("%v %v", time.Since(begin), late))
		})
		store := hanging{LogStore: raft.NewInmemStore(), release: make(chan struct{})}
		log := logstore.NewWatched(store, w)
		write := func() {
			if err := log.StoreLog(&raft.Log{Index: 1}); err != nil {
				t.Error(err)
			}
		}

		go write()
		time.Sleep(limit - time.Nanosecond)
		store.release <- struct{}{}
		synctest.Wait()
		if told != nil {
			t.Fatalf("a write at the limit: %v", told)
		}

		begin = time.Now()
		go write()
		time.Sleep(limit / 2)
		go write()
		time.Sleep(limit)
		synctest.Wait()
		if got := w.Stalled(); got != limit+limit/2 {
			t.Errorf("stalled for %v, want %v", got, limit+limit/2)
		}
		store.release <- struct{}{}
		time.Sleep(limit)
		store.release <- struct{}{}
		synctest.Wait()
		if want := []string{"600ms true", "1.5s false"}; !reflect.DeepEqual(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
		if got := w.Stalled(); got != 0 {
			t.Errorf("stalled for %v when all is back", got)
		}
	})
}

// TestNoWatch shows that a store without a watch works.
func TestNoWatch(t *testing.T) {
	log := logstore.NewWatched(raft.NewInmemStore(), nil)
	if err := log.StoreLog(&raft.Log{Index: 1}); err != nil {
		t.Error(err)
	}
}
