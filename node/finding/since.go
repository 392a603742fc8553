package finding

import (
	"time"

	"github.com/rialto-exchange/rialto/gateways"
)

// Since remembers when each finding was first seen. The zero value is ready;
// it is for one goroutine.
type Since struct{ first map[about]time.Time }

// about is what makes two findings the same one, though their words change.
type about struct{ code, node, subject string }

// Stamp sets the instant since which each finding stands, and forgets those
// that do not stand any more.
func (s *Since) Stamp(findings []gateways.Finding, now time.Time) {
	seen := make(map[about]time.Time, len(findings))
	for i := range findings {
		f := &findings[i]
		key := about{f.Code, f.Node, f.About}
		at, old := s.first[key]
		if !old {
			at = now
		}
		seen[key] = at
		f.Since = at.UTC().Format("2006-01-02T15:04:05.000000000Z")
	}
	s.first = seen
}
