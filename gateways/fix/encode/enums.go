package encode

import "github.com/rialto-exchange/rialto/fsm/market"

// ExecType (150).
const (
	execNew       = '0'
	execCanceled  = '4'
	execReplaced  = '5'
	execRejected  = '8'
	execExpired   = 'C'
	execRestated  = 'D'
	execTrade     = 'F'
	execStatus    = 'I'
	execTriggered = 'L' // FIX 5.0 SP2 only
)

// ordStatusRejected is OrdStatus (39) of what is no order.
const ordStatusRejected = '8'

// ordStatus is OrdStatus (39). A stop that waits for its trigger is New, and
// not working (636=N).
func ordStatus(s market.OrderStatus) byte {
	switch s {
	case market.StatusOpen, market.StatusPendingTrigger:
		return '0'
	case market.StatusPartiallyFilled:
		return '1'
	case market.StatusFilled:
		return '2'
	case market.StatusCancelled:
		return '4'
	case market.StatusExpired:
		return 'C'
	}
	return ordStatusRejected
}

// side is Side (54), 7 = undisclosed where a request named none that the venue
// knows.
func side(s market.Side) byte {
	switch s {
	case market.Buy:
		return '1'
	case market.Sell:
		return '2'
	}
	return '7'
}

// ordType is OrdType (40), 0 for none.
func ordType(t market.OrderType) byte {
	switch t {
	case market.Market:
		return '1'
	case market.Limit:
		return '2'
	case market.Stop:
		return '3'
	case market.StopLimit:
		return '4'
	}
	return 0
}

// timeInForce is TimeInForce (59), 0 for none.
func timeInForce(t market.TimeInForce) byte {
	switch t {
	case market.Day:
		return '0'
	case market.GoodTillCancel:
		return '1'
	case market.ImmediateOrCancel:
		return '3'
	case market.FillOrKill:
		return '4'
	case market.GoodTillDate:
		return '6'
	}
	return 0
}

// ExecInst (18).
const postOnly = '6' // participate, don't initiate

// LastLiquidityInd (851).
const (
	addedLiquidity   = '1'
	removedLiquidity = '2'
	auctionLiquidity = '4' // FIX 5.0 SP2 only
)

// MiscFeeType (139).
const exchangeFees = '4'
