package fsm

// The budget of steps of an entry: see Bounds.StepsPerEntry.

const (
	// defaultSteps is Bounds.StepsPerEntry of who sets none.
	defaultSteps = 200_000
	// sharesOfSteps: nobody searches more than one part in so many of an entry's
	// steps, and one command's more, so that who sends the dearest commands
	// there are leaves room for the others'.
	sharesOfSteps = 4
	// freeSearch is what a command may search without being remembered: all that
	// an ordinary one does.
	freeSearch = 32
)

// maySearch reports whether the entry, and the share of the account's
// participant, have steps left for a command that looks at orders.
func (m *Machine) maySearch(account uint32) bool {
	return m.out.steps < m.bounds.StepsPerEntry && m.hasShare(account)
}

// mayCancelAll is maySearch for cancel-alls, which take risk away: they have as
// many steps again for themselves, so that nobody's orders are in their way.
func (m *Machine) mayCancelAll(account uint32) bool {
	return m.out.steps < 2*m.bounds.StepsPerEntry && m.hasShare(account)
}

func (m *Machine) hasShare(account uint32) bool {
	return len(m.out.searches) == 0 || account == 0 || m.out.searches[m.searcher(account)] < m.bounds.StepsPerEntry/sharesOfSteps
}

// searcher is who searches: the account's participant, or the account itself if
// it has none.
func (m *Machine) searcher(account uint32) uint32 {
	if p := m.accounts.Get(account).participant; p != 0 {
		return p<<1 | 1
	}
	return account << 1
}

// countSearch counts what a command searched towards its searcher's share.
func (m *Machine) countSearch(account, steps uint32) {
	if account == 0 || steps <= freeSearch {
		return
	}
	if m.out.searches == nil {
		m.out.searches = make(map[uint32]uint32)
	}
	m.out.searches[m.searcher(account)] += steps
}
