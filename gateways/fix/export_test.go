package fix

// The bounds that tests go to and one past.
const (
	MaxWaitingOut = maxWaitingOut
	MaxAhead      = maxAhead
	SameRange     = sameRange
	UnfitFor      = unfitFor
	LazyTick      = lazyTick
	ProbePatience = probePatience
	Goodbye       = goodbye

	MaxStatusReports = maxStatusReports
	MaxAccounts      = maxAccounts
)
