package rest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/gateways/rest/decode"
)

// The description names every verb and query, and each of its references
// leads somewhere.
func TestOpenAPI(t *testing.T) {
	r := do(t, handler(t, newVenue()), "GET /openapi.json", "")
	r.want(t, 200)
	var api struct {
		OpenAPI    string
		Paths      map[string]map[string]any
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal([]byte(r.body), &api); err != nil {
		t.Fatal(err)
	}
	paths := []string{"/v1/commands", "/v1/commands/{id}", "/v1/queries/accounts/{id}/balance", "/v1/streams/events", "/v1/cluster", "/healthz"}
	for _, v := range decode.Verbs() {
		paths = append(paths, "/v1/commands/"+v.Name)
	}
	for _, p := range paths {
		if len(api.Paths[p]) == 0 {
			t.Errorf("%s is not described", p)
		}
	}
	for _, part := range strings.Split(r.body, `"$ref":"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if api.Components.Schemas[name] == nil {
			t.Errorf("there is no schema %s", name)
		}
	}
	for _, name := range []string{"Order", "OrderList", "FillList", "Problem", "PlacePayload", "Twin"} {
		if api.Components.Schemas[name] == nil {
			t.Errorf("there is no schema %s", name)
		}
	}
}

// The pages need nothing from elsewhere.
func TestPagesAreWhole(t *testing.T) {
	h := handler(t, newVenue())
	for _, path := range []string{"GET /docs", "GET /"} {
		r := do(t, h, path, "")
		r.want(t, 200, "<!doctype html>")
		for _, bad := range []string{"http://", "https://", "src=", "@import"} {
			if strings.Contains(r.body, bad) {
				t.Errorf("%s contains %s", path, bad)
			}
		}
	}
}
