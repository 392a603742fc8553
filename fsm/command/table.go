package command

// New returns an empty body of a kind, nil for a number that is no kind. This is
// the table of the kinds: a new one is its body, its row here, and its encoding
// and row in commandcodec.
func New(k Kind) Body {
	switch k {
	case KindTermStart:
		return new(TermStart)
	case KindProbe:
		return new(Probe)
	case KindFence:
		return new(Fence)
	case KindRaiseLevel:
		return new(RaiseLevel)
	case KindBeginHistory:
		return new(BeginHistory)
	case KindVoidEntry:
		return new(VoidEntry)
	case KindDefineAsset:
		return new(DefineAsset)
	case KindDefineInstrument:
		return new(DefineInstrument)
	case KindHaltInstrument:
		return new(HaltInstrument)
	case KindResumeInstrument:
		return new(ResumeInstrument)
	case KindSetPhase:
		return new(SetPhase)
	case KindRetireInstrument:
		return new(RetireInstrument)
	case KindDefineParticipant:
		return new(DefineParticipant)
	case KindRedefineParticipant:
		return new(RedefineParticipant)
	case KindCreateKey:
		return new(CreateKey)
	case KindRevokeKey:
		return new(RevokeKey)
	case KindOpenAccount:
		return new(OpenAccount)
	case KindCloseAccount:
		return new(CloseAccount)
	case KindDeposit:
		return new(Deposit)
	case KindWithdraw:
		return new(Withdraw)
	case KindTransfer:
		return new(Transfer)
	case KindSetLimits:
		return new(SetLimits)
	case KindSuspendAccount:
		return new(SuspendAccount)
	case KindResumeAccount:
		return new(ResumeAccount)
	case KindPlaceOrder:
		return new(PlaceOrder)
	case KindAmendOrder:
		return new(AmendOrder)
	case KindCancelOrder:
		return new(CancelOrder)
	case KindCancelAll:
		return new(CancelAll)
	}
	return newSessionBody(k)
}

func newSessionBody(k Kind) Body {
	switch k {
	case KindLogonSession:
		return new(LogonSession)
	case KindAdvanceSessions:
		return new(AdvanceSessions)
	case KindEndSession:
		return new(EndSession)
	case KindResetSession:
		return new(ResetSession)
	case KindLogoutSession:
		return new(LogoutSession)
	case KindDeclineOrder:
		return new(DeclineOrder)
	}
	return nil
}
