package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
)

// command is one write, its payload as it is sent.
type command struct {
	verb, id string
	payload  []byte
}

// appendBody appends a request's body.
func appendBody(dst []byte, commands []command) []byte {
	if len(commands) == 1 {
		return appendCommand(append(dst, '{'), &commands[0])
	}
	for i := range commands {
		opening := `,{"command":`
		if i == 0 {
			opening = `[{"command":`
		}
		dst = append(dst, opening...)
		dst = append(quote(dst, commands[i].verb), ',')
		dst = appendCommand(dst, &commands[i])
	}
	return append(dst, ']')
}

func appendCommand(dst []byte, c *command) []byte {
	dst = quote(append(dst, `"command_id":`...), c.id)
	dst = append(append(dst, `,"payload":`...), c.payload...)
	return append(dst, '}')
}

// quote appends a text of the load's own, or a name of the venue's: none has
// anything to escape.
func quote(dst []byte, text string) []byte {
	return append(append(append(dst, '"'), text...), '"')
}

// object is a JSON object of names and texts.
func object(fields ...string) []byte {
	dst := append(make([]byte, 0, 256), '{')
	for i := 0; i < len(fields); i += 2 {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(quote(dst, fields[i]), ':')
		dst = quote(dst, fields[i+1])
	}
	return append(dst, '}')
}

// executed is how an element of a batch's answer says so. It can't stand within
// a text, whose quotes are escaped.
const executed = `"http_status":200,`

// briefs reads the answers of a batch. They are decoded only if they are not all
// alike.
func briefs(status int, answer []byte, commands int) ([]client.Brief, error) {
	if status != http.StatusOK {
		return nil, errNotFinal
	}
	if bytes.Count(answer, []byte(executed)) == commands {
		return make([]client.Brief, commands), nil
	}
	var results []client.Brief
	if err := json.Unmarshal(answer, &results); err != nil {
		return nil, fmt.Errorf("decode answer: %w", err)
	}
	for i := range results {
		if s := results[i].HTTPStatus; s == http.StatusTooManyRequests || s >= http.StatusInternalServerError {
			return nil, errNotFinal
		}
	}
	if len(results) != commands {
		return nil, errNotFinal
	}
	return results, nil
}
