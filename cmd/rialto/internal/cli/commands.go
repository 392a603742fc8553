package cli

// commands lists what the program can do; adding a command is a file and a
// row.
func commands() []entry {
	return []entry{
		{groupRun, devCommand, false},
		{groupRun, demoCommand, false},
		{groupRun, killLeaderCommand, false},
		{groupRun, serveCommand, false},
		{groupRun, configCommand, false},
		{groupRun, applyCommand, true},
		{groupRun, venueCommand, false},
		{groupTrade, orderCommand, true},
		{groupTrade, accountCommand, true},
		{groupTrade, bookCommand, true},
		{groupTrade, instrumentCommand, true},
		{groupTrade, limitsCommand, true},
		{groupTrade, participantCommand, true},
		{groupTrade, keyCommand, true},
		{groupTrade, commandCommand, true},
		{groupTrade, fixCommand, true},
		{groupObserve, contextCommand, false},
		{groupObserve, statusCommand, true},
		{groupObserve, explainCommand, false},
		{groupObserve, bundleCommand, true},
		{groupObserve, eventsCommand, true},
		{groupObserve, readmodelCommand, true},
		{groupObserve, nodeCommand, true},
		{groupObserve, repairCommand, true},
		{groupObserve, backupCommand, true},
		{groupObserve, restoreCommand, false},
		{groupObserve, recoverCommand, false},
		{groupObserve, auditCommand, true},
		{groupObserve, transferLeaderCommand, true},
		{groupObserve, drainCommand, true},
		{groupObserve, snapshotCommand, true},
		{groupMeasure, replayCommand, true},
		{groupMeasure, generateCommand, false},
		{groupMeasure, benchCommand, false},
		{groupMeasure, chaosCommand, false},
		{"", versionCommand, false},
	}
}
