package fix

import (
	"errors"
	"fmt"

	"github.com/quickfixgo/quickfix"

	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// meanings is the translator of a door: one dictionary for all sessions.
type meanings struct{ dictionary *dictionary.Dictionary }

var _ translator = meanings{}

func newMeanings() (meanings, error) {
	d, err := dictionary.Load()
	if err != nil {
		return meanings{}, fmt.Errorf("load the FIX dictionaries: %w", err)
	}
	return meanings{d}, nil
}

func (t meanings) validate(begin string, m *wire.Message) quickfix.MessageRejectError {
	return answerTo(t.dictionary.Validate(m, dictionary.ProtocolOf(begin)))
}

// answerTo makes quickfixgo's answer of what is wrong with a message; nil for
// nil.
func answerTo(err error) quickfix.MessageRejectError {
	var refused *wire.Error
	var business *wire.BusinessError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return rejectOf(refused)
	case errors.As(err, &business):
		return businessOf(business)
	}
	return quickfix.NewBusinessMessageRejectError(err.Error(), int(wire.BusinessOther), nil)
}

func businessOf(e *wire.BusinessError) quickfix.MessageRejectError {
	return quickfix.NewBusinessMessageRejectErrorWithRefID(e.Text, int(e.Reason), e.RefID, nil)
}

func (t meanings) order(m *wire.Message, sender decode.Sender) (decode.Order, bool, quickfix.MessageRejectError) {
	if !decode.IsOrder(m.Type()) {
		return decode.Order{}, false, nil
	}
	o, err := decode.ReadOrder(m, sender)
	return o, true, answerTo(err)
}
