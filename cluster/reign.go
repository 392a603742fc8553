package cluster

// Reign names one unbroken leadership of a node, as its sequencer counts
// them from 1: it ends when leadership is lost and also when a proposal
// fails, for then a later command could overtake an earlier one that will be
// sent again. Whoever must keep the order of commands across failures names
// the reign it began with, and begins again, from its first unanswered
// command, when that one is over.
type Reign uint64
