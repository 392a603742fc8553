package command

// rows is a table of kinds: for each an empty body and, for each of its versions
// from 1 on, the feature level that it may be written from; nil for a number
// that is no kind.
type rows func(Kind) (body coder, levels []uint16)

// first is what most kinds have: one version, as old as the venue.
func first() []uint16 { return []uint16{1} }

// sessionsLevel is the feature level of FIX sessions.
const sessionsLevel = 3

// clusterLevel is the feature level of histories that end.
const clusterLevel = 4

// fromSessions is what the kinds have that came with FIX sessions.
func fromSessions() []uint16 { return []uint16{sessionsLevel} }

// newBody is the table. A new kind is its file and its row here. A body that
// gains a field gains a version: its level comes into the row, the body becomes
// a versioned one, and the old version's reading and golden stay.
func newBody(k Kind) (body coder, levels []uint16) {
	switch k {
	case KindTermStart:
		return new(TermStart), []uint16{1, sessionsLevel}
	case KindProbe:
		return new(Probe), first()
	case KindFence:
		return new(Fence), first()
	case KindRaiseLevel:
		return new(RaiseLevel), first()
	case KindBeginHistory:
		return new(BeginHistory), []uint16{clusterLevel}
	case KindVoidEntry:
		return new(VoidEntry), first()
	case KindDefineAsset:
		return new(DefineAsset), first()
	case KindDefineInstrument:
		return new(DefineInstrument), first()
	case KindHaltInstrument:
		return new(HaltInstrument), first()
	case KindResumeInstrument:
		return new(ResumeInstrument), first()
	case KindSetPhase:
		return new(SetPhase), first()
	case KindRetireInstrument:
		return new(RetireInstrument), first()
	case KindDefineParticipant:
		return new(DefineParticipant), []uint16{1, sessionsLevel}
	case KindRedefineParticipant:
		return new(RedefineParticipant), []uint16{clusterLevel}
	case KindCreateKey:
		return new(CreateKey), []uint16{clusterLevel}
	case KindRevokeKey:
		return new(RevokeKey), []uint16{clusterLevel}
	case KindOpenAccount:
		return new(OpenAccount), first()
	case KindCloseAccount:
		return new(CloseAccount), first()
	case KindDeposit:
		return new(Deposit), first()
	case KindWithdraw:
		return new(Withdraw), first()
	case KindTransfer:
		return new(Transfer), first()
	case KindSetLimits:
		return new(SetLimits), first()
	case KindSuspendAccount:
		return new(SuspendAccount), first()
	case KindResumeAccount:
		return new(ResumeAccount), first()
	case KindPlaceOrder:
		return new(PlaceOrder), first()
	case KindAmendOrder:
		return new(AmendOrder), first()
	case KindCancelOrder:
		return new(CancelOrder), first()
	case KindCancelAll:
		return new(CancelAll), first()
	}
	return newSessionBody(k)
}

func newSessionBody(k Kind) (body coder, levels []uint16) {
	switch k {
	case KindLogonSession:
		return new(LogonSession), fromSessions()
	case KindAdvanceSessions:
		return new(AdvanceSessions), fromSessions()
	case KindEndSession:
		return new(EndSession), fromSessions()
	case KindResetSession:
		return new(ResetSession), fromSessions()
	case KindLogoutSession:
		return new(LogoutSession), fromSessions()
	case KindDeclineOrder:
		return new(DeclineOrder), fromSessions()
	}
	return nil, nil
}
