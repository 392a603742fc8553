package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/gatewaytest"
	"github.com/rialto-exchange/rialto/gateways/rest"
)

// served is a REST server as a gateway, as the node has it.
type served struct{ *rest.Server }

func (served) Drain(context.Context) {}

func (s served) Status() gateways.GatewayStatus {
	return gateways.GatewayStatus{Connections: s.Connections()}
}

// strictOperations operates nothing, and lets nobody in without a key.
type strictOperations struct{ gateways.Operations }

func (strictOperations) Demo() bool { return false }

// TestSuite runs the suite of all gateways.
func TestSuite(t *testing.T) {
	gatewaytest.Run(t, gatewaytest.Case{
		Package: "github.com/rialto-exchange/rialto/gateways/rest",
		Open: func(_ context.Context, v *gatewaytest.Venue, address string) (gateways.Gateway, error) {
			l, err := v.Gateways().Listen(address)
			if err != nil {
				return nil, err
			}
			h := rest.New(rest.Config{Commands: v.Config.Commands, Reads: v.Config.Reads, Operations: strictOperations{}, NodeID: "n1"})
			s, err := rest.NewServer(rest.ServerConfig{Handler: h, Listener: l})
			if err != nil {
				return nil, errors.Join(err, l.Close())
			}
			return served{s}, nil
		},
		Order: func(address, credential, id string) error {
			r, err := http.NewRequest("POST", "http://"+address+"/v1/commands/orders/place", strings.NewReader(strings.Replace(place, `"command_id":"c1",`, "", 1)))
			if err != nil {
				return err
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Idempotency-Key", id)
			if credential != "" {
				r.Header.Set("Authorization", "Bearer "+credential)
			}
			answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			if answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden {
				return fmt.Errorf("answered %d", answer.StatusCode)
			}
			return nil
		},
	})
}
