package commandcodec_test

import (
	"reflect"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
)

// Every kind of command that there is can be written and comes back as itself:
// none has a body and no encoding.
func TestEveryKindIsWritten(t *testing.T) {
	for n := range 256 {
		body := command.New(command.Kind(n))
		if body == nil {
			continue
		}
		if body.Kind() != command.Kind(n) {
			t.Errorf("New(%d) is of kind %d", n, body.Kind())
		}
		b, err := commandcodec.Append(nil, &command.Command{Body: body}, newest)
		if err != nil {
			t.Errorf("%v: %v", command.Kind(n), err)
			continue
		}
		if back, err := commandcodec.Decode(b); err != nil || reflect.TypeOf(back.Body) != reflect.TypeOf(body) {
			t.Errorf("%v: got %+v, %v", command.Kind(n), back, err)
		}
	}
}
