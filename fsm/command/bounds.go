package command

import "github.com/rialto-exchange/rialto/fsm/market"

// The bounds of an encoded command, all in bytes.
const (
	// MaxBytes is the largest command.
	MaxBytes = 16 << 10
	// MaxID bounds ids: of commands, accounts, instruments, keys …
	MaxID = market.MaxIDLength
	// MaxName bounds what is made of ids or given beside them: aggregate,
	// actor, label, correlation, traceparent.
	MaxName = 128
	// MaxText bounds what people write: reasons and references.
	MaxText = 1024
)
