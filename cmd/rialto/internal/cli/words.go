package cli

import (
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// The words of the command line. What is none of them was typed wrong, and no
// node is asked.

func checkSide(side string) error {
	if side == "" || side == "buy" || side == "sell" {
		return nil
	}
	return shell.Usagef("%q is neither buy nor sell", side)
}

func checkTimeInForce(tif string) error {
	return oneOf("--tif", tif, "gtc", "day", "ioc", "fok", "gtd")
}

func checkSelfTradePrevention(stp string) error {
	return oneOf("--stp", stp, "none", "cancel_newest", "cancel_oldest", "cancel_both", "decrement")
}

func checkStatus(status string) error {
	return oneOf("--status", status, "all", "open", "partially_filled", "filled", "cancelled", "rejected", "expired", "pending_trigger")
}

func checkPhase(phase string) error {
	if phase == "" {
		return shell.Usagef("the phase is empty")
	}
	return oneOf("phase", phase, "closed", "continuous", "halted", "cancel_only", "post_only")
}

func oneOf(flag, word string, words ...string) error {
	if word == "" || slices.Contains(words, word) {
		return nil
	}
	return shell.Usagef("%s: %q is none of %s", flag, word, strings.Join(words, ", "))
}

// checkCount checks a flag that the API takes from 1 to 1000.
func checkCount(flag string, n int) error {
	if n < 1 || n > 1000 {
		return shell.Usagef("%s: %d is not from 1 to 1000", flag, n)
	}
	return nil
}
