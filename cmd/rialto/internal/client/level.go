package client

import (
	"encoding/json"
	"fmt"
)

// Level is one price of a book. On the wire it is ["price","quantity",orders].
type Level struct {
	Price    string
	Quantity string
	Orders   uint32
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *Level) UnmarshalJSON(b []byte) error {
	row := []any{&l.Price, &l.Quantity, &l.Orders}
	if err := json.Unmarshal(b, &row); err != nil {
		return fmt.Errorf("book level: %w", err)
	}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (l Level) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{l.Price, l.Quantity, l.Orders})
}
