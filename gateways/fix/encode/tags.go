package encode

import "github.com/rialto-exchange/rialto/gateways/fix/wire"

// The tags that are written, in the words of the specification.
const (
	tagAccount                wire.Tag = 1
	tagAvgPx                  wire.Tag = 6
	tagClOrdID                wire.Tag = 11
	tagCumQty                 wire.Tag = 14
	tagCurrency               wire.Tag = 15
	tagExecID                 wire.Tag = 17
	tagExecInst               wire.Tag = 18
	tagLastPx                 wire.Tag = 31
	tagLastQty                wire.Tag = 32
	tagOrderID                wire.Tag = 37
	tagOrderQty               wire.Tag = 38
	tagOrdStatus              wire.Tag = 39
	tagOrdType                wire.Tag = 40
	tagOrigClOrdID            wire.Tag = 41
	tagPrice                  wire.Tag = 44
	tagSide                   wire.Tag = 54
	tagSymbol                 wire.Tag = 55
	tagText                   wire.Tag = 58
	tagTimeInForce            wire.Tag = 59
	tagTransactTime           wire.Tag = 60
	tagTradeDate              wire.Tag = 75
	tagStopPx                 wire.Tag = 99
	tagCxlRejReason           wire.Tag = 102
	tagOrdRejReason           wire.Tag = 103
	tagMaxFloor               wire.Tag = 111
	tagExpireTime             wire.Tag = 126
	tagNoMiscFees             wire.Tag = 136
	tagMiscFeeAmt             wire.Tag = 137
	tagMiscFeeCurr            wire.Tag = 138
	tagMiscFeeType            wire.Tag = 139
	tagExecType               wire.Tag = 150
	tagLeavesQty              wire.Tag = 151
	tagCashOrderQty           wire.Tag = 152
	tagSubscriptionRequest    wire.Tag = 263
	tagUnsolicitedIndicator   wire.Tag = 325
	tagExecRestatementReason  wire.Tag = 378
	tagCxlRejResponseTo       wire.Tag = 434
	tagTradeReportTransType   wire.Tag = 487
	tagMassCancelRequestType  wire.Tag = 530
	tagMassCancelResponse     wire.Tag = 531
	tagMassCancelRejectReason wire.Tag = 532
	tagTotalAffectedOrders    wire.Tag = 533
	tagNoSides                wire.Tag = 552
	tagTradeRequestID         wire.Tag = 568
	tagTradeRequestType       wire.Tag = 569
	tagPreviouslyReported     wire.Tag = 570
	tagTradeReportID          wire.Tag = 571
	tagAccountType            wire.Tag = 581
	tagMassStatusReqID        wire.Tag = 584
	tagWorkingIndicator       wire.Tag = 636
	tagNoPositions            wire.Tag = 702
	tagPosType                wire.Tag = 703
	tagLongQty                wire.Tag = 704
	tagPosAmtType             wire.Tag = 707
	tagPosAmt                 wire.Tag = 708
	tagPosReqID               wire.Tag = 710
	tagClearingBusinessDate   wire.Tag = 715
	tagPosMaintRptID          wire.Tag = 721
	tagPosReqType             wire.Tag = 724
	tagTotalNumPosReports     wire.Tag = 727
	tagPosReqResult           wire.Tag = 728
	tagPosReqStatus           wire.Tag = 729
	tagSettlPrice             wire.Tag = 730
	tagSettlPriceType         wire.Tag = 731
	tagPriorSettlPrice        wire.Tag = 734
	tagTotNumTradeReports     wire.Tag = 748
	tagTradeRequestResult     wire.Tag = 749
	tagTradeRequestStatus     wire.Tag = 750
	tagNoPosAmt               wire.Tag = 753
	tagOrdStatusReqID         wire.Tag = 790
	tagCopyMsgIndicator       wire.Tag = 797
	tagLastLiquidityInd       wire.Tag = 851
	tagTradeReportType        wire.Tag = 856
	tagTrdMatchID             wire.Tag = 880
	tagTotNumReports          wire.Tag = 911
	tagLastRptRequested       wire.Tag = 912
	tagAggressorIndicator     wire.Tag = 1057
	tagDisplayQty             wire.Tag = 1138
	tagMassActionReportID     wire.Tag = 1369
)

// none stands for an order that there is not.
const none = "NONE"
