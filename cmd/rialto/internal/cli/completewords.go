package cli

import "github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"

// words lists the values of the arguments and flags that have a few, by the word of
// the usage line or the name of the flag; "command path flag" goes before a name
// that stands for different things.
func words() map[string][]string {
	return map[string][]string{
		"buy|sell": {"buy", "sell"}, "side": {"buy", "sell"},
		"PHASE":  {"closed", "continuous", "halted", "cancel_only", "post_only"},
		"tif":    {"gtc", "day", "ioc", "fok", "gtd"},
		"stp":    {"none", "cancel_newest", "cancel_oldest", "cancel_both", "decrement"},
		"status": {"all", "open", "partially_filled", "filled", "cancelled", "rejected", "expired", "pending_trigger"},
		"output": {shell.OutputTable, shell.OutputJSON}, "role": {"admin", "trader", "read", "audit"},
		"rialto serve role": {"voter", "reader"}, "rialto config check role": {"voter", "reader"},
		"log-level": {"info", "debug", "warn", "error"}, "log-format": {"text", "json"}, "consensus-log-store": {"wal", "bolt"},
		"protocol": {"FIX.4.4", "FIXT.1.1"},
		"how":      {"kill", "stop", "term", "transfer", "hang"}, "format": {"lobster"}, "speed": {"max", "1", "10", "100"},
		"type":          eventTypes(),
		"fields":        {"sequence", "at", "type", "aggregate_id", "aggregate_sequence", "participant", "actor", "source", "command_id", "log_index", "data."},
		"venue|account": {"venue", "account", "owner", "instrument"},
		"TYPE": {"NewOrderSingle", "OrderCancelRequest", "OrderCancelReplaceRequest", "OrderStatusRequest", "OrderMassCancelRequest",
			"OrderMassStatusRequest", "SecurityListRequest", "SecurityDefinitionRequest", "SecurityStatusRequest", "MarketDataRequest",
			"TradingSessionStatusRequest", "RequestForPositions", "TradeCaptureReportRequest"},
		"LIMIT=VALUE": {"max_order_quantity=", "max_order_notional=", "max_open_orders=", "max_position=", "max_gross_exposure=",
			"max_net_exposure=", "max_concentration_bps=", "max_orders_per_second="},
	}
}

// eventTypes are the types of events that a venue has; a test compares them with
// the machine's.
func eventTypes() []string {
	return []string{
		"AccountClosed", "AccountOpened", "AccountResumed", "AccountSuspended", "AssetConfirmed", "AssetDefined",
		"CommandFenced", "CommandRejected", "EntryVoided", "FundsDeposited", "FundsPosted", "FundsTransferred",
		"FundsWithdrawn", "HistoryBegan", "InstrumentConfirmed", "InstrumentDefined", "InstrumentRetired",
		"LeaderStarted", "LevelRaised", "LimitsConfirmed", "LimitsSet", "OrderAccepted", "OrderAmended",
		"OrderCancelled", "OrderExpired", "OrderFilled", "OrderRejected", "OrderReported", "OrderTriggered",
		"OrdersCancelled", "ParticipantConfirmed", "ParticipantDefined", "PhaseChanged", "PhaseConfirmed",
		"SelfTradePrevented", "SessionEnded", "SessionLoggedOn", "SessionRefused", "SessionReset",
		"SessionsAdvanced", "TradeExecuted",
	}
}
