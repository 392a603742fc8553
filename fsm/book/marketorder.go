package book

import (
	"math"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// Protection returns the worst price of a market order: at most bps from the
// best opposite price on arrival, rounded towards it. 0, which is no limit,
// when nothing rests there.
func (b *Book) Protection(instrument uint32, side market.Side, bps market.BasisPoints) Ticks {
	best := b.ladders.Get(instrument*kinds + uint32(kindOf(side.Opposite()))).bestPrice
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
