package wire_test

import (
	"math"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

const at = market.Nanos(1_795_255_200_123_456_789) // 2026-11-21T10:00:00.123456789Z

// A message is written with its length and checksum, and no value breaks out
// of its field.
func TestBuilder(t *testing.T) {
	var b wire.Builder
	b.Begin("FIX.4.4", "8", "RIALTO", "TRADER1", 7, at, 3)
	b.PossDup(at - 60_000_000_000)
	b.Text(37, "O1")
	b.Text(41, "")
	b.Char(54, '1')
	b.Decimal(44, 58533, 2)
	b.Int(1, -5)
	b.Uint(2, math.MaxUint64)
	b.Bool(3, false)
	b.Time(60, at)
	b.Text(58, "a\x0134=9")
	b.Bytes(4, []byte("b\x01"))
	b.Fields([]byte("448=x\x01"))
	want := whole("FIX.4.4", "35=8|34=7|49=RIALTO|52=20261121-10:00:00.123|56=TRADER1|43=Y|122=20261121-09:59:00.123|"+
		"37=O1|54=1|44=585.33|1=-5|2=18446744073709551615|3=N|60=20261121-10:00:00.123|58=a 34=9|4=b |448=x|")
	if got := string(b.Finish([]byte("before"))); got != "before"+want {
		t.Errorf("got  %q\nwant before%q", got, want)
	}
}

// Writing costs no allocation once the buffers have grown.
func TestBuilderAllocates(t *testing.T) {
	var b wire.Builder
	buf := make([]byte, 0, 512)
	n := testing.AllocsPerRun(100, func() {
		b.Begin("FIX.4.4", "8", "RIALTO", "TRADER1", 7, at, 9)
		b.Text(37, "O1")
		b.Decimal(44, 58533, 2)
		b.Time(60, at)
		buf = b.Finish(buf[:0])
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Times are read and written to the nanosecond; what is no time is refused.
func TestTime(t *testing.T) {
	for text, want := range map[string]string{
		"20261121-10:00:00":           "2026-11-21T10:00:00Z",
		"20261121-10:00:00.1":         "2026-11-21T10:00:00.1Z",
		"20261121-10:00:00.123":       "2026-11-21T10:00:00.123Z",
		"20261121-10:00:00.123456789": "2026-11-21T10:00:00.123456789Z",
		"20240229-23:59:59.999":       "2024-02-29T23:59:59.999Z",
		"20161231-23:59:60":           "2017-01-01T00:00:00Z",
		"20161231-23:59:60.5":         "2017-01-01T00:00:00Z",
		"19700101-00:00:00":           "1970-01-01T00:00:00Z",
		"22611231-23:59:59":           "2261-12-31T23:59:59Z",
		"19691231-23:59:59":           "", "22620101-00:00:00": "", "20250229-00:00:00": "", "20260431-00:00:00": "",
		"20261321-10:00:00": "", "20260021-10:00:00": "", "20261100-10:00:00": "", "20261121-24:00:00": "", "20261121-10:60:00": "",
		"20261121-10:00:61": "", "20261121 10:00:00": "", "20261121-10:00:00.": "", "20261121-10:00:00.1234567891": "",
		"20261121-10:00:00Z": "", "20261121-10:00": "", "20261121-1a:00:00": "", "": "", "20261121": "", "+0261121-10:00:00": "",
	} {
		got, ok := wire.ParseTime([]byte(text))
		if want == "" {
			if ok {
				t.Errorf("%q: taken as %d", text, got)
			}
			continue
		}
		if w, err := time.Parse(time.RFC3339Nano, want); err != nil || !ok || int64(got) != w.UnixNano() {
			t.Errorf("%q: got %d, %v; want %d", text, got, ok, w.UnixNano())
		}
	}
	for digits, want := range map[int]string{0: "20261121-10:00:00", 3: "20261121-10:00:00.123", 6: "20261121-10:00:00.123456", 9: "20261121-10:00:00.123456789"} {
		if got := string(wire.AppendTime(nil, at, digits)); got != want {
			t.Errorf("%d digits: got %q, want %q", digits, got, want)
		}
	}
}

// Whole numbers are digits and nothing else, up to 18 of them.
func TestNumbers(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "007": 7, "-5": -5, "999999999999999999": 999999999999999999} {
		if got, ok := wire.ParseInt([]byte(text)); !ok || got != want {
			t.Errorf("%q: got %d, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "-", "+1", "1.0", " 1", "1e3", "1000000000000000000", "--1"} {
		if got, ok := wire.ParseInt([]byte(text)); ok {
			t.Errorf("%q: got %d", text, got)
		}
	}
}
