package openapi

import "encoding/json"

// The types below document what package render writes. A test reads what is
// written back into them, strictly.

// Command is the envelope of a command.
type Command struct {
	CommandID        string         `json:"command_id,omitempty" maxLength:"64" doc:"Idempotency key; else the header Idempotency-Key, else one is made"`
	CommandType      string         `json:"command_type,omitempty" doc:"A label, stored and never checked"`
	AggregateID      string         `json:"aggregate_id,omitempty" maxLength:"64"`
	Payload          map[string]any `json:"payload,omitempty"`
	CreatedAt        string         `json:"created_at,omitempty" format:"date-time" doc:"The client's; decides nothing"`
	ExpectedSequence uint64         `json:"expected_sequence,omitempty" doc:"Of the aggregate, before the command; 0 = must not exist yet"`
	ValidUntil       string         `json:"valid_until,omitempty" format:"date-time" doc:"Refused (too_late) when the venue's time is later; its id is known until then"`
}

// BatchCommand is one element of a batch.
type BatchCommand struct {
	Command string `json:"command" example:"orders/place"`
	CommandEnvelope
}

// CommandEnvelope is Command, to be embedded.
type CommandEnvelope = Command

// TransferRequest is the optional body of a leader transfer.
type TransferRequest struct {
	To string `json:"to,omitempty" maxLength:"64" doc:"Id of the node to lead; default: the most up to date"`
}

// Answer is what an executed command is answered with.
type Answer struct {
	CommandID           string       `json:"command_id"`
	Status              string       `json:"status" enum:"accepted"`
	AggregateID         string       `json:"aggregate_id,omitempty"`
	AggregateSequence   uint64       `json:"aggregate_sequence"`
	LastUpdatedSequence uint64       `json:"last_updated_sequence" doc:"The same as aggregate_sequence"`
	Sequence            uint64       `json:"sequence" doc:"Of the command's last event: use it as min_sequence"`
	Order               *Order       `json:"order,omitempty"`
	Fills               []Fill       `json:"fills,omitempty" nullable:"false" doc:"The first 1,000"`
	FillsCount          *uint64      `json:"fills_count,omitempty"`
	Cancelled           []string     `json:"cancelled,omitempty" nullable:"false" doc:"The first 1,000"`
	CancelledCount      *uint64      `json:"cancelled_count,omitempty"`
	Continues           bool         `json:"continues,omitempty" doc:"More are cancelled in the next entries"`
	Balance             *Held        `json:"balance,omitempty"`
	Asset               *Asset       `json:"asset,omitempty"`
	Instrument          *Instrument  `json:"instrument,omitempty"`
	Participant         *Participant `json:"participant,omitempty"`
	Account             *Account     `json:"account,omitempty"`
	Scope               string       `json:"scope,omitempty"`
	Target              string       `json:"target,omitempty"`
	Limits              *LimitValues `json:"limits,omitempty"`
}

// Pending is the answer to Prefer: respond-async.
type Pending struct {
	CommandID     string `json:"command_id"`
	ClientOrderID string `json:"client_order_id,omitempty"`
	OrderID       string `json:"order_id,omitempty"`
	Status        string `json:"status" enum:"PENDING"`
}

// BatchItem is one answer of a batch.
type BatchItem struct {
	CommandID  string   `json:"command_id,omitempty"`
	HTTPStatus int      `json:"http_status"`
	Answer     *Answer  `json:"answer,omitempty"`
	Problem    *Problem `json:"problem,omitempty"`
}

// Settled is what became of a command id.
type Settled struct {
	CommandID  string   `json:"command_id"`
	Status     string   `json:"status" enum:"accepted,rejected,pending,never"`
	HTTPStatus int      `json:"http_status"`
	KnownSince string   `json:"known_since,omitempty" format:"date-time" doc:"Of status never: since when every executed command is known; absent: since ever"`
	Answer     *Answer  `json:"answer,omitempty"`
	Problem    *Problem `json:"problem,omitempty"`
}

// Problem is a refusal (RFC 9457).
type Problem struct {
	Type            string  `json:"type"`
	Title           string  `json:"title"`
	Status          int     `json:"status"`
	Detail          string  `json:"detail" doc:"[rule] reason"`
	Code            string  `json:"code"`
	Field           string  `json:"field,omitempty" doc:"Of a malformed request"`
	CommandID       string  `json:"command_id,omitempty"`
	AggregateID     string  `json:"aggregate_id,omitempty"`
	Sequence        uint64  `json:"sequence,omitempty"`
	CurrentSequence *uint64 `json:"current_sequence,omitempty"`
	Outcome         string  `json:"outcome,omitempty" enum:"not_executed,unknown"`
	FloorSequence   *uint64 `json:"floor_sequence,omitempty"`
	FloorAt         string  `json:"floor_at,omitempty" format:"date-time"`
	KnownSince      string  `json:"known_since,omitempty" format:"date-time" doc:"Of an unknown command: since when every executed one is known; absent: since ever"`
}

// List is one page.
type List[T any] struct {
	Sequence uint64 `json:"sequence"`
	Items    []T    `json:"items" nullable:"false"`
	Next     string `json:"next,omitempty" doc:"Cursor of the next page; absent at the end"`
}

// Order is an order.
type Order struct {
	OrderID             string `json:"order_id"`
	ClientOrderID       string `json:"client_order_id,omitempty"`
	Account             string `json:"account"`
	Instrument          string `json:"instrument"`
	Side                string `json:"side" enum:"buy,sell"`
	Type                string `json:"type" enum:"limit,market,stop,stop_limit"`
	TimeInForce         string `json:"time_in_force,omitempty" enum:"gtc,day,ioc,fok,gtd"`
	Quantity            string `json:"quantity"`
	QuoteQuantity       string `json:"quote_quantity,omitempty"`
	Price               string `json:"price,omitempty"`
	StopPrice           string `json:"stop_price,omitempty"`
	DisplayQuantity     string `json:"display_quantity,omitempty"`
	PostOnly            bool   `json:"post_only"`
	ExpireAt            string `json:"expire_at,omitempty" format:"date-time"`
	SelfTradePrevention string `json:"self_trade_prevention"`
	Filled              string `json:"filled"`
	FilledNotional      string `json:"filled_notional"`
	Remaining           string `json:"remaining"`
	AveragePrice        string `json:"average_price,omitempty"`
	Fees                string `json:"fees"`
	Status              string `json:"status" enum:"open,partially_filled,filled,cancelled,rejected,expired,pending_trigger"`
	Reason              string `json:"reason,omitempty"`
	AggregateSequence   uint64 `json:"aggregate_sequence"`
	CreatedAt           string `json:"created_at" format:"date-time"`
	UpdatedAt           string `json:"updated_at" format:"date-time"`
}

// Fill is one side of a trade.
type Fill struct {
	TradeID      string `json:"trade_id"`
	OrderID      string `json:"order_id"`
	Account      string `json:"account"`
	Instrument   string `json:"instrument"`
	Side         string `json:"side" enum:"buy,sell"`
	Price        string `json:"price"`
	Quantity     string `json:"quantity"`
	MakerOrderID string `json:"maker_order_id"`
	TakerOrderID string `json:"taker_order_id"`
	Liquidity    string `json:"liquidity" enum:"maker,taker,auction"`
	Fee          string `json:"fee" doc:"Negative = rebate"`
	FeeAsset     string `json:"fee_asset"`
	Counterparty string `json:"counterparty,omitempty" doc:"For admin and audit"`
	Sequence     uint64 `json:"sequence"`
	At           string `json:"at" format:"date-time"`
}

// Trade is a public trade.
type Trade struct {
	TradeID    string `json:"trade_id"`
	Instrument string `json:"instrument"`
	Price      string `json:"price"`
	Quantity   string `json:"quantity"`
	TakerSide  string `json:"taker_side" enum:"buy,sell,none"`
	Sequence   uint64 `json:"sequence"`
	At         string `json:"at" format:"date-time"`
}

// Book is the depth of an instrument: [price, quantity, orders], best first.
type Book struct {
	Instrument string  `json:"instrument"`
	Sequence   uint64  `json:"sequence"`
	Bids       [][]any `json:"bids" nullable:"false"`
	Asks       [][]any `json:"asks" nullable:"false"`
}

// Balance is the balance of one asset.
type Balance struct {
	AggregateID         string `json:"aggregate_id"`
	CurrentBalanceCents int64  `json:"current_balance_cents" doc:"Total in minor units, rounded down"`
	Currency            string `json:"currency"`
	Available           string `json:"available"`
	Held                string `json:"held"`
	Total               string `json:"total"`
	LastUpdatedSequence uint64 `json:"last_updated_sequence"`
	LastUpdatedAt       string `json:"last_updated_at,omitempty" format:"date-time"`
}

// Held is an amount of an asset.
type Held struct {
	Asset     string `json:"asset"`
	Available string `json:"available"`
	Held      string `json:"held"`
	Total     string `json:"total"`
}

// Balances are all balances of an account.
type Balances struct {
	Account  string `json:"account"`
	Sequence uint64 `json:"sequence"`
	Balances []Held `json:"balances" nullable:"false"`
}

// Account is an account.
type Account struct {
	Account           string `json:"account"`
	Owner             string `json:"owner,omitempty"`
	Participant       string `json:"participant,omitempty"`
	Status            string `json:"status" enum:"open,suspended,closed"`
	AggregateSequence uint64 `json:"aggregate_sequence"`
}

// Asset is an asset.
type Asset struct {
	Asset             string `json:"asset"`
	Scale             int    `json:"scale"`
	MinorUnit         int    `json:"minor_unit"`
	AggregateSequence uint64 `json:"aggregate_sequence"`
}

// Instrument is an instrument.
type Instrument struct {
	Instrument          string `json:"instrument"`
	Base                string `json:"base"`
	Quote               string `json:"quote"`
	PriceTick           string `json:"price_tick"`
	QuantityStep        string `json:"quantity_step"`
	MinQuantity         string `json:"min_quantity,omitempty"`
	MaxQuantity         string `json:"max_quantity,omitempty"`
	MinNotional         string `json:"min_notional,omitempty"`
	ReferencePrice      string `json:"reference_price,omitempty"`
	PriceBandBps        string `json:"price_band_bps,omitempty"`
	MarketProtectionBps string `json:"market_protection_bps"`
	MakerFeeBps         string `json:"maker_fee_bps"`
	TakerFeeBps         string `json:"taker_fee_bps"`
	Calendar            string `json:"calendar,omitempty"`
	Phase               string `json:"phase"`
	Retired             bool   `json:"retired,omitempty"`
	AggregateSequence   uint64 `json:"aggregate_sequence"`
}

// Participant is a participant, without its secrets' hashes.
type Participant struct {
	Participant       string       `json:"participant"`
	Role              string       `json:"role"`
	Owner             string       `json:"owner,omitempty"`
	Accounts          []string     `json:"accounts" nullable:"false"`
	FIXCompIDs        []string     `json:"fix_comp_ids" nullable:"false"`
	Keys              []Key        `json:"keys" nullable:"false"`
	FIXSessions       []FIXSession `json:"fix_sessions,omitempty" nullable:"false"`
	AggregateSequence uint64       `json:"aggregate_sequence"`
}

// FIXSession is the definition of a FIX session.
type FIXSession struct {
	CompID             string `json:"comp_id"`
	Kind               string `json:"kind" enum:"order_entry,drop_copy,market_data"`
	Protocol           string `json:"protocol,omitempty" enum:"FIX.4.4,FIXT.1.1"`
	CancelOnDisconnect bool   `json:"cancel_on_disconnect,omitempty"`
	CancelOnLogout     bool   `json:"cancel_on_logout,omitempty"`
	KeepGTC            bool   `json:"keep_gtc,omitempty"`
	Throttle           uint32 `json:"throttle,omitempty"`
	Roll               string `json:"roll,omitempty" doc:"UTC"`
	TimeDigits         uint8  `json:"time_digits,omitempty"`
}

// Session is a FIX session.
type Session struct {
	CompID            string  `json:"comp_id"`
	Participant       string  `json:"participant"`
	Kind              string  `json:"kind" enum:"order_entry,drop_copy,market_data"`
	State             string  `json:"state" enum:"active,idle,withdrawn"`
	Owner             string  `json:"owner,omitempty" doc:"the node that its client is, or was last, logged on to"`
	Epoch             uint64  `json:"epoch" doc:"counts its logons"`
	NextIn            uint64  `json:"next_in"`
	NextOut           uint64  `json:"next_out"`
	HeartBtInt        uint32  `json:"heart_bt_int_s,omitempty"`
	LastMessageAt     string  `json:"last_message_at,omitempty" format:"date-time"`
	LoggedOnAt        string  `json:"logged_on_at,omitempty" format:"date-time"`
	EndedAt           string  `json:"ended_at,omitempty" format:"date-time"`
	EndReason         string  `json:"end_reason,omitempty"`
	EndText           string  `json:"end_text,omitempty"`
	Protocol          string  `json:"protocol,omitempty" doc:"what its connection speaks; this and what follows as its node last said"`
	WaitingIn         uint64  `json:"waiting_in,omitempty"`
	WaitingOut        uint64  `json:"waiting_out,omitempty"`
	Resend            *Resend `json:"resend,omitempty"`
	AggregateSequence uint64  `json:"aggregate_sequence"`
}

// Resend is a range of messages that is being sent again.
type Resend struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
	At   uint64 `json:"at"`
}

// Key is a key, without its secret's hash.
type Key struct {
	ID       string `json:"id"`
	Role     string `json:"role"`
	MaxAgeMs uint32 `json:"max_age_ms,omitempty"`
}

// Limits are the risk limits set at one scope; inherited ones are absent.
type Limits struct {
	Scope             string      `json:"scope" enum:"account,owner,instrument,venue"`
	Target            string      `json:"target,omitempty"`
	Limits            LimitValues `json:"limits"`
	AggregateSequence uint64      `json:"aggregate_sequence"`
}

// LimitValues are decimals or "none".
type LimitValues struct {
	MaxOrderQuantity    string `json:"max_order_quantity,omitempty"`
	MaxOrderNotional    string `json:"max_order_notional,omitempty"`
	MaxOpenOrders       string `json:"max_open_orders,omitempty"`
	MaxPosition         string `json:"max_position,omitempty"`
	MaxGrossExposure    string `json:"max_gross_exposure,omitempty"`
	MaxNetExposure      string `json:"max_net_exposure,omitempty"`
	MaxConcentrationBps string `json:"max_concentration_bps,omitempty"`
	MaxOrdersPerSecond  string `json:"max_orders_per_second,omitempty"`
}

// TrialBalance sums the ledger; every net is zero.
type TrialBalance struct {
	Sequence uint64             `json:"sequence"`
	Assets   []TrialBalanceLine `json:"assets" nullable:"false"`
}

// TrialBalanceLine sums one asset.
type TrialBalanceLine struct {
	Asset   string `json:"asset"`
	Debits  string `json:"debits"`
	Credits string `json:"credits"`
	Net     string `json:"net"`
}

// Event is one event. Who sent the command is shown to its participant, to
// admin and audit.
type Event struct {
	Sequence          uint64          `json:"sequence"`
	Type              string          `json:"type"`
	At                string          `json:"at" format:"date-time"`
	AggregateID       string          `json:"aggregate_id,omitempty"`
	AggregateSequence uint64          `json:"aggregate_sequence"`
	Participant       string          `json:"participant,omitempty"`
	Actor             string          `json:"actor,omitempty"`
	Source            string          `json:"source,omitempty" enum:"rest,fix,console,timer,system"`
	CommandID         string          `json:"command_id,omitempty"`
	CorrelationID     string          `json:"correlation_id,omitempty"`
	LogIndex          uint64          `json:"log_index"`
	Data              json.RawMessage `json:"data" doc:"By type"`
}

// Health is the answer of the probes.
type Health struct {
	Status string `json:"status" enum:"ok,ready,degraded,not_ready"`
	Node   string `json:"node"`
	Reason string `json:"reason,omitempty"`
}

// Operated says what was done to what.
type Operated struct {
	Status  string `json:"status"`
	Subject string `json:"subject,omitempty"`
}
