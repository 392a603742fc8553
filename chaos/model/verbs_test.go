package model_test

import (
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/model"
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
