package decode_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rialto-exchange/rialto/gateways/fix/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

var (
	inputs = flag.Int("inputs", 40_000, "how many messages TestCampaign sends through the door")
	seed   = flag.Uint64("seed", 1, "of TestCampaign's messages")
)

// framed puts version, length and checksum around the bytes of a body, which
// begins with its type.
func framed(p dictionary.Protocol, body []byte) []byte {
	raw := fmt.Appendf(nil, "8=%s\x019=%d\x01", p, len(body))
	raw = append(raw, body...)
	sum := 0
	for _, c := range raw {
		sum += int(c)
	}
	return fmt.Appendf(raw, "10=%03d\x01", sum%256)
}

// TestCampaign sends messages of every type through the door, bent in every
// way: fields left out, doubled, moved, with values from a list of nasty ones,
// tags from all tables, bytes changed before and after the checksum was
// computed. They arrive in a stream, in pieces. Nothing may panic, hold more
// than its bound, or break what door checks. It prints what became of them.
func TestCampaign(t *testing.T) {
	d := dictionaries(t)
	workers := runtime.GOMAXPROCS(0)
	results := make([]map[string]map[answer]int, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			b := bender{random: rand.New(rand.NewPCG(*seed, uint64(w))), usual: usual(), door: door{dictionary: d}, became: map[string]map[answer]int{}}
			results[w] = b.became
			for n := 0; n < *inputs/workers; {
				sent, err := b.stream()
				if err != nil {
					t.Errorf("seed %d: %v", *seed, err)
					return
				}
				n += sent
			}
		})
	}
	wait.Wait()
	report(t, results)
}

// report adds up what became of each type, and fails where an answer was never
// seen: then the campaign shows nothing.
func report(t *testing.T, results []map[string]map[answer]int) {
	t.Helper()
	sum, all, total := map[string]map[answer]int{}, map[answer]int{}, 0
	for _, r := range results {
		for kind, became := range r {
			if sum[kind] == nil {
				sum[kind] = map[answer]int{}
			}
			for a, n := range became {
				sum[kind][a] += n
				all[a] += n
				total += n
			}
		}
	}
	answers := []answer{taken, declined, business, rejected, garbled, hungUp}
	t.Logf("%d messages, seed %d", total, *seed)
	for _, kind := range slices.Sorted(maps.Keys(sum)) {
		var line strings.Builder
		for _, a := range answers {
			fmt.Fprintf(&line, "  %s %d", a, sum[kind][a])
		}
		t.Logf("35=%-3s%s", kind, line.String())
	}
	for _, a := range answers {
		if all[a] == 0 {
			t.Errorf("no message was %s", a)
		}
	}
}

// bender makes streams of bent messages.
type bender struct {
	random *rand.Rand
	usual  map[string][]string
	door   door
	became map[string]map[answer]int
}

// stream sends some messages through a reader, in pieces, and returns how many.
func (b *bender) stream() (int, error) {
	p, count := fix44, 1+b.random.IntN(8)
	if b.random.IntN(2) == 0 {
		p = sp2
	}
	var bytesSent []byte
	kinds := map[string]string{}
	for range count {
		kind, raw := b.message(p)
		kinds[string(raw)] = kind
		bytesSent = append(bytesSent, raw...)
	}
	r := wire.NewReader(&pieces{bytesSent, b.random}, wire.MaxMessage)
	for {
		raw, err := r.Next()
		if err != nil {
			var e *wire.Error
			if errors.As(err, &e) && e.Class == wire.Garbled {
				continue
			}
			return count, b.left(err)
		}
		if r.Buffered() > wire.MaxMessage {
			return count, fmt.Errorf("%d bytes are held", r.Buffered())
		}
		a, err := b.door.take(raw, p)
		if err != nil {
			return count, fmt.Errorf("%v %q: %w", p, raw, err)
		}
		kind := kinds[string(raw)]
		if kind == "" {
			kind = "cut"
		}
		b.count(kind, a)
	}
}

func (b *bender) left(err error) error {
	var e *wire.Error
	switch {
	case errors.As(err, &e):
		b.count("cut", hungUp)
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	}
	return nil
}

func (b *bender) count(kind string, a answer) {
	if b.became[kind] == nil {
		b.became[kind] = map[answer]int{}
	}
	b.became[kind][a]++
}

// message returns a bent message and the type of the one that it was.
func (b *bender) message(p dictionary.Protocol) (kind string, raw []byte) {
	bodies := seeds()[p]
	raw = build(p, bodies[b.random.IntN(len(bodies))])
	fields := bytes.Split(bytes.TrimSuffix(raw, []byte{1}), []byte{1})
	kind = string(fields[2][len("35="):])
	fields = fields[2 : len(fields)-1]
	for range [...]int{0, 1, 1, 1, 2, 4}[b.random.IntN(6)] {
		fields = b.bend(fields)
	}
	body := append(bytes.Join(fields, []byte{1}), 1)
	if b.random.IntN(20) == 0 {
		body = b.noise(body)
	}
	raw = framed(p, body)
	if b.random.IntN(20) == 0 {
		raw = b.noise(raw)
	}
	return kind, raw
}

// bend changes one field of a message, the type among them now and then.
func (b *bender) bend(fields [][]byte) [][]byte {
	if len(fields) < 2 {
		return fields
	}
	i := 1 + b.random.IntN(len(fields)-1)
	if b.random.IntN(100) == 0 {
		i = 0
	}
	tag, value, _ := bytes.Cut(fields[i], []byte("="))
	switch b.random.IntN(8) {
	case 0:
		return slices.Delete(fields, i, i+1)
	case 1:
		return slices.Insert(fields, i, fields[b.random.IntN(len(fields))])
	case 2:
		j := b.random.IntN(len(fields))
		fields[i], fields[j] = fields[j], fields[i]
	case 3:
		tag := strconv.Itoa(b.tag())
		return slices.Insert(fields, i, []byte(tag+"="+b.value(tag)))
	case 4:
		fields[i] = []byte(strconv.Itoa(b.tag()) + "=" + string(value))
	default:
		fields[i] = []byte(string(tag) + "=" + b.value(string(tag)))
	}
	return fields
}

// tag returns a tag of one of the tables, mostly one of those in use.
func (b *bender) tag() int {
	used := [...]int{1, 11, 37, 38, 40, 41, 44, 54, 55, 59, 60, 62, 99, 110, 111, 126, 152, 432, 448, 453, 526, 802, 1138, 25001, 7928, 34, 43, 97, 122, 212, 213, 90, 95, 96}
	if b.random.IntN(4) > 0 {
		return used[b.random.IntN(len(used))]
	}
	return b.random.IntN(1800) - 5
}

// usual are values that some tags have.
func usual() map[string][]string {
	prices := []string{"1", "0.5", "00100.250", "100000000", "0", "-1", "1.", "0.00000001"}
	return map[string][]string{
		"1": {"trader1", "other", "a b"}, "11": {"a", "a/b", "a b", "ä"}, "41": {"a", "b", "a/b"}, "55": {"BTC-USD", "BTC/USD", "X"}, "37": {"O0000000000007", "NONE"},
		"18": {"6", "R", "6 6", "G"}, "38": prices, "44": prices, "99": prices, "111": prices, "110": prices, "152": prices, "1138": prices,
		"40": {"1", "2", "3", "4", "K", "P"}, "54": {"1", "2", "5"}, "59": {"0", "1", "2", "3", "4", "6"}, "530": {"1", "7", "3"}, "585": {"1", "7"}, "559": {"0", "4"},
		"60": {now, "20261121-10:02:01", "20200101-00:00:00"}, "126": {"20270101-00:00:00"}, "432": {"20270101"}, "62": {"20261121-10:00:01"},
		"25001": {"1", "2", "5", "6"}, "7928": {"N", "D"}, "453": {"0", "1", "2"}, "448": {"X", strings.Repeat("x", 130)}, "263": {"0", "1", "2"}, "97": {"Y", "N"},
	}
}

// value returns one of the values that a tag has, or that programs stumble
// over.
func (b *bender) value(tag string) string {
	if list := b.usual[tag]; list != nil && b.random.IntN(2) == 0 {
		return list[b.random.IntN(len(list))]
	}
	list := [...]string{
		"", "0", "1", "2", "3", "5", "-1", "-", "6", "7", "K", "Y", "N", ".", "-.", "0.0", "1.", ".1", "00001.50", "+1", "1e9", "NaN", "Inf", "0x10", "1,5",
		"999999999", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "99999999999999999999999", "0.0000000000000000001",
		"0.000000000000000001", "20261121-10:00:00", "20270101", "20261121-23:59:60", "00000000-00:00:00", "99991231-23:59:59.999999999", "a b", "a/b", "ä", "\xff", "\x00", "\n", "|", "=", "8=FIX.4.4",
		"10=000", "O0000000000007", "OZZZZZZZZZZZZZ", "venue:fees", "6 6", "6  6", " ", strings.Repeat("9", 40), strings.Repeat("x", 65), strings.Repeat("y", 600),
	}
	return list[b.random.IntN(len(list))]
}

// noise changes some bytes.
func (b *bender) noise(raw []byte) []byte {
	for range 1 + b.random.IntN(3) {
		i := b.random.IntN(len(raw))
		switch b.random.IntN(4) {
		case 0:
			raw = slices.Delete(raw, i, i+1)
		case 1:
			raw = slices.Insert(raw, i, byte(b.random.IntN(256)))
		case 2:
			raw[i] = "0123456789=\x01-. "[b.random.IntN(15)]
		default:
			raw[i] ^= 1 << b.random.IntN(8)
		}
		if len(raw) == 0 {
			return []byte{1}
		}
	}
	return raw
}

// pieces gives a stream out in pieces of any size.
type pieces struct {
	left   []byte
	random *rand.Rand
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:1+p.random.IntN(len(b))], p.left)
	p.left = p.left[n:]
	return n, nil
}
