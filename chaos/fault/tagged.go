package fault

// tagged are faults of a binary that was built with the tag chaos.
func tagged() []Fault { return nil }
