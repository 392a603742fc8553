package memory_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/node/internal/memory"
)

// What a process has resident is divided into its parts, and the parts grow
// with what is allocated.
func TestResident(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says it")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	places := memory.Places{Executable: program}
	before, err := memory.Resident(places)
	if err != nil {
		t.Fatal(err)
	}
	held := make([]byte, 64<<20)
	for i := 0; i < len(held); i += 4096 {
		held[i] = 1
	}
	after, err := memory.Resident(places)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range memory.Parts() {
		if after[i].Part != part {
			t.Fatalf("part %d is %s, want %s", i, after[i].Part, part)
		}
		grown := int64(after[i].Small+after[i].Huge) - int64(before[i].Small+before[i].Huge)
		if wants := part == memory.PartHeap; wants != (grown > 60<<20) {
			t.Errorf("%s grew by %d with 64 MiB of heap", part, grown)
		}
		if part == memory.PartProgram && after[i].Small < 1<<20 {
			t.Errorf("a program of %d bytes", after[i].Small)
		}
	}
	runtime.KeepAlive(held)
}

// Each mapping belongs to the part that its path, its place and what it asked
// for say; huge pages are counted apart.
func TestParse(t *testing.T) {
	entry := func(from, path string, resident, huge int, flags string) string {
		return fmt.Sprintf("%s-ffffffffffff rw-p 00000000 fe:00 12   %s\nSize:   999999 kB\nRss:   %d kB\nPss: 1 kB\nAnonHugePages:   %d kB\nFilePmdMapped: 0 kB\nTHPeligible:    0\nVmFlags: rd wr %s\n",
			from, path, resident, huge, flags)
	}
	text := entry("00400000", "/usr/bin/rialto", 7, 0, "ex") +
		entry("c000000000", "", 100, 0, "mr") +
		entry("c004000000", "", 10, 0, "mr") +
		entry("7f0000000000", "", 20, 0, "mr") +
		entry("7f0000200000", "", 4099, 4096, "mr hg") +
		entry("7f0000300000", "/data/n 1/views/orders/badger/000001.sst", 30, 0, "sh") +
		entry("7f0000400000", "/data/n 1/views/orders/badger/00002.mem", 40, 0, "sh") +
		entry("7f0000500000", "/data/n 1/raft/log.wal/wal-meta.db", 50, 0, "sh") +
		entry("7ffc00000000", "[stack]", 60, 0, "gd")
	places := memory.Places{Executable: "/usr/bin/rialto", Views: "/data/n 1/views", Log: "/data/n 1/raft"}
	got, err := memory.Parse(strings.NewReader(text), places, 0xc000123456)
	want := []memory.Usage{
		{memory.PartHeap, 110 << 10, 0}, {memory.PartState, 3 << 10, 4 << 20}, {memory.PartRuntime, 20 << 10, 0},
		{memory.PartTables, 30 << 10, 0}, {memory.PartRecent, 40 << 10, 0}, {memory.PartLog, 50 << 10, 0},
		{memory.PartProgram, 7 << 10, 0}, {memory.PartOther, 60 << 10, 0},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v\nwant %v", got, err, want)
	}
	if sum := memory.Total(got); sum.Small != 320<<10 || sum.Huge != 4<<20 {
		t.Errorf("in all %+v", sum)
	}
	for _, bad := range []string{"zz-7f rw-p 0 0 0\n", "7f-80 rw-p 0 0 0\nRss: many kB\n"} {
		if _, err := memory.Parse(strings.NewReader(bad), places, 0); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// What the program needed to start is given back, and what it needs it has.
func TestGiveBackProgram(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says it")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	resident := func() uint64 {
		parts, err := memory.Resident(memory.Places{Executable: program})
		if err != nil {
			t.Fatal(err)
		}
		return parts[slices.Index(memory.Parts(), memory.PartProgram)].Small
	}
	before := resident()
	if err := memory.GiveBackProgram(program); err != nil {
		t.Fatal(err)
	}
	if after := resident(); after >= before {
		t.Errorf("%d KiB of the program resident, %d after giving back", before>>10, after>>10)
	}
}
