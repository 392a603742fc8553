package rest

import "sync"

// shares bounds what each caller has in hand of something that a node has a
// bounded number of: of waits, or of connections at work.
type shares struct {
	most int // in hand of one caller

	mu   sync.Mutex
	held map[string]int // by caller; only those who have some
}

func newShares(most int) *shares { return &shares{most: most, held: map[string]int{}} }

// enter takes one for a caller and reports whether there was one left for it;
// leave must follow then.
func (s *shares) enter(who string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[who] >= s.most {
		return false
	}
	s.held[who]++
	return true
}

func (s *shares) leave(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[who]--; s.held[who] == 0 {
		delete(s.held, who)
	}
}
