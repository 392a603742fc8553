package chaos_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/definitions"
)

// attack is something that is done to the FIX port.
type attack struct {
	name string
	do   func(t *testing.T, address string)
}

// attacks lists them; a new one is a function and a row.
func attacks() []attack {
	return []attack{
		{"killers before logon", killersBefore},
		{"killers after logon", killersAfter},
		{"200 MB without a logon", floodBefore},
		{"200 MB after logon", floodAfter},
		{"messages that are almost right", almost},
		{"half a logon, and silence", halfOpen},
		{"1,000 connections", thousand},
		{"wrong passwords", wrongPasswords},
		{"who asks and does not read", notReading},
	}
}

// hostile is a connection by hand.
type hostile struct {
	net.Conn
	read *bufio.Reader
	next int
	comp string
}

func dialHostile(t *testing.T, address, comp string) *hostile {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &hostile{conn, bufio.NewReader(conn), 1, comp}
}

// say completes a message with its header and sends it. Errors are the other
// end's hanging up, which is what a hostile client gets.
func (h *hostile) say(kind, body string) error {
	_, err := h.Write(h.message(kind, body))
	return err
}

func (h *hostile) message(kind, body string) []byte {
	text := fmt.Sprintf("8=FIX.4.4|35=%s|34=%d|49=%s|52=<TIME>|56=RIALTO|%s", kind, h.next, h.comp, body)
	h.next++
	return definitions.ParseMessage(strings.ReplaceAll(text, "|", "\x01")).Bytes(time.Now())
}

// logon logs on with the session's numbers begun anew.
func (h *hostile) logon(t *testing.T) {
	t.Helper()
	if err := h.say("A", "98=0|108=30|141=Y|553="+h.comp+"|554=rialto|"); err != nil {
		t.Fatal(err)
	}
	_ = h.SetReadDeadline(time.Now().Add(30 * time.Second))
	m, err := definitions.ReadMessage(h.read)
	if kind, _ := m.Get("35"); err != nil || kind != "A" {
		t.Fatalf("logon answered with %v, %v", m, err)
	}
}

// logsOn dials and logs on with the session's numbers begun anew. The connection
// before was torn down in the midst of its messages, and its end may still hang
// up on whoever comes at once, before the answer: then it is tried again, as a
// client would, three times at most.
func logsOn(t *testing.T, address, comp string) *hostile {
	t.Helper()
	for range 2 {
		h := dialHostile(t, address, comp)
		_ = h.say("A", "98=0|108=30|141=Y|553="+h.comp+"|554=rialto|")
		_ = h.SetReadDeadline(time.Now().Add(30 * time.Second))
		m, err := definitions.ReadMessage(h.read)
		if kind, _ := m.Get("35"); err == nil && kind == "A" {
			return h
		}
		if !errors.Is(err, io.EOF) {
			t.Fatalf("logon answered with %v, %v", m, err)
		}
		t.Logf("hung up on before the answer to its logon")
		_ = h.Close()
	}
	h := dialHostile(t, address, comp)
	h.logon(t)
	return h
}

// hungUp waits for the end of the connection, whatever comes before it.
func (h *hostile) hungUp(t *testing.T, within time.Duration) {
	t.Helper()
	_ = h.SetReadDeadline(time.Now().Add(within))
	if _, err := io.Copy(io.Discard, h.read); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("still connected after %v", within)
	}
}

// deadlyBefore are known to have ended processes, or to have held them, with
// CompIDs that are right and no password.
func deadlyBefore() []string {
	nines := strings.Repeat("9", 40)
	return []string{
		"8=\x019=1199\x01" + strings.Repeat("970\x01", 10),
		"8=FIX.4.4\x019=" + nines + "\x0135=A\x01", "8=FIX.4.4\x019=-1\x0135=A\x0110=000\x01", "8=FIX.4.4\x019=\x0135=A\x0110=000\x01",
		"8=FIX.4.4\x019=999999999\x0135=A\x01", "8=FIX.4.4\x01" + strings.Repeat("9", 100_000),
		"\x01\x01\x01\x01", "8=\x01", "=\x01=\x01=\x01", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00",
		strings.Repeat("8=FIX.4.4\x01", 1000),
	}
}

func killersBefore(t *testing.T, address string) {
	for _, deadly := range deadlyBefore() {
		for _, first := range []string{"", "8=FIX.4.4|35=A|34=1|49=TRADER2|52=<TIME>|56=RIALTO|98=0|108=30|"} {
			h := dialHostile(t, address, "TRADER2")
			if first != "" {
				_, _ = h.Write(definitions.ParseMessage(strings.ReplaceAll(first, "|", "\x01")).Bytes(time.Now()))
			}
			_, _ = io.WriteString(h, deadly)
			_ = h.Close()
		}
	}
}

// killersAfter sends what is known to have ended processes, each in a session
// of its own that was logged on.
func killersAfter(t *testing.T, address string) {
	for _, body := range []string{
		"212=999999999|213=x|", "212=-1|213=x|", "95=999999999|96=x|", "90=99999999|91=x|", "354=99999|355=x|", "384=|", "108=|",
		"34=|", "112=|", "7=|16=|", "7=99999999999999999999|16=0|", "7=5|16=3|", "7=-1|16=-1|", "36=|123=Y|", "36=0|123=N|",
		"453=999999999|448=x|", "453=-1|", "453=2|448=x|453=2|448=y|", "11=|", "38=|", "38=1e999|", "44=NaN|", "60=99999999-99:99:99|",
		"52=|", "122=x|43=Y|", "49=|", "35=|", "9=5|", "8=FIX.4.4|", "10=000|", "1137=|",
	} {
		for _, kind := range []string{"0", "1", "2", "4", "5", "A", "D", "F", "G", "q", "V", "j", "8", "zz", ""} {
			h := dialHostile(t, address, "TRADER2")
			h.logon(t)
			_ = h.say(kind, body)
			_ = h.say("1", "112=alive|")
			_ = h.Close()
		}
	}
}

// floodSize is what a flood sends, unless it is cut off before.
const floodSize = 200 << 20

func pour(h *hostile, chunk []byte) (sent int) {
	_ = h.SetWriteDeadline(time.Now().Add(20 * time.Second))
	for sent < floodSize {
		n, err := h.Write(chunk)
		sent += n
		if err != nil {
			break
		}
	}
	return sent
}

func floodBefore(t *testing.T, address string) {
	for _, chunk := range []string{
		strings.Repeat("A", 1<<16),
		strings.Repeat("8=FIX.4.4\x019=65000\x0135=A\x01", 2000),
		"8=FIX.4.4\x019=200000000\x0135=A\x01" + strings.Repeat("58=x\x01", 10_000),
		strings.Repeat("8=FIX.4.4\x019=5\x0135=0\x0110=000\x01", 2000),
	} {
		h := dialHostile(t, address, "TRADER2")
		t.Logf("%q…: %d bytes until it was cut off", chunk[:20], pour(h, []byte(chunk)))
		_ = h.Close()
	}
}

func floodAfter(t *testing.T, address string) {
	for _, chunk := range []string{
		strings.Repeat("A", 1<<16),
		"8=FIX.4.4\x019=200000000\x0135=D\x01" + strings.Repeat("58=x\x01", 10_000),
	} {
		h := dialHostile(t, address, "TRADER2")
		h.logon(t)
		t.Logf("%q…: %d bytes until it was cut off", chunk[:20], pour(h, []byte(chunk)))
		_ = h.Close()
	}
	h := dialHostile(t, address, "TRADER2") // in order, and more than anybody may
	h.logon(t)
	go func() { _, _ = io.Copy(io.Discard, h.read) }()
	_ = h.SetWriteDeadline(time.Now().Add(20 * time.Second))
	sent := 0
	for range 200_000 {
		if h.say("1", "112=x|") != nil {
			break
		}
		sent++
	}
	t.Logf("%d TestRequests until it was cut off", sent)
	_ = h.Close()
}

// almost sends messages with some bytes changed.
func almost(t *testing.T, address string) {
	random := rand.New(rand.NewPCG(7, 0))
	for range 60 {
		h := logsOn(t, address, "TRADER2")
		go func() { _, _ = io.Copy(io.Discard, h.read) }()
		for range 50 {
			m := h.message("D", "1=trader2|11=x|21=1|38=1|40=2|44=580.00|54=1|55=AAPL-USD|59=1|60=<TIME>|453=1|448=me|447=D|452=3|")
			for range 1 + random.IntN(3) {
				m[random.IntN(len(m))] = byte(random.IntN(256))
			}
			if random.IntN(2) == 0 { // so that more than its sum is wrong
				m = summed(m)
			}
			if _, err := h.Write(m); err != nil {
				break
			}
		}
		_ = h.Close()
	}
}

// summed gives bytes a CheckSum that is right.
func summed(m []byte) []byte {
	at := bytes.LastIndex(m, []byte("\x0110="))
	if at < 0 {
		return m
	}
	var sum byte
	for _, c := range m[:at+1] {
		sum += c
	}
	return fmt.Appendf(m[:at+1:at+1], "10=%03d\x01", sum)
}

// halfOpen shows that a connection that is not logged on in time is closed.
func halfOpen(t *testing.T, address string) {
	for _, first := range []string{"", "8=FIX.4.4\x019=100\x0135=A\x01"} {
		h := dialHostile(t, address, "TRADER2")
		_, _ = io.WriteString(h, first)
		h.hungUp(t, 60*time.Second)
	}
}

func thousand(t *testing.T, address string) {
	var all sync.WaitGroup
	for i := range 1000 {
		all.Go(func() {
			d := net.Dialer{Timeout: 20 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(1+i/200), byte(1+i%200))}}
			conn, err := d.Dial("tcp", address)
			if err != nil {
				return // turned away is as good
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "8=FIX.4.4\x01")
			_ = conn.SetReadDeadline(time.Now().Add(90 * time.Second))
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("still connected")
			}
		})
	}
	all.Wait()
}

func wrongPasswords(t *testing.T, address string) {
	for range 200 {
		h := dialHostile(t, address, "TRADER2")
		_ = h.say("A", "98=0|108=30|553=TRADER2|554=wrong|")
		h.hungUp(t, 60*time.Second)
	}
}

// notReading asks for everything again and again and reads nothing.
func notReading(t *testing.T, address string) {
	h := dialHostile(t, address, "TRADER3")
	h.logon(t)
	for i := range 300 {
		if h.say("D", fmt.Sprintf("1=trader3|11=slow-%d|38=1|40=2|44=1.00|54=1|55=AAPL-USD|59=3|60=<TIME>|", i)) != nil {
			return
		}
	}
	_ = h.SetWriteDeadline(time.Now().Add(60 * time.Second))
	for range 20_000 {
		if h.say("2", "7=1|16=0|") != nil {
			return
		}
	}
	h.hungUp(t, 60*time.Second)
}
