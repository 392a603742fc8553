package event

// String returns the code as the contract names it, "none" for CodeNone.
func (c Code) String() string {
	if c == CodeNone {
		return "none"
	}
	return c.Text()
}

// String returns the kind in a word.
func (k OutcomeKind) String() string {
	words := [...]string{
		"none", "executed", "repeat", "reused", "fenced", "forbidden", "throttled", "unseen", "barrier",
		"too_far_ahead", "session_stale", "session_past", "session_gap",
	}
	if int(k) < len(words) {
		return words[k]
	}
	return "unknown"
}

// String returns the name of the record's type.
func (k RecordKind) String() string {
	switch k {
	case RecordAsset:
		return "AssetChanged"
	case RecordInstrument:
		return "InstrumentChanged"
	case RecordParticipant:
		return "ParticipantChanged"
	case RecordAccount:
		return "AccountChanged"
	case RecordLimits:
		return "LimitsChanged"
	case RecordFunds:
		return "FundsChanged"
	case RecordTransfer:
		return "FundsMoved"
	case RecordOrder:
		return "OrderChanged"
	case RecordFill:
		return "Fill"
	case RecordSelfTrade:
		return "SelfTradePrevented"
	case RecordMassCancel:
		return "OrdersCancelled"
	case RecordRejected:
		return "CommandRejected"
	case RecordFenced:
		return "CommandFenced"
	case RecordLeader:
		return "LeaderStarted"
	case RecordLevel:
		return "LevelRaised"
	case RecordHistory:
		return "HistoryBegan"
	case RecordVoided:
		return "EntryVoided"
	}
	return k.sessionName()
}

func (k RecordKind) sessionName() string {
	switch k {
	case RecordOrderReported:
		return "OrderReported"
	case RecordLoggedOn:
		return "SessionLoggedOn"
	case RecordRefused:
		return "SessionRefused"
	case RecordAdvanced:
		return "SessionsAdvanced"
	case RecordEnded:
		return "SessionEnded"
	case RecordReset:
		return "SessionReset"
	}
	return "unknown"
}
