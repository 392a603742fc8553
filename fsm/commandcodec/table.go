package commandcodec

import "github.com/rialto-exchange/rialto/fsm/command"

// rows is what a build knows of commands: for a kind an empty body, and for a
// body its coder and, for each of its versions from 1 on, the feature level that
// it may be written from; nil for what it does not know.
type rows struct {
	empty func(command.Kind) command.Body
	row   func(command.Body) (c coder, levels []uint16)
}

// known is what this build knows.
func known() rows { return rows{empty: command.New, row: row} }

// first is what most kinds have: one version, as old as the venue.
func first() []uint16 { return []uint16{1} }

// sessionsLevel is the feature level of FIX sessions.
const sessionsLevel = 3

// clusterLevel is the feature level of histories that end.
const clusterLevel = 4

// fromSessions is what the kinds have that came with FIX sessions.
func fromSessions() []uint16 { return []uint16{sessionsLevel} }

// row is the table. A body that gains a field gains a version: its level comes
// into the row, the body becomes a versioned one, and the old version's reading
// and golden stay.
func row(body command.Body) (c coder, levels []uint16) {
	switch b := body.(type) {
	case *command.TermStart:
		return (*termStart)(b), []uint16{1, sessionsLevel}
	case *command.Probe:
		return (*probe)(b), first()
	case *command.Fence:
		return (*fence)(b), first()
	case *command.RaiseLevel:
		return (*raiseLevel)(b), first()
	case *command.BeginHistory:
		return (*beginHistory)(b), []uint16{clusterLevel}
	case *command.VoidEntry:
		return (*voidEntry)(b), first()
	case *command.DefineAsset:
		return (*defineAsset)(b), first()
	case *command.DefineInstrument:
		return (*defineInstrument)(b), first()
	case *command.HaltInstrument:
		return (*haltInstrument)(b), first()
	case *command.ResumeInstrument:
		return (*resumeInstrument)(b), first()
	case *command.SetPhase:
		return (*setPhase)(b), first()
	case *command.RetireInstrument:
		return (*retireInstrument)(b), first()
	case *command.DefineParticipant:
		return (*defineParticipant)(b), []uint16{1, sessionsLevel}
	case *command.RedefineParticipant:
		return (*redefineParticipant)(b), []uint16{clusterLevel}
	case *command.CreateKey:
		return (*createKey)(b), []uint16{clusterLevel}
	case *command.RevokeKey:
		return (*revokeKey)(b), []uint16{clusterLevel}
	case *command.OpenAccount:
		return (*openAccount)(b), first()
	case *command.CloseAccount:
		return (*closeAccount)(b), first()
	case *command.Deposit:
		return (*deposit)(b), first()
	case *command.Withdraw:
		return (*withdraw)(b), first()
	case *command.Transfer:
		return (*transfer)(b), first()
	case *command.SetLimits:
		return (*setLimits)(b), first()
	case *command.SuspendAccount:
		return (*suspendAccount)(b), first()
	case *command.ResumeAccount:
		return (*resumeAccount)(b), first()
	case *command.PlaceOrder:
		return (*placeOrder)(b), first()
	case *command.AmendOrder:
		return (*amendOrder)(b), first()
	case *command.CancelOrder:
		return (*cancelOrder)(b), first()
	case *command.CancelAll:
		return (*cancelAll)(b), first()
	}
	return sessionRow(body)
}

func sessionRow(body command.Body) (c coder, levels []uint16) {
	switch b := body.(type) {
	case *command.LogonSession:
		return (*logonSession)(b), fromSessions()
	case *command.AdvanceSessions:
		return (*advanceSessions)(b), fromSessions()
	case *command.EndSession:
		return (*endSession)(b), fromSessions()
	case *command.ResetSession:
		return (*resetSession)(b), fromSessions()
	case *command.LogoutSession:
		return (*logoutSession)(b), fromSessions()
	case *command.DeclineOrder:
		return (*declineOrder)(b), fromSessions()
	}
	return nil, nil
}
