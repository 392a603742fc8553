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
	LeastTaken       = leastTaken
	MaxPinned        = maxPinned
	MaxShare         = maxShare
	OverloadPatience = overloadPatience
)

var NewPatient = newPatient

// Pinned returns how many events the blocks hold that wait for a session's
// socket.
func (v *Server) Pinned(comp string) int {
	s := v.live(comp)
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	return s.out.pinned
}
