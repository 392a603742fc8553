package risk

// ruleCount is how many rules there are.
const ruleCount = 13

// rules is the list, in the order in which an order meets them. To add a rule
// is to add a file and a row.
func rules() [ruleCount]func(*Order) *Refusal {
	return [ruleCount]func(*Order) *Refusal{
		suspendedAccount,
		instrumentPhase,
		leastQuantity,
		greatestQuantity,
		leastNotional,
		priceBand,
		limitsPresent,
		maxOrdersPerSecond,
		maxOrderQuantity,
		maxOrderNotional,
		maxOpenOrders,
		maxPosition,
		funds,
	}
}
