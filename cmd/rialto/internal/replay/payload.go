package replay

import (
	"strconv"
	"strings"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/lobster"
)

// placePayload is the payload of orders/place.
type placePayload struct {
	Account       string `json:"account"`
	Instrument    string `json:"instrument"`
	Side          string `json:"side"`
	Type          string `json:"type"`
	Quantity      string `json:"quantity"`
	Price         string `json:"price"`
	TimeInForce   string `json:"time_in_force"`
	ClientOrderID string `json:"client_order_id,omitempty"`
}

// refPayload is the payload of orders/amend and orders/cancel.
type refPayload struct {
	Account       string `json:"account"`
	ClientOrderID string `json:"client_order_id"`
	Quantity      string `json:"quantity,omitempty"`
}

func sideName(buy bool) string {
	if buy {
		return "buy"
	}
	return "sell"
}

func quantity(shares int64) string { return strconv.FormatInt(shares, 10) }

// price prints units of 10^-4 exactly, without trailing zeros.
func price(units int64) string {
	text := strconv.FormatInt(units, 10)
	for len(text) <= lobster.PriceDigits {
		text = "0" + text
	}
	point := len(text) - lobster.PriceDigits
	return strings.TrimSuffix(text[:point]+"."+strings.TrimRight(text[point:], "0"), ".")
}
