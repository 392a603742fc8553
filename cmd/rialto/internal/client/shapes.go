package client

// Order is an order as queries and answers show it. Numbers are decimal text.
type Order struct {
	OrderID           string `json:"order_id"`
	ClientOrderID     string `json:"client_order_id,omitempty"`
	Account           string `json:"account"`
	Instrument        string `json:"instrument"`
	Side              string `json:"side"`
	Type              string `json:"type"`
	TimeInForce       string `json:"time_in_force"`
	Quantity          string `json:"quantity,omitempty"`
	Price             string `json:"price,omitempty"`
	Filled            string `json:"filled"`
	Remaining         string `json:"remaining"`
	AveragePrice      string `json:"average_price,omitempty"`
	Fees              string `json:"fees,omitempty"`
	Status            string `json:"status"`
	Reason            string `json:"reason,omitempty"`
	AggregateSequence uint64 `json:"aggregate_sequence"`
	CreatedAt         string `json:"created_at,omitempty"`
	UpdatedAt         string `json:"updated_at,omitempty"`
}

// Fill is one order's side of a trade.
type Fill struct {
	TradeID      string `json:"trade_id"`
	OrderID      string `json:"order_id"`
	Account      string `json:"account"`
	Instrument   string `json:"instrument"`
	Side         string `json:"side"`
	Price        string `json:"price"`
	Quantity     string `json:"quantity"`
	MakerOrderID string `json:"maker_order_id"`
	TakerOrderID string `json:"taker_order_id"`
	Liquidity    string `json:"liquidity"`
	Fee          string `json:"fee"`
	FeeAsset     string `json:"fee_asset"`
	Sequence     uint64 `json:"sequence"`
	At           string `json:"at"`
}

// Balance is one balance of an account.
type Balance struct {
	Asset     string `json:"asset"`
	Available string `json:"available"`
	Held      string `json:"held"`
	Total     string `json:"total"`
}

// Balances are all balances of an account.
type Balances struct {
	Account  string    `json:"account"`
	Sequence uint64    `json:"sequence"`
	Balances []Balance `json:"balances"`
}

// Account is an account. Sequence counts its own events.
type Account struct {
	Account     string `json:"account"`
	Owner       string `json:"owner,omitempty"`
	Participant string `json:"participant,omitempty"`
	Status      string `json:"status"`
	Sequence    uint64 `json:"aggregate_sequence"`
}

// List is one page of a list.
type List[T any] struct {
	Sequence uint64 `json:"sequence"`
	Items    []T    `json:"items"`
	Next     string `json:"next,omitempty"`
}

// Instrument is an instrument. Numbers are decimal text.
type Instrument struct {
	Instrument     string `json:"instrument"`
	Base           string `json:"base"`
	Quote          string `json:"quote"`
	PriceTick      string `json:"price_tick"`
	QuantityStep   string `json:"quantity_step"`
	ReferencePrice string `json:"reference_price,omitempty"`
	MakerFeeBps    string `json:"maker_fee_bps"`
	TakerFeeBps    string `json:"taker_fee_bps"`
	Phase          string `json:"phase"`
}

// Limits are the risk limits set at one scope, by name: a decimal or none.
type Limits struct {
	Scope  string            `json:"scope"`
	Target string            `json:"target,omitempty"`
	Limits map[string]string `json:"limits"`
}

// Book is the depth of an instrument: rows of price, quantity and number of
// orders, best first.
type Book struct {
	Instrument string  `json:"instrument"`
	Sequence   uint64  `json:"sequence"`
	Bids       []Level `json:"bids"`
	Asks       []Level `json:"asks"`
}

// Twin is the cluster as a node sees it.
type Twin struct {
	ClusterID string     `json:"cluster_id"`
	Leader    string     `json:"leader,omitempty"`
	Quorum    TwinQuorum `json:"quorum"`
	Nodes     []TwinNode `json:"nodes"`
	Findings  []Finding  `json:"findings"`
	Failovers []Failover `json:"failovers"`
}

// Failover is a change of leadership.
type Failover struct {
	Term     uint64  `json:"term"`
	Leader   string  `json:"leader,omitempty"`
	Previous string  `json:"previous,omitempty"`
	Cause    string  `json:"cause,omitempty"`
	Reason   string  `json:"reason,omitempty"`
	At       string  `json:"at"`
	GapMs    float64 `json:"gap_ms"`
}

// TwinQuorum is how many nodes vote, and how many of them may fail.
type TwinQuorum struct {
	Voters  int `json:"voters"`
	Healthy int `json:"healthy"`
	Needed  int `json:"needed"`
	MayFail int `json:"may_fail"`
}

// TwinNode is one node of the twin.
type TwinNode struct {
	ID             string          `json:"id"`
	PID            int             `json:"pid"`
	Version        string          `json:"version"`
	Role           string          `json:"role"`
	Votes          bool            `json:"votes"`
	Reader         bool            `json:"reader"`
	State          string          `json:"state"`
	HTTPAddress    string          `json:"http_address"`
	FIXAddress     string          `json:"fix_address"`
	PeerAddress    string          `json:"peer_address"`
	GossipAddress  string          `json:"gossip_address"`
	Term           uint64          `json:"term"`
	CommitIndex    uint64          `json:"commit_index"`
	AppliedIndex   uint64          `json:"applied_index"`
	Sequence       uint64          `json:"sequence"`
	StateHash      string          `json:"state_hash"`
	StateHashIndex uint64          `json:"state_hash_index"`
	DiskFreeBytes  uint64          `json:"disk_free_bytes"`
	LogSyncMs      float64         `json:"log_sync_ms"`
	ReadModels     []TwinReadModel `json:"read_models"`
	Gateways       []TwinGateway   `json:"gateways"`
	Memory         *TwinMemory     `json:"memory"`
}

// TwinMemory is what a node's process has resident, in bytes.
type TwinMemory struct {
	ResidentBytes     uint64           `json:"resident_bytes"`
	HugeBytes         uint64           `json:"huge_bytes"`
	PeakBytes         uint64           `json:"peak_bytes"`
	RuntimeLimitBytes uint64           `json:"runtime_limit_bytes"`
	Parts             []TwinMemoryPart `json:"parts"`
	Inside            []TwinMemoryPart `json:"inside"`
}

// TwinMemoryPart is a part of a process's memory.
type TwinMemoryPart struct {
	Name          string `json:"name"`
	ResidentBytes uint64 `json:"resident_bytes"`
	HugeBytes     uint64 `json:"huge_bytes"`
}

// TwinReadModel is one read model of a node.
type TwinReadModel struct {
	Name     string  `json:"name"`
	Sequence uint64  `json:"sequence"`
	Lag      uint64  `json:"lag"` // events
	LagMs    float64 `json:"lag_ms"`
	State    string  `json:"state"`
}

// TwinGateway is one gateway of a node.
type TwinGateway struct {
	Name        string `json:"name"`
	Address     string `json:"address"`
	State       string `json:"state"`
	Connections int    `json:"connections"`
}

// Finding is what somebody should know of the venue, in words.
type Finding struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Node     string `json:"node,omitempty"`
	About    string `json:"about,omitempty"`
	Since    string `json:"since"`
	Text     string `json:"text"`
	NextStep string `json:"next_step"`
}

// Participant is who may act.
type Participant struct {
	Participant string   `json:"participant"`
	Role        string   `json:"role"`
	Owner       string   `json:"owner,omitempty"`
	Accounts    []string `json:"accounts,omitempty"`
	FIXCompIDs  []string `json:"fix_comp_ids,omitempty"`
	FIXSessions []struct {
		CompID string `json:"comp_id"`
	} `json:"fix_sessions,omitempty"`
	Keys []Key `json:"keys,omitempty"`
}

// Key is a key as the venue shows it: without its secret.
type Key struct {
	ID       string `json:"id"`
	Role     string `json:"role"`
	MaxAgeMs uint32 `json:"max_age_ms,omitempty"`
}
