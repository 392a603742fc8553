package command

// newBody is the table of the kinds: for each an empty body and the version
// that it is written in, nil for a number that is no kind. A new kind is its
// file and its row here. A body that gains a field gains a version, and its
// decode keeps the case of the old one.
func newBody(k Kind) (body coder, version byte) {
	switch k {
	case KindTermStart:
		return new(TermStart), 1
	case KindProbe:
		return new(Probe), 1
	case KindFence:
		return new(Fence), 1
	case KindRaiseLevel:
		return new(RaiseLevel), 1
	case KindDefineAsset:
		return new(DefineAsset), 1
	case KindDefineInstrument:
		return new(DefineInstrument), 1
	case KindHaltInstrument:
		return new(HaltInstrument), 1
	case KindResumeInstrument:
		return new(ResumeInstrument), 1
	case KindSetPhase:
		return new(SetPhase), 1
	case KindRetireInstrument:
		return new(RetireInstrument), 1
	case KindDefineParticipant:
		return new(DefineParticipant), 1
	case KindOpenAccount:
		return new(OpenAccount), 1
	case KindCloseAccount:
		return new(CloseAccount), 1
	case KindDeposit:
		return new(Deposit), 1
	case KindWithdraw:
		return new(Withdraw), 1
	case KindTransfer:
		return new(Transfer), 1
	case KindSetLimits:
		return new(SetLimits), 1
	case KindSuspendAccount:
		return new(SuspendAccount), 1
	case KindResumeAccount:
		return new(ResumeAccount), 1
	case KindPlaceOrder:
		return new(PlaceOrder), 1
	case KindAmendOrder:
		return new(AmendOrder), 1
	case KindCancelOrder:
		return new(CancelOrder), 1
	case KindCancelAll:
		return new(CancelAll), 1
	}
	return nil, 0
}
