package lobster_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/lobster"
)

// TestRead shows that every kind of line is read exactly, the time to the
// nanosecond.
func TestRead(t *testing.T) {
	const file = "34200.004241176,1,16113575,18,5853300,1\r\n" +
		"\n" +
		"34200.1,4,16113575,5,5853300,-1\n" +
		"34201,5,0,100,5853400,1\n" +
		"34202.000000001,7,0,0,-1,-1\n"
	got, err := lobster.Read(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	const second = time.Second
	want := []lobster.Message{
		{Line: 1, Time: 34200*second + 4241176, Kind: lobster.Add, Order: 16113575, Size: 18, Price: 5853300, Buy: true},
		{Line: 3, Time: 34200*second + 100_000_000, Kind: lobster.Execution, Order: 16113575, Size: 5, Price: 5853300},
		{Line: 4, Time: 34201 * second, Kind: lobster.HiddenExecution, Size: 100, Price: 5853400, Buy: true},
		{Line: 5, Time: 34202*second + 1, Kind: lobster.Halt, Price: -1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// TestReadMalformed shows that what is no message is refused with its line.
func TestReadMalformed(t *testing.T) {
	const good = "34200.0,1,1,1,100,1\n"
	for name, line := range map[string]string{
		"too few fields": "34200.0,1,1,1,100",
		"letters":        "34200.0,1,x,1,100,1",
		"a fraction":     "34200.0,1,1,1.5,100,1",
		"unknown type":   "34200.0,8,1,1,100,1",
		"type zero":      "34200.0,0,1,1,100,1",
		"no size":        "34200.0,1,1,0,100,1",
		"no price":       "34200.0,3,1,1,0,1",
		"no side":        "34200.0,4,1,1,100,0",
		"no time":        ",1,1,1,100,1",
		"negative time":  "-5,1,1,1,100,1",
		"endless line":   strings.Repeat("1", 5000),
	} {
		_, err := lobster.Read(strings.NewReader(good + line + "\n"))
		if err == nil || !strings.HasPrefix(err.Error(), "line 2: ") {
			t.Errorf("%s: error %v, want one of line 2", name, err)
		}
		if name != "endless line" && !errors.Is(err, lobster.ErrMalformed) {
			t.Errorf("%s: error %v, want ErrMalformed", name, err)
		}
	}
}

// TestReadRealFile shows that a whole real file is read.
func TestReadRealFile(t *testing.T) {
	path := os.Getenv("RIALTO_LOBSTER_FILE")
	if path == "" {
		t.Skip("set RIALTO_LOBSTER_FILE to a LOBSTER message file to run this")
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	messages, err := lobster.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(messages); i++ {
		if messages[i].Time < messages[i-1].Time {
			t.Fatalf("line %d is earlier than the one before", messages[i].Line)
		}
	}
	if len(messages) == 0 {
		t.Error("no messages")
	}
}
