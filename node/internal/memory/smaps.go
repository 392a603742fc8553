// Package memory says what a process's memory is, part by part, and bounds
// what Go's runtime holds of it.
//
// What counts is how many pages of 4 KiB are resident: the kernel takes them
// back one by one when the process is killed, before it closes its sockets, and
// that long nobody sees that it is dead. Huge pages are taken back in a
// five-hundredth of the time and are counted apart.
package memory

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// The parts that the mappings of a process are divided into.
const (
	PartHeap    = "heap"    // of Go's runtime: objects, and what it has not given back
	PartState   = "state"   // the machine's tables, in memory that asks for huge pages
	PartRuntime = "runtime" // what else has no name: the runtime's own tables, thread stacks
	PartTables  = "tables"  // of the read models, mapped from their files
	PartRecent  = "recent"  // what the read models wrote last, mapped likewise
	PartLog     = "log"     // files of consensus that a library maps
	PartProgram = "program" // code and data of the executable
	PartOther   = "other"   // libraries, the kernel's own
)

// Parts lists them in the order in which they are shown.
func Parts() []string {
	return []string{PartHeap, PartState, PartRuntime, PartTables, PartRecent, PartLog, PartProgram, PartOther}
}

// Usage is what a part has resident, in bytes.
type Usage struct {
	Part string
	// Small is in pages of the common size, Huge in huge ones.
	Small, Huge uint64
}

// Places says where the files of a node lie, so that their mappings are known.
type Places struct{ Executable, Views, Log string }

// ErrUnknown: this system does not say what a process has resident.
var ErrUnknown = errors.New("resident memory is not known on this system")

// Resident reads what this process has resident, part by part, all of Parts in
// their order. It costs some milliseconds a gigabyte; ErrUnknown where there is
// no /proc/self/smaps.
func Resident(p Places) ([]Usage, error) {
	f, err := os.Open("/proc/self/smaps")
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrUnknown
	}
	if err != nil {
		return nil, fmt.Errorf("read resident memory: %w", err)
	}
	defer f.Close()
	return Parse(f, p, heapAddress())
}

// Total adds parts up.
func Total(parts []Usage) Usage {
	var sum Usage
	for _, u := range parts {
		sum.Small += u.Small
		sum.Huge += u.Huge
	}
	return sum
}

// heapAddress is that of something on Go's heap: its arenas lie together, far
// from where the kernel places mappings.
func heapAddress() uint64 {
	object := make([]byte, 64<<10) // too large for a stack
	return uint64(uintptr(unsafe.Pointer(&object[0])))
}

// mapping is an entry of smaps. Sizes are in bytes.
type mapping struct {
	start, end     uint64
	path           string
	resident, huge uint64
	constant       bool   // it can't be written to
	changed        uint64 // of a file's, what is not the file's any more
	asksHuge       bool   // MADV_HUGEPAGE
}

// Parse reads smaps as the kernel writes it: a line with range and path, lines
// of "Name: value kB", and VmFlags as the last. heap is an address on Go's heap.
func Parse(r io.Reader, p Places, heap uint64) ([]Usage, error) {
	sums := map[string]*Usage{}
	out := make([]Usage, 0, len(Parts()))
	for _, part := range Parts() {
		out = append(out, Usage{Part: part})
		sums[part] = &out[len(out)-1]
	}
	var m mapping
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		done, err := m.read(lines.Text())
		if err != nil {
			return nil, err
		}
		if done {
			u := sums[m.part(p, heap)]
			u.Small += m.resident - min(m.huge, m.resident)
			u.Huge += m.huge
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read resident memory: %w", err)
	}
	return out, nil
}

// read takes a line in, and reports whether it was the mapping's last.
func (m *mapping) read(line string) (last bool, err error) {
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return false, nil
	}
	name, isValue := strings.CutSuffix(fields[0], ":")
	if !isValue {
		return false, m.begin(fields)
	}
	switch name {
	case "VmFlags":
		m.asksHuge = slices.Contains(fields[1:], "hg")
		return true, nil
	case "Rss":
		m.resident, err = kilobytes(fields[1])
	case "Anonymous":
		m.changed, err = kilobytes(fields[1])
	case "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped":
		var n uint64
		n, err = kilobytes(fields[1])
		m.huge += n
	}
	return false, err
}

// begin takes the line in that a mapping begins with: range, rights, offset,
// device, inode, and a path that may hold spaces or not be there.
func (m *mapping) begin(fields []string) error {
	from, to, _ := strings.Cut(fields[0], "-")
	start, err := strconv.ParseUint(from, 16, 64)
	end, err2 := strconv.ParseUint(to, 16, 64)
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("read resident memory: range %q: %w", fields[0], err)
	}
	*m = mapping{start: start, end: end, constant: !strings.Contains(fields[1], "w")}
	if len(fields) > 5 {
		m.path = strings.Join(fields[5:], " ")
	}
	return nil
}

func kilobytes(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read resident memory: %q kB", text)
	}
	return n << 10, nil
}

// arenas is how many low bits the addresses of Go's heap differ in.
const arenas = 40

func (m *mapping) part(p Places, heap uint64) string {
	inside := func(dir string) bool { return dir != "" && strings.HasPrefix(m.path, dir+"/") }
	switch {
	case m.asksHuge:
		return PartState
	case m.path == "" && m.start>>arenas == heap>>arenas:
		return PartHeap
	case m.path == "" || strings.HasPrefix(m.path, "[anon"):
		return PartRuntime
	case m.path == p.Executable:
		return PartProgram
	case inside(p.Views) && strings.HasSuffix(m.path, ".sst"):
		return PartTables
	case inside(p.Views):
		return PartRecent
	case inside(p.Log):
		return PartLog
	}
	return PartOther
}
