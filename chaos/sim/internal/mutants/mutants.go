// Package mutants lists defects that the simulator must find: each is a place in
// the product's source and what stands there in the mutant. No build holds one:
// `make mutants` lays them over the source one at a time (go build -overlay), and
// a test holds that each still fits the source once, so that a list which no
// longer says anything is seen at once.
package mutants

// Mutant is one defect.
type Mutant struct {
	Name string
	File string // below the module's root
	Old  string // stands there exactly once
	New  string
}

// List returns all of them.
func List() []Mutant { return append(storage(), append(machine(), cluster()...)...) }

// storage are defects of what is safe.
func storage() []Mutant {
	return []Mutant{
		{
			Name: "no fsync of the log", File: "cluster/consensus/logstore/segments.go",
			Old: "	if f.whole {\n		return f.Datasync()\n	}", New: "	if f.whole {\n		return nil\n	}",
		},
		{
			Name: "no fsync of the vote", File: "cluster/consensus/logstore/ballot.go",
			Old: "v.failed = v.file.Datasync()", New: "v.failed = nil",
		},
		{
			Name: "a snapshot's names are not synced", File: "cluster/consensus/snapshotfiles.go",
			Old: "	if err := k.of.world.Files.SyncDir(k.dir); err != nil {\n		return err\n	}\n", New: "",
		},
		{
			Name: "the journal is not synced before a snapshot counts", File: "node/replica.go",
			Old: "	if err := c.journal.Sync(); err != nil {\n		return 0, fmt.Errorf(\"sync journal: %w\", err)\n	}\n", New: "",
		},
	}
}

// machine are defects of the machine.
func machine() []Mutant {
	return []Mutant{
		{
			Name: "no dedup", File: "fsm/execute.go",
			Old: "if r, ok := m.ids.find(key); ok {", New: "if r, ok := m.ids.find(key); ok && r.First == 0 {",
		},
		{
			Name: "dedup lost over a snapshot", File: "fsm/snapshot.go",
			Old: "	m.ids.setCapacity(m.bounds.DedupCapacity)\n",
			New: "	m.ids = newUsedIDs(nil, m.bounds.DedupCapacity)\n	m.ids.setCapacity(m.bounds.DedupCapacity)\n",
		},
		{
			Name: "double fill", File: "fsm/matching.go",
			Old: "	m.fillOrder(maker, f.Quantity, n, makerPays)\n", New: "	m.fillOrder(maker, 2*f.Quantity, n, makerPays)\n",
		},
		{
			Name: "wrong priority", File: "fsm/book/match.go",
			Old: "		slot := b.level(l.best).head\n", New: "		slot := b.level(l.best).tail\n",
		},
		{
			Name: "float rounding", File: "fsm/money.go",
			Old: "	q, r, _ := market.MulDiv(int64(notional), int64(rate), market.BasisPointsOne)\n	if r != 0 {\n		q++\n	}\n	return market.Amount(q)\n",
			New: "	return market.Amount(math.Round(float64(notional) * float64(rate) / market.BasisPointsOne))\n",
		},
		{
			Name: "id forgotten before its deadline", File: "fsm/dedup/recent.go",
			Old: "		if now <= newest+MinAge || !full && now <= newest+MinAge+Window {\n",
			New: "		if now <= newest+1e9 && (full || !full) {\n",
		},
		{
			Name: "session number reused", File: "fsm/sessionnumbers.go",
			Old: "	first := s.nextOut\n	s.nextOut += uint64(count)\n", New: "	first := s.nextOut\n	s.nextOut += uint64(count - 1)\n",
		},
		{
			Name: "lost hold release", File: "fsm/matching.go",
			Old: "	ref := m.hold(m.orders.cold.Get(slot), -need)\n", New: "	ref := m.hold(m.orders.cold.Get(slot), -need/2)\n",
		},
		{
			Name: "wall clock in Apply", File: "fsm/apply.go",
			Old: "	c.now = max(c.now, header.At)\n", New: "	c.now = max(c.now, market.Nanos(time.Now().UnixNano()))\n",
		},
		{
			Name: "map order", File: "fsm/matching.go",
			Old: "	m.clock.trades++\n", New: "	for n := range map[uint64]bool{1: true, 2: true} {\n		m.clock.trades += n\n		break\n	}\n",
		},
		{
			Name: "event gap", File: "fsm/outbox.go",
			Old: "	o.last += market.Sequence(n)\n", New: "	o.last += market.Sequence(n)\n	if o.last%1000 == 0 {\n		o.last++\n	}\n",
		},
	}
}

// cluster are defects of what joins the machines.
func cluster() []Mutant {
	return []Mutant{
		{
			Name: "stale read called linearizable", File: "node/reads.go",
			Old: "	marker, err := r.marker(ctx)\n	return marker.Sequence, err\n",
			New: "	return r.node.replica.state.Load().sequence, ctx.Err()\n",
		},
		{
			Name: "unknown called not executed", File: "cluster/consensus/propose.go",
			Old: "p.finish(0, nil, errors.Join(cluster.ErrUnknownOutcome, err))", New: "p.finish(0, nil, errors.Join(cluster.ErrNotLeader, err))",
		},
		{
			Name: "acknowledged before commit", File: "cluster/consensus/contacts.go",
			Old: "AppendEntries(id, target, args, resp) }); err != nil {\n		return err\n	}\n	if err := checkTerm",
			New: "AppendEntries(id, target, args, resp) }); err != nil {\n		*resp = raft.AppendEntriesResponse{Term: args.Term, LastLog: agreed(args), Success: true}\n	}\n	if err := checkTerm",
		},
		{
			Name: "old leader not fenced", File: "cluster/consensus/transport.go",
			Old: "		request.LeaderCommitIndex = min(limit.of(request.LeaderCommitIndex), agreed(request))\n",
			New: "		request.LeaderCommitIndex = min(limit.of(request.LeaderCommitIndex), agreed(request))\n		request.Term = max(request.Term, t.term())\n",
		},
		{
			Name: "committed is taken for agreed", File: "cluster/consensus/transport.go",
			Old: "min(limit.of(request.LeaderCommitIndex), agreed(request))", New: "limit.of(request.LeaderCommitIndex)",
		},
		{
			Name: "pipelining", File: "cluster/consensus/transport.go",
			Old: "MaxRPCsInFlight:         1,", New: "MaxRPCsInFlight:         128,",
		},
		{
			Name: "incarnation check removed", File: "node/proof.go",
			Old: "	err := n.memory.Verify(who)\n", New: "	err := error(nil)\n",
		},
		{
			Name: "heartbeat fast path", File: "cluster/consensus/transport.go",
			Old: "func (transport) SetHeartbeatHandler(func(raft.RPC)) {}",
			New: "func (t transport) SetHeartbeatHandler(f func(raft.RPC)) { t.NetworkTransport.SetHeartbeatHandler(f) }",
		},
		{
			Name: "anchored removed", File: "cluster/consensus/logstore/anchored.go",
			Old: "	case index == a.index && index > 1:\n", New: "	case index == a.index && index > 1 && false:\n",
		},
		{
			Name: "off-by-one snapshot", File: "fsm/snapshot.go",
			Old: "position: position{c.index, c.term,", New: "position: position{c.index - 1, c.term,",
		},
		{
			Name: "incarnation's memory not asked", File: "node/proof.go",
			Old: "	if err := n.memory.Met(who); err != nil && n.refusals.count(time.Now()) {\n",
			New: "	if err := error(nil); err != nil && n.refusals.count(time.Now()) {\n",
		},
		{
			Name: "mute removed", File: "node/mute.go",
			Old: "	if n.mutedSince.Load() == nil && n.consensus.Status().Role == cluster.RoleLeader {\n", New: "	if false {\n",
		},
		{
			Name: "stream resumed one off", File: "readmodels/journal/read.go",
			Old: "	for next := after + 1; ; {\n", New: "	for next := after + 2; ; {\n",
		},
	}
}
