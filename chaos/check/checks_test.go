package check_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/chaos/check"
)

// TestChecksAreListed shows that each check has a name of its own and says what
// it is about.
func TestChecksAreListed(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range check.All() {
		if c.Name == "" || c.Doc == "" || c.Run == nil || seen[c.Name] {
			t.Errorf("check %+v", c)
		}
		seen[c.Name] = true
		if _, ok := check.Find(c.Name); !ok {
			t.Errorf("%s is not found", c.Name)
		}
	}
}
