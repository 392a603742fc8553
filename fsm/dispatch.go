package fsm

import "github.com/rialto-exchange/rialto/fsm/command"

// verb is how one kind of command is executed.
type verb struct {
	// run does it. It emits the events of what it did, or changes nothing and
	// says why it refuses.
	run func(*Machine, *command.Command, *subject) *refusal
	// trader says that a trader may send it, for its own accounts and orders.
	trader bool
	// always says that its id has room whatever its sender's share: it makes
	// the venue safer.
	always bool
	// session says that it may come in a FIX session, with a place in it.
	session bool
	// level is the one that it is there from.
	level uint16
}

// verbs is the list of all commands but Probe and Fence, which execute settles
// before it looks here. To add a command is to add a file and a row.
func verbs() [256]verb {
	return [256]verb{
		command.KindTermStart:           {run: run((*Machine).startTerm)},
		command.KindRaiseLevel:          {run: run((*Machine).raiseLevel)},
		command.KindBeginHistory:        {run: run((*Machine).beginHistory), level: LevelCluster},
		command.KindVoidEntry:           {run: run((*Machine).voidEntry)},
		command.KindDefineAsset:         {run: run((*Machine).defineAsset)},
		command.KindDefineInstrument:    {run: run((*Machine).defineInstrument)},
		command.KindHaltInstrument:      {run: run((*Machine).haltInstrument), always: true},
		command.KindResumeInstrument:    {run: run((*Machine).resumeInstrument), always: true},
		command.KindSetPhase:            {run: run((*Machine).setPhase), always: true},
		command.KindRetireInstrument:    {run: run((*Machine).retireInstrument)},
		command.KindDefineParticipant:   {run: run((*Machine).defineParticipant)},
		command.KindRedefineParticipant: {run: run((*Machine).redefineParticipant), level: LevelCluster},
		command.KindCreateKey:           {run: run((*Machine).createKey), level: LevelCluster},
		command.KindRevokeKey:           {run: run((*Machine).revokeKey), always: true, level: LevelCluster},
		command.KindOpenAccount:         {run: run((*Machine).doOpenAccount)},
		command.KindCloseAccount:        {run: run((*Machine).closeAccount)},
		command.KindDeposit:             {run: run((*Machine).deposit)},
		command.KindWithdraw:            {run: run((*Machine).withdraw), trader: true},
		command.KindTransfer:            {run: run((*Machine).transfer), trader: true},
		command.KindSetLimits:           {run: run((*Machine).setLimits)},
		command.KindSuspendAccount:      {run: run((*Machine).suspendAccount), trader: true, always: true},
		command.KindResumeAccount:       {run: run((*Machine).resumeAccount)},
		command.KindPlaceOrder:          {run: run((*Machine).placeOrder), trader: true, session: true},
		command.KindAmendOrder:          {run: run((*Machine).amendOrder), trader: true, session: true},
		command.KindCancelOrder:         {run: run((*Machine).cancelOrder), trader: true, always: true, session: true},
		command.KindCancelAll:           {run: run((*Machine).cancelAll), trader: true, always: true, session: true},
		command.KindLogonSession:        {run: run((*Machine).logonSession), always: true, level: LevelSessions},
		command.KindAdvanceSessions:     {run: run((*Machine).advanceSessions), always: true, level: LevelSessions},
		command.KindEndSession:          {run: run((*Machine).end), always: true, level: LevelSessions},
		command.KindResetSession:        {run: run((*Machine).reset), always: true, level: LevelSessions},
		command.KindLogoutSession:       {run: run((*Machine).logout), always: true, level: LevelSessions},
		command.KindDeclineOrder:        {run: run((*Machine).declineOrder), session: true, level: LevelSessions},
	}
}

// run gives a verb's function its own type of body.
func run[B command.Body](f func(*Machine, B, *subject) *refusal) func(*Machine, *command.Command, *subject) *refusal {
	return func(m *Machine, c *command.Command, about *subject) *refusal {
		return f(m, c.Body.(B), about)
	}
}
