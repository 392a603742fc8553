package model_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/internal/model"
	"github.com/rialto-exchange/rialto/chaos/internal/twin"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
)

// TestKnowsEveryCommand shows that the model knows each command that the REST
// door takes, and no other: one that is added there has to be added here.
func TestKnowsEveryCommand(t *testing.T) {
	var door []string
	for _, v := range decode.Verbs() {
		door = append(door, v.Name)
	}
	slices.Sort(door)
	if known := model.Verbs(); !slices.Equal(known, door) {
		t.Errorf("the model knows %v, the door takes %v", known, door)
	}
}

// TestUnknownCommandIsADifference shows that what the model does not know never
// passes.
func TestUnknownCommandIsADifference(t *testing.T) {
	lines := [][]byte{[]byte(`{"sequence":1,"type":"AccountOpened","at":"2026-05-23T10:00:00.000000000Z","aggregate_id":"a","aggregate_sequence":1,"source":"rest","command_id":"c","log_index":1,"data":{"account":"a","status":"open","aggregate_sequence":1}}`)}
	for _, c := range []struct {
		verb, body string
		passes     bool
	}{
		{"accounts/open", `{"command_id":"c","aggregate_id":"a","payload":{}}`, true},
		{"accounts/found", `{"command_id":"c","aggregate_id":"a","payload":{}}`, false},
		{"accounts/open", `{"command_id":"c","aggregate_id":"a","payload":{"colour":"red"}}`, false},
		{"accounts/open", `{"command_id":"c","aggregate_id":"b","payload":{}}`, false},
	} {
		command, err := model.ReadCommand(c.verb, []byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		err = model.New(model.DefaultBounds()).Entry(read(t, lines), func(*model.Event) (model.Command, bool) { return command, true })
		if (err == nil) != c.passes {
			t.Errorf("%s %s: %v", c.verb, c.body, err)
		}
	}
}

// TestFencedCommandMustNotExecute shows that the model knows fences, and that a
// command that is executed behind its fence is a difference.
func TestFencedCommandMustNotExecute(t *testing.T) {
	x := newPair(t, fsm.Bounds{})
	x.follow(x.Fence("c-1"))
	if lines := x.do(twin.Do("accounts/open", "a", map[string]any{})); len(lines) != 0 {
		t.Fatalf("c-1 was fenced, and came to %s", lines)
	}
	lines := x.do(twin.Do("accounts/open", "b", map[string]any{}))
	v := model.New(model.DefaultBounds())
	var err error
	for _, entry := range [][][]byte{x.log[0], x.log[1], {bytes.Replace(lines[0], []byte("c-2"), []byte("c-1"), 1)}} {
		err = v.Entry(read(t, entry), x.command)
	}
	if err == nil || !strings.Contains(err.Error(), "was fenced") {
		t.Errorf("a fenced command was executed: %v", err)
	}
}
