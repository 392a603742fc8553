package book

import (
	"math"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// Protection returns the worst price of a market order: at most bps from the
// best opposite price on arrival, rounded towards it. 0, which is no limit,
// when nothing rests there. in's own limit is not looked at; steps are the
// withdrawn orders that it passed over.
func (b *Book) Protection(in *Incoming, bps market.BasisPoints) (limit Ticks, steps uint32) {
	any := *in
	any.Limit = 0
	best, steps := b.meets(&any)
	return protection(in.Side, best, bps), steps
}

// protection is bps away from the best price, for a side.
func protection(side market.Side, best Ticks, bps market.BasisPoints) Ticks {
	away, _, ok := market.MulDiv(int64(best), int64(bps), market.BasisPointsOne)
	switch {
	case best == 0:
		return 0
	case side == market.Buy && (!ok || int64(best) > math.MaxInt64-away):
		return math.MaxInt64
	case side == market.Buy:
		return best + Ticks(away)
	case !ok || away >= int64(best):
		return 1
	}
	return best - Ticks(away)
}

// protectedRemainder: what is left of a market order found no one, or only
// prices that it is protected from.
func (b *Book) protectedRemainder(in *Incoming) market.Reason {
	if b.ladders.Get(in.opposite()).best == 0 {
		return market.ReasonNoLiquidity
	}
	return market.ReasonProtection
}
