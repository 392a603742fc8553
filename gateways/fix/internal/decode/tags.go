package decode

import "github.com/rialto-exchange/rialto/gateways/fix/wire"

// slot is where a value is kept while its message is read.
type slot int8

// The slots. Those below none are no places.
const (
	atAccount slot = iota
	atClOrdID
	atOrderID
	atOrigClOrdID
	atSymbol
	atSecurityID
	atIDSource
	atSide
	atOrdType
	atOrderQty
	atCashOrderQty
	atPrice
	atStopPx
	atTimeInForce
	atExecInst
	atTransactTime
	atValidUntil
	atExpireTime
	atExpireDate
	atMaxFloor
	atDisplayQty
	atSecondaryClOrdID
	atClOrdLinkID
	atSelfTradePrevention
	atSelfTradeType
	atMassCancelType
	atStatusID
	atMassStatusID
	atMassStatusType
	atSecurityReqID
	atSecurityListType
	atSecurityReqType
	atSubscription
	atSecurityStatusID
	atSessionReqID
	atSessionID
	atPositionReqID
	atPositionType
	atTradeReqID
	atTradeReqType
	atTradeReportID
	atExecID
	atMarketDataID
	atMarketDepth
	atUpdateType
	atAggregated
	atCount

	unread   slot = -1 // means nothing to the venue
	notTaken slot = -2 // asks for what the venue does not do
)

// tag returns the tag whose value a slot holds.
func (s slot) tag() wire.Tag { return slots()[s] }

const tagNoPartyIDs wire.Tag = 453

// slots lists the tag of each slot.
func slots() [atCount]wire.Tag {
	return [atCount]wire.Tag{
		atAccount: 1, atClOrdID: 11, atOrderID: 37, atOrigClOrdID: 41, atSymbol: 55, atSecurityID: 48, atIDSource: 22,
		atSide: 54, atOrdType: 40, atOrderQty: 38, atCashOrderQty: 152, atPrice: 44, atStopPx: 99, atTimeInForce: 59,
		atExecInst: 18, atTransactTime: 60, atValidUntil: 62, atExpireTime: 126, atExpireDate: 432, atMaxFloor: 111,
		atDisplayQty: 1138, atSecondaryClOrdID: 526, atClOrdLinkID: 583, atSelfTradePrevention: 25001, atSelfTradeType: 7928,
		atMassCancelType: 530, atStatusID: 790, atMassStatusID: 584, atMassStatusType: 585, atSecurityReqID: 320,
		atSecurityListType: 559, atSecurityReqType: 321, atSubscription: 263, atSecurityStatusID: 324, atSessionReqID: 335,
		atSessionID: 336, atPositionReqID: 710, atPositionType: 724, atTradeReqID: 568, atTradeReqType: 569,
		atTradeReportID: 571, atExecID: 17, atMarketDataID: 262, atMarketDepth: 264, atUpdateType: 265, atAggregated: 266,
	}
}

// slotOf returns where the value of a tag is kept, or one of the two that are
// no places.
func slotOf(t wire.Tag) slot {
	switch t {
	case 1:
		return atAccount
	case 11:
		return atClOrdID
	case 17:
		return atExecID
	case 18:
		return atExecInst
	case 22:
		return atIDSource
	case 37:
		return atOrderID
	case 38:
		return atOrderQty
	case 40:
		return atOrdType
	case 41:
		return atOrigClOrdID
	case 44:
		return atPrice
	case 48:
		return atSecurityID
	case 54:
		return atSide
	case 55:
		return atSymbol
	case 59:
		return atTimeInForce
	case 60:
		return atTransactTime
	case 62:
		return atValidUntil
	case 99:
		return atStopPx
	case 111:
		return atMaxFloor
	case 126:
		return atExpireTime
	case 152:
		return atCashOrderQty
	case 432:
		return atExpireDate
	case 526:
		return atSecondaryClOrdID
	case 530:
		return atMassCancelType
	case 583:
		return atClOrdLinkID
	case 1138:
		return atDisplayQty
	case 7928:
		return atSelfTradeType
	case 25001:
		return atSelfTradePrevention
	}
	if isNotTaken(t) {
		return notTaken
	}
	return slotOfRequest(t)
}

// slotOfRequest is slotOf for what is in no order.
func slotOfRequest(t wire.Tag) slot {
	switch t {
	case 262:
		return atMarketDataID
	case 263:
		return atSubscription
	case 264:
		return atMarketDepth
	case 265:
		return atUpdateType
	case 266:
		return atAggregated
	case 320:
		return atSecurityReqID
	case 321:
		return atSecurityReqType
	case 324:
		return atSecurityStatusID
	case 335:
		return atSessionReqID
	case 336:
		return atSessionID
	case 559:
		return atSecurityListType
	case 568:
		return atTradeReqID
	case 569:
		return atTradeReqType
	case 571:
		return atTradeReportID
	case 584:
		return atMassStatusID
	case 585:
		return atMassStatusType
	case 710:
		return atPositionReqID
	case 724:
		return atPositionType
	case 790:
		return atStatusID
	}
	return unread
}

// isNotTaken reports whether a tag of an order asks for something that the
// venue does not do, and that its client would miss: to pass over it would be
// to execute another order than was sent.
func isNotTaken(t wire.Tag) bool {
	switch t {
	case 110, // MinQty
		168,      // EffectiveTime
		192, 640, // OrderQty2, Price2
		210,                     // MaxShow
		211, 835, 836, 837, 838, // pegs
		388, 389, 841, 842, 843, 844, 846, // discretion
		423,           // PriceType
		516, 468, 469, // OrderPercent, rounding
		847, 848, 849, 957, // target strategies
		854,                                      // QtyType
		1082, 1083, 1084, 1085, 1086, 1087, 1088, // how to display
		1089, 1090, 1092, // MatchIncrement, MaxPriceLevels, protection
		1094, 1096, 1097, 1098, 1099, 1101, 1102, 1103, 1104, 1107, 1108, 1109, 1110, 1111, 1112, 1113: // pegs, triggers
		return true
	}
	return false
}

// harmless reports whether a field that is not taken says only what is so
// anyway.
func harmless(f *wire.Field) bool {
	switch f.Tag {
	case 110, 210, 211, 389, 1082, 1089, 1090:
		v, ok := parseDecimal(f.Value)
		return ok && v.IsZero()
	case 423:
		return string(f.Value) == "2" // a price per unit
	case 854:
		return string(f.Value) == "0" // units
	case 1083, 1084:
		return string(f.Value) == "1" // shown again at once, as much as at first
	}
	return false
}
