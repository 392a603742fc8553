// Package market is the vocabulary of the venue: the units that prices,
// quantities and amounts are counted in, the names of sides, order types and
// phases, and the decimal text that stands for them outside.
//
// Everything is an integer. A number leaves or enters as decimal text and is
// never a float on the way.
package market

// Price counts units of 10^-PriceDigits of the quote asset for one whole unit
// of the base asset; PriceDigits is the number of decimals of the
// instrument's price tick. Range 1 … 2^63-1; 0 means "no price".
type Price int64

// Quantity counts units of 10^-QuantityDigits of the base asset;
// QuantityDigits is the number of decimals of the instrument's quantity step.
// Range 0 … 2^63-1.
type Quantity int64

// Amount counts ledger units of one asset, 10^-scale. It is signed: a posting
// that takes away is negative.
type Amount int64

// Sequence counts the events of the venue, gapless from 1, the same on every
// node. 0 means "before the first event".
type Sequence uint64

// Nanos is an instant: nanoseconds since 1970-01-01T00:00:00Z. 0 means "none".
type Nanos int64

// MaxValidity is the most that a key's max_age counts for, and so how long a fence
// is kept whatever comes: 24 hours. A command's own valid_until may lie further
// ahead.
const MaxValidity = Nanos(24 * 3600 * 1e9)

// BasisPoints counts hundredths of a basis point (10^-6 of one): the contract
// gives fees with up to two decimals of a basis point.
type BasisPoints int64

// BasisPointsDigits is the number of decimals in BasisPoints' text form.
const BasisPointsDigits = 2

// BasisPointsOne is the BasisPoints value of the whole (10,000 bps).
const BasisPointsOne = 1_000_000

// OrderID names an order: its slot in the low 32 bits, the slot's generation
// in the high 32. Outside it prints as an opaque string, see OrderID.String.
type OrderID uint64

// TradeID numbers the trades of the venue, gapless from 1.
type TradeID uint64
