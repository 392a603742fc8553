// Package node puts the parts of Rialto together: one Config, one Open, one
// Close. It owns the order in which parts start and stop, and the adapters
// between ports that do not know each other.
//
// # For programs that embed a node
//
// Open starts a node in the program's own process, WithFounding the first one of
// a venue, or all of the first ones. Node.Commands and Node.Reads are what a
// gateway has, without the network in between; Node.Follow hands out events as
// they happen; Node.Operations is what an operator can ask, and its Ready says when
// the node is fit to serve. Node.Fatal tells that it must not go on, and Node.Close
// ends it.
//
// A program adds what it needs by options:
//
//   - WithReadModel: a view of its own, folded from the events and readable at any
//     point of the past (package readmodels; viewtest is its suite)
//   - WithGateway: a door of its own, for clients who show a key (package
//     gateways; gatewaytest is its suite)
//   - WithListeners: sockets that are bound already; a port 0 in the configuration
//     is one that the system chooses, and Node.Addresses tells which
//   - WithoutREST, WithoutFIX: a node that only its own program reaches
//   - WithLogger, WithVersion, WithClock, WithProcess
//
// The folders under node/examples are whole programs: three nodes in a process, a
// view, a gateway, and a bot.
//
// # What is promised
//
// Programs may build on this package, gateways, readmodels, their suites
// gatewaytest and viewtest, and fsm/market, fsm/command and fsm/event. A change
// of what they export is deliberate, and stands in the changelog. Of this package
// the tools on the folder of a stopped node (Restore, Recover, Enrol and those
// beside them) are not promised, nor is WithWorld: they are rialto's own. Every
// other package that can be imported says "no promise" in its first line: it is
// there for this one to put together, and may be another tomorrow.
package node
