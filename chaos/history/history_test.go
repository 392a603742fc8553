package history_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/history"
)

func written(t *testing.T) (path string, want []history.Entry) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "history.jsonl")
	w, err := history.Create(path, history.Head{Scenario: "kill-leader", Seed: 7, Run: "r7", Nodes: []string{"n1", "n2", "n3"}})
	if err != nil {
		t.Fatal(err)
	}
	o := history.Operation{
		Client: "c1", Kind: history.Command, Node: "n2", ID: "r7-1", Verb: "orders/place", Body: json.RawMessage(`{"a":1}`),
		Began: 5, Ended: 9, Outcome: history.Acked, Status: 200, Sequence: 12, Answer: json.RawMessage(`{"sequence":12}`),
		Sent: []history.Copy{{Node: "n1", Began: 5, Ended: 6, Outcome: history.Unknown, Error: "EOF"}, {Node: "n2", Began: 7, Ended: 9, Outcome: history.Acked, Status: 200, Sequence: 12}},
	}
	r := history.Report{Session: "TRADER1", Node: "n1", At: 10, Number: 2, ClOrdID: "x", ExecType: "0", Sequence: 14, Again: true}
	m := history.Mark{At: 11, What: history.FaultBegins, Fault: "kill-leader", Node: "n1"}
	w.Operation(o)
	w.Report(r)
	w.Mark(m)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path, []history.Entry{{Operation: &o}, {Report: &r}, {Mark: &m}}
}

// TestReadsWhatWasWritten shows that a history comes back as it was written,
// between its head and its tail.
func TestReadsWhatWasWritten(t *testing.T) {
	path, want := written(t)
	var got []history.Entry
	for e, err := range history.Read(path) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if len(got) != 5 || got[0].Head == nil || got[0].Head.Version != history.Version || got[0].Head.Run != "r7" ||
		got[4].Tail == nil || got[4].Tail.Entries != 4 {
		t.Fatalf("got %+v", got)
	}
	if !reflect.DeepEqual(got[1:4], want) {
		t.Errorf("got %+v, want %+v", got[1:4], want)
	}
	n := 0
	for _, err := range history.Operations(path, history.Query, history.Stream) {
		if n++; err != nil {
			t.Error(err)
		}
	}
	if n != 0 {
		t.Errorf("%d reads and streams in a history of one command", n)
	}
}

// TestKnowsThatItIsCut shows that a history that lost lines, its end, or part
// of a line says so, and that nothing that is no history passes for one.
func TestKnowsThatItIsCut(t *testing.T) {
	path, _ := written(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"no tail", strings.Join(lines[:4], ""), history.ErrCut},
		{"half a line", string(whole[:len(whole)/2]), history.ErrCut},
		{"a line is missing", lines[0] + lines[2] + lines[3] + lines[4], history.ErrCut},
		{"empty", "", history.ErrCut},
		{"no head", strings.Join(lines[1:], ""), history.ErrFormat},
		{"another version", strings.Replace(string(whole), `"version":1`, `"version":2`, 1), history.ErrFormat},
		{"more after the tail", string(whole) + lines[1], history.ErrFormat},
		{"two things in a line", strings.Replace(string(whole), `{"mark":`, `{"tail":{"entries":3,"at":1},"mark":`, 1), history.ErrFormat},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		var got error
		for _, err := range history.Read(path) {
			got = err
		}
		if !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
