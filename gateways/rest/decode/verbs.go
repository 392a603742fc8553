package decode

import "github.com/rialto-exchange/rialto/fsm/command"

// Verb is one kind of command.
type Verb struct {
	// Name is "{kind}/{verb}".
	Name string
	// Trader says that keys of the role trader may send it, for their own
	// accounts. What makes money or rules is the administrator's.
	Trader bool
	// Payload is a value of the type that documents the payload.
	Payload any
	// Summary is for the documentation.
	Summary string
	decode  func(o *object, aggregate string) command.Body
}

// Verbs lists all verbs. To add one is a decoder, its payload type and a row.
func Verbs() []Verb {
	return []Verb{
		{"assets/define", false, AssetPayload{}, "Declare an asset or change its minor unit", defineAsset},
		{"instruments/define", false, InstrumentPayload{}, "Declare an instrument or change it", defineInstrument},
		{"instruments/halt", false, InstrumentReasonPayload{}, "Halt trading; cancels go on", haltInstrument},
		{"instruments/resume", false, InstrumentReasonPayload{}, "Resume continuous trading", resumeInstrument},
		{"instruments/set-phase", false, PhasePayload{}, "Move an instrument to a phase", setPhase},
		{"instruments/retire", false, InstrumentReasonPayload{}, "End an instrument whose book is empty", retireInstrument},
		{"instruments/set-limits", false, InstrumentLimitsPayload{}, "Set an instrument's risk limits", instrumentLimits},
		{"participants/define", false, ParticipantPayload{}, "Declare a participant, its accounts and keys", defineParticipant},
		{"participants/redefine", false, ParticipantPayload{}, "Declare a participant and keep the keys that are not named", redefineParticipant},
		{"keys/create", false, CreateKeyPayload{}, "Give a participant a key, or a key another secret or role", createKey},
		{"keys/revoke", false, RevokeKeyPayload{}, "Take a key from a participant", revokeKey},
		{"accounts/open", false, OpenPayload{}, "Open an account", openAccount},
		{"accounts/close", false, AccountPayload{}, "Close an account whose balances are zero", closeAccount},
		{"accounts/deposit", false, FundsPayload{}, "Credit an account", deposit},
		{"accounts/withdraw", true, FundsPayload{}, "Debit an account", withdraw},
		{"accounts/transfer", true, TransferPayload{}, "Move money to another account", transfer},
		{"accounts/set-limits", false, AccountLimitsPayload{}, "Set an account's risk limits", accountLimits},
		{"accounts/suspend", true, AccountReasonPayload{}, "Kill switch: cancel all orders and block new ones", suspendAccount},
		{"accounts/resume", false, AccountReasonPayload{}, "End a suspension", resumeAccount},
		{"owners/set-limits", false, OwnerLimitsPayload{}, "Set an owner's risk limits", ownerLimits},
		{"venue/set-limits", false, LimitsPayload{}, "Set the venue's risk limits", venueLimits},
		{"orders/place", true, PlacePayload{}, "Place an order", placeOrder},
		{"orders/amend", true, AmendPayload{}, "Change an open order", amendOrder},
		{"orders/cancel", true, CancelPayload{}, "Cancel an open order", cancelOrder},
		{"orders/cancel-all", true, CancelAllPayload{}, "Cancel an account's open orders", cancelAll},
		{"sessions/reset", false, ResetSessionPayload{}, "Give a FIX session other sequence numbers", resetSession},
		{"sessions/logout", false, LogoutSessionPayload{}, "Log a FIX session out", logoutSession},
	}
}
