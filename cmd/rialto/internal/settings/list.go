// Package settings fills a node's configuration: defaults, then a file, then
// RIALTO_… variables, then flags, each overriding what came before.
package settings

import "strings"

// Prefix begins the variables.
const Prefix = "RIALTO_"

// Setting is one setting of a node, under its three names.
type Setting struct {
	// Key is the name in the file; a dot enters a section.
	Key string
	// Help says what it is, in a line.
	Help string
	// Hidden settings are not shown in the help.
	Hidden bool
}

// Flag returns the name of the setting's flag.
func (s Setting) Flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(s.Key) }

// Variable returns the name of the setting's variable.
func (s Setting) Variable() string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(s.Key, ".", "_"))
}

// List returns all settings; a test compares it with node.Config.
func List() []Setting {
	return []Setting{
		{Key: "node_id", Help: "name of the node; it stays with the data"},
		{Key: "cluster_id", Help: "name of the cluster; nodes of another are refused"},
		{Key: "data_dir", Help: "folder of everything that the node keeps"},
		{Key: "role", Help: "voter or reader"},
		{Key: "http_address", Help: "REST, streams, status page, health and metrics, host:port"},
		{Key: "fix_address", Help: "FIX clients, host:port"},
		{Key: "peer_address", Help: "Raft and forwarding between nodes, host:port"},
		{Key: "gossip_address", Help: "membership, TCP and UDP, host:port"},
		{Key: "advertise_host", Help: "host that others reach the node at, if it listens on all interfaces"},
		{Key: "initial_cluster", Help: "first voters of a new cluster, the same on each: id=host:port,…"},
		{Key: "join", Help: "gossip addresses of members of a running cluster, host:port,…"},
		{Key: "peer_tls.ca", Help: "authorities that certify the cluster's nodes, a PEM file"},
		{Key: "peer_tls.cert", Help: "the node's certificate for the peer port, a PEM file; none: tls/node.pem in data_dir"},
		{Key: "peer_tls.key", Help: "its private key, a PEM file; none: tls/node-key.pem in data_dir"},
		{Key: "peer_tls.ca_key", Help: "key of the first authority, by which the node certifies itself; who has it can be any node"},
		{Key: "insecure_peers", Help: "run with ports between nodes that are open to whoever reaches them"},
		{Key: "gossip_keyring", Help: "file with the keys of gossip, base64: the first encrypts, all are understood"},
		{Key: "gossip_key", Help: "one key that encrypts gossip: 16, 24 or 32 bytes in base64"},
		{Key: "tls_cert", Help: "certificate of the HTTP port, a PEM file"},
		{Key: "tls_key", Help: "its private key, a PEM file"},
		{Key: "demo", Help: "let loopback callers act as administrators (rialto dev)", Hidden: true},
		{Key: "feature_level", Help: "highest feature level that the node lets the venue rise to; 0 is what the build knows"},
		{Key: "bootstrap_key", Help: "first administrator: <key id>:<hex SHA-256 of the secret>"},
		{Key: "debug_address", Help: "Go's profiles, on a loopback host:port; none if empty"},
		{Key: "log_format", Help: "text or json"},
		{Key: "log_level", Help: "debug, info, warn or error"},
		{Key: "membership.fail_after", Help: "silence after which a voter is replaced or removed, where that is safe"},
		{Key: "membership.forget_after", Help: "silence after which a member without a vote is removed"},
		{Key: "membership.max_voters", Help: "voters at most: 1, 3, 5 or 7; further nodes stand by"},
		{Key: "consensus.log_store", Help: "wal or bolt"},
		{Key: "consensus.heartbeat_timeout", Help: "silence after which a follower stands for election"},
		{Key: "consensus.accelerated_election", Help: "a follower stands at once for a leader whose process is gone"},
		{Key: "consensus.commit_timeout", Help: "how long a follower waits for a commit index at most, if the leader's word of it was lost"},
		{Key: "consensus.write_deadline", Help: "a leader whose write has not returned for so long goes mute"},
		{Key: "consensus.exit_after", Help: "a node that has been mute for so long ends if the others do well"},
		{Key: "consensus.snapshot_replay", Help: "a snapshot is due when a restart would replay so long"},
		{Key: "consensus.snapshot_bytes", Help: "how much log is written between snapshots at most"},
		{Key: "consensus.trailing_entries", Help: "entries that stay in the log behind a snapshot"},
		{Key: "commands.retry_budget", Help: "how long a gateway looks for a leader before it answers 503"},
		{Key: "commands.deadline", Help: "age after which no copy of a command executes, at most 10s"},
		{Key: "commands.dedup_capacity", Help: "command ids remembered; the same on every node"},
		{Key: "commands.max_connections", Help: "HTTP connections at most; fewer where descriptors are few"},
		{Key: "commands.max_connections_per_address", Help: "HTTP connections of one remote address at most; 0: half of them all"},
		{Key: "commands.max_connections_per_participant", Help: "requests and streams at work for one participant at most; 0: half of the connections"},
		{Key: "commands.max_requests_per_participant", Help: "requests with bodies under way for one participant at most"},
		{Key: "commands.max_commands_per_participant", Help: "commands under way for one participant at most"},
		{Key: "commands.max_bytes_per_participant", Help: "bytes of bodies under way for one participant at most"},
		{Key: "commands.max_refusals_per_second", Help: "refusals a second of one participant, or address without a key, that are not late"},
		{Key: "commands.max_refusals_at_once", Help: "refusals of one of them in a burst that are not late"},
		{Key: "commands.reserved_connections", Help: "HTTP connections beyond these bounds for health, metrics and administrators"},
		{Key: "fix.tls_cert", Help: "certificate of the FIX port, a PEM file; none: plain TCP"},
		{Key: "fix.tls_key", Help: "its private key, a PEM file"},
		{Key: "fix.max_connections", Help: "FIX connections at most"},
		{Key: "fix.max_connections_per_address", Help: "FIX connections of one address at most"},
		{Key: "fix.max_sessions_per_participant", Help: "FIX sessions of one participant on this node at most"},
		{Key: "fix.logon_timeout", Help: "how long a FIX connection may be there without being logged on"},
		{Key: "fix.logons_per_minute", Help: "logons that one address may try; a wrong password counts for ten"},
		{Key: "fix.min_heartbeat", Help: "shortest HeartBtInt that is taken"},
		{Key: "room.low_bytes", Help: "space left at which intake is slower; 0: by the file system's size"},
		{Key: "room.low_inodes", Help: "inodes left at which intake is slower; 0: by the file system's count"},
		{Key: "room.low_descriptors", Help: "descriptors left at which intake is slower; 0: by RLIMIT_NOFILE"},
		{Key: "room.cancels_bytes", Help: "space left at which no new orders are taken; 0: as above"},
		{Key: "room.cancels_inodes", Help: "inodes left at which no new orders are taken; 0: as above"},
		{Key: "room.cancels_descriptors", Help: "descriptors left at which no new orders are taken; 0: as above"},
		{Key: "room.read_only_bytes", Help: "space left at which nothing is taken; 0: as above"},
		{Key: "room.read_only_inodes", Help: "inodes left at which nothing is taken; 0: as above"},
		{Key: "room.read_only_descriptors", Help: "descriptors left at which nothing is taken; 0: as above"},
		{Key: "room.slow_orders_per_second", Help: "new orders a second through this node while intake is slower"},
		{Key: "read_models.book_checkpoint_events", Help: "events between two checkpoints of the books"},
		{Key: "reads.max_scans", Help: "lists and folds served at once; 0: half of the processors"},
		{Key: "reads.max_waits_per_participant", Help: "reads of one participant that wait for the venue at most"},
		{Key: "reads.max_scans_per_participant", Help: "lists and folds that one participant has in hand"},
		{Key: "reads.max_streams", Help: "event streams at most"},
		{Key: "reads.max_streams_per_participant", Help: "event streams of one participant at most"},
		{Key: "memory.runtime_bytes", Help: "what Go's runtime keeps within, while a third of what is alive fits beside it; 0: no bound"},
		{Key: "memory.collect_percent", Help: "growth of the heap between two collections at most; 0: the runtime's own"},
		{Key: "memory.read_model_bytes", Help: "memory of the read models' stores together"},
		{Key: "memory.log_cache_bytes", Help: "entries of the log in memory that not everybody has applied, at most"},
		{Key: "memory.huge_pages", Help: "the machine's tables outside of Go's heap, in huge pages"},
		{Key: "read_models.scrub_bytes", Help: "bytes a second read in the background to find damage"},
	}
}
