// Package finding (no promise) is what a venue may say of itself that somebody
// should know: each kind has a code for programs and runbooks, a severity, a
// next step, and a page that `rialto explain` prints.
package finding

import (
	"embed"
	"fmt"
	"slices"

	"github.com/rialto-exchange/rialto/gateways"
)

// Code names a kind of finding. It never changes its meaning.
type Code string

// The codes.
const (
	NoLeader       Code = "no_leader"
	CutOff         Code = "cut_off"
	NodeDead       Code = "node_dead"
	NodeSilent     Code = "node_silent"
	NodeUnproven   Code = "node_unproven"
	NodeSlow       Code = "node_slow"
	NodeStuck      Code = "node_stuck"
	NodeOutside    Code = "node_outside"
	NodeRemoved    Code = "node_removed"
	NodeAwaited    Code = "node_awaited"
	PilotStands    Code = "autopilot_stands"
	DiskHangs      Code = "disk_hangs"
	RoomShort      Code = "room_short"
	ClockWrong     Code = "clock_wrong"
	StatesDiffer   Code = "states_differ"
	EntryWaits     Code = "entry_waits"
	InstallsRepeat Code = "installs_repeat"
	SnapshotsFail  Code = "snapshots_fail"
	JournalDamaged Code = "journal_damaged"
	ArchiveDamaged Code = "archive_damaged"
	ViewNotLive    Code = "view_not_live"
	ViewLags       Code = "view_lags"
	GatewayDown    Code = "gateway_down"
	LogLost        Code = "log_lost"
	LevelHeld      Code = "level_held"
	QuorumLost     Code = "quorum_lost"
	NoSpareVoter   Code = "no_spare_voter"
	EvenVoters     Code = "even_voters"
	SingleNode     Code = "single_node"
	InsecurePeers  Code = "insecure_peers"

	CertificateEnds   Code = "certificate_ends"
	CredentialsUnread Code = "credentials_unread"
)

// The severities. A note is what was chosen, and nothing wrong; a warning wants
// a look, a critical finding a hand, now.
const (
	Note     = "note"
	Warning  = "warning"
	Critical = "critical"
)

// kind is what all findings of a code share.
type kind struct {
	code     Code
	severity string
	next     string
}

// kinds lists them; one that is added needs a page too.
func kinds() []kind {
	return []kind{
		{NoLeader, Critical, "start the nodes that are down until a majority of the voters runs"},
		{CutOff, Warning, "look at the network between this node's peer port and the leader's, both ways; restart nothing"},
		{NodeDead, Critical, "start the node again; if its disk is lost, remove it and let an empty one join"},
		{NodeSilent, Warning, "look at the process and the network between it and the others"},
		{NodeUnproven, Critical, "stop whatever answers at that address, and start the member there"},
		{NodeSlow, Warning, "look for what else uses its disk and processor"},
		{NodeStuck, Critical, "restart the node; if that does not help remove it, empty its folder and let it join"},
		{NodeOutside, Critical, "do what the finding says; the node serves nobody until then"},
		{NodeRemoved, Critical, "stop the process; to use the machine again empty its folder and let it join"},
		{PilotStands, Warning, "start the voters that are missing: a change of the members needs a majority of them"},
		{NodeAwaited, Warning, "start the node again, which then joins, or remove it: rialto node remove"},
		{DiskHangs, Warning, "look at the disk and the kernel's log; move the node to another disk if it goes on"},
		{RoomShort, Warning, "make room: the finding says of what; the venue goes on by itself"},
		{ClockWrong, Warning, "mend the time synchronization of that machine"},
		{StatesDiffer, Critical, "keep both data folders for the search; see which node a majority contradicts"},
		{EntryWaits, Critical, "run a build that can execute the entry or, if no voter has executed it, void it on every node: rialto recover --void"},
		{InstallsRepeat, Critical, "remove the node, empty its folder and let it join"},
		{SnapshotsFail, Warning, "mend what the finding says; it is tried again every ten seconds while one is due"},
		{JournalDamaged, Warning, "wait, it is mended from the others; look at the disk if it comes again"},
		{ArchiveDamaged, Warning, "copy the file over from archive/ in the data folder of another node"},
		{ViewNotLive, Warning, "wait while it is rebuilt; make room if it is paused for that; if it failed: rialto readmodel rebuild NAME"},
		{ViewLags, Warning, "wait; if it goes on, look for what slows the node's disk and processor"},
		{GatewayDown, Warning, "look at the log of that node for why; the gateway is opened again when the node is restarted, or by itself if the finding says so"},
		{LogLost, Warning, "mend or restart whatever takes the log of that node"},
		{LevelHeld, Warning, "put the new build on the node that is named, or remove it"},
		{QuorumLost, Critical, "start the nodes that are down until a majority of the voters runs"},
		{NoSpareVoter, Warning, "bring the voters that are down back, or replace them, before anything else is stopped"},
		{EvenVoters, Note, "nothing, if that is what you want; one more voter, or one less, serves better"},
		{SingleNode, Note, "nothing, if that is what you want; three nodes survive the loss of one"},
		{InsecurePeers, Note, "nothing, if the nodes' network is trusted; otherwise give the nodes certificates"},
		{CertificateEnds, Warning, "rialto node enroll on that node, which may run"},
		{CredentialsUnread, Warning, "put right the file that the finding names; what was in force stays so until then"},
	}
}

// New returns a finding about a node ("" = about the venue), in words.
func New(code Code, node, format string, args ...any) gateways.Finding {
	all := kinds()
	at := slices.IndexFunc(all, func(k kind) bool { return k.code == code })
	if at < 0 {
		panic(fmt.Sprintf("finding: no kind %q", code)) // which the package's test refuses
	}
	return gateways.Finding{
		Code: string(code), Severity: all[at].severity, Node: node,
		Text: fmt.Sprintf(format, args...), NextStep: all[at].next,
	}
}

// Codes lists the codes.
func Codes() []Code {
	var codes []Code
	for _, k := range kinds() {
		codes = append(codes, k.code)
	}
	return codes
}

//go:embed pages/*.md
var pages embed.FS

// Page returns the page that explains a code; found is false for no code.
func Page(code string) (text string, found bool) {
	page, err := pages.ReadFile("pages/" + code + ".md")
	return string(page), err == nil
}
