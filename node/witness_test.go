package node

import (
	"fmt"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/node/internal/hugepages"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// entriesAt makes a log of so many entries at a feature level, with holes where
// Raft has entries of its own.
func entriesAt(t testing.TB, level uint16, count int) []cluster.Entry {
	t.Helper()
	history := uint64(0)
	s := &sealer{
		cluster: clusterNumber("c"), newHistory: 7,
		history: func() uint64 { return history }, level: func() uint16 { return level },
	}
	entries := make([]cluster.Entry, count)
	for i := range entries {
		data, err := s.Seal(nil, int64(i+1), [][]byte{s.TermStart(cluster.Term(1+i/4), "n1")})
		if err != nil {
			t.Fatal(err)
		}
		entries[i] = cluster.Entry{Index: cluster.Index(2 + 3*i), Term: cluster.Term(1 + i/4), Data: data}
		history = 7
	}
	return entries
}

// TestWitnessed shows what a node vouches for after a restart: exactly what it
// had applied, by the bytes, at both feature levels; not the end of the log,
// no entry with another byte, term or index, and nothing after one.
func TestWitnessed(t *testing.T) {
	for level := uint16(fsm.LevelFirst); level <= fsm.FeatureLevel; level++ {
		t.Run(fmt.Sprint("level ", level), func(t *testing.T) {
			j, err := journal.Open(journal.Options{Dir: t.TempDir(), SegmentBytes: 1000})
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			options := fsm.Options{Cluster: clusterNumber("c")}
			all := entriesAt(t, level, 50)
			newReplica(options, hugepages.New, j, newAuthority(nil)).Apply(all[:40])

			again := newReplica(options, hugepages.New, j, newAuthority(nil))
			if n, err := again.Witnessed(all); n != 40 || err != nil {
				t.Errorf("vouches for %d, %v; want 40", n, err)
			}
			for name, spoil := range map[string]func(*cluster.Entry){
				"byte":  func(e *cluster.Entry) { e.Data = append([]byte(nil), e.Data...); e.Data[20] ^= 1 },
				"term":  func(e *cluster.Entry) { e.Term++ },
				"index": func(e *cluster.Entry) { e.Index++ },
			} {
				bad := append([]cluster.Entry(nil), all...)
				spoil(&bad[10])
				if n, err := again.Witnessed(bad); n != 10 || err != nil {
					t.Errorf("another %s: vouches for %d, %v; want 10", name, n, err)
				}
			}
			again.Apply(all[:15])
			if n, err := again.Witnessed(all[15:]); n != 25 || err != nil {
				t.Errorf("after 15: vouches for %d, %v; want 25", n, err)
			}
		})
	}
}

// BenchmarkReplay reports what an entry with one command costs a restart that
// its journal vouches for: proven, applied, and its block compared.
func BenchmarkReplay(b *testing.B) {
	j, err := journal.Open(journal.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	const count, batch = 6400, 64
	options := fsm.Options{Cluster: clusterNumber("c")}
	all := entriesAt(b, fsm.FeatureLevel, count)
	newReplica(options, hugepages.New, j, newAuthority(nil)).Apply(all)
	for b.Loop() {
		r := newReplica(options, hugepages.New, j, newAuthority(nil))
		for at := 0; at < count; at += batch {
			if n, err := r.Witnessed(all[at : at+batch]); n != batch || err != nil {
				b.Fatal(n, err)
			}
			r.Apply(all[at : at+batch])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/entry")
}
