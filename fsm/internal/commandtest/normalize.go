// Package commandtest is for tests that draw commands at random.
package commandtest

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Normalize takes back what no encoding can carry of a value that was drawn at
// random: more digits than a decimal has, and what stands behind a flag that
// is not set. v points to the value; the others are left as they are.
func Normalize(v any) {
	switch v := v.(type) {
	case *market.Decimal:
		v.Digits %= market.MaxDigits + 1
	case *command.Optional:
		if !v.Set {
			v.Value = market.Decimal{}
		}
	case *command.Limit:
		if v.State %= command.LimitValue + 1; v.State != command.LimitValue {
			v.Value = market.Decimal{}
		}
	case *command.SetLimits:
		for i, named := range v.Named {
			if !named {
				v.Limits[i] = command.Limit{}
			}
		}
	case *command.DefineAsset:
		if !v.HasMinorUnit {
			v.MinorUnit = 0
		}
	case *command.FixSession:
		if !v.HasRoll {
			v.Roll = 0
		}
	case *command.Header:
		if !v.HasExpected {
			v.Expected = 0
		}
	}
}
