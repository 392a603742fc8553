package fixtraffic_test

import (
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/fixtraffic"
)

// TestBook shows what a connection alone can show to be wrong: PossDupFlag
// where it need not be, none where it must be, and times that do not fit.
func TestBook(t *testing.T) {
	const logon = "35=A|34=5|52=20260523-10:00:00.000|"
	for _, c := range []struct{ name, came, fault string }{
		{"live", "35=8|34=6|17=h-1|150=0|", ""},
		{"missed and sent again", "35=8|34=3|43=Y|122=20260523-09:00:00.000|52=20260523-10:00:00.000|17=h-1|150=0|", ""},
		{"missed and not marked", "35=8|34=3|17=h-1|150=0|", "no PossDupFlag"},
		{"new and marked", "35=8|34=6|43=Y|122=20260523-09:00:00.000|52=20260523-10:00:00.000|17=h-1|150=0|", "never sent"},
		{"first sent after it was sent again", "35=8|34=3|43=Y|122=20260523-11:00:00.000|52=20260523-10:00:00.000|17=h-1|150=0|", "was sent at"},
		{"refused", "35=3|34=6|45=2|58=why|", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := fixtraffic.NewBook()
			b.Connected("")
			for _, m := range []string{logon, c.came} {
				b.Came([]byte(strings.ReplaceAll(m, "|", "\x01")))
			}
			got := strings.Join(b.Summary().Faults, "; ")
			if (got == "") != (c.fault == "") || !strings.Contains(got, c.fault) {
				t.Errorf("faults %q, want %q", got, c.fault)
			}
		})
	}
}

// TestBookCountsOnce shows that a report counts when its number is due, and
// not when it came early or comes again.
func TestBookCountsOnce(t *testing.T) {
	b := fixtraffic.NewBook()
	b.Connected("")
	for _, m := range []string{
		"35=A|34=1|", "35=8|34=2|17=h-7|11=a|150=0|",
		"35=8|34=4|17=h-9|11=c|150=0|", // early: 3 is missing
		"35=8|34=3|43=Y|122=1|52=2|17=h-8|11=b|150=0|", "35=8|34=4|43=Y|122=1|52=2|17=h-9|11=c|150=0|",
		"35=8|34=2|43=Y|122=1|52=2|17=h-7|11=a|150=0|", // again
		"35=4|34=5|123=Y|36=8|", "35=8|34=8|17=h-12|11=d|150=F|",
	} {
		b.Came([]byte(strings.ReplaceAll(m, "|", "\x01")))
	}
	s := b.Summary()
	var got []uint64
	for _, r := range s.All {
		got = append(got, r.Sequence)
	}
	if len(got) != 4 || got[0] != 7 || got[1] != 8 || got[2] != 9 || got[3] != 12 || s.Twice != 1 || s.Resent != 2 || len(s.Faults) != 0 {
		t.Errorf("reports of %v, %+v", got, s)
	}
}
