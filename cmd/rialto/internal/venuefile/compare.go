package venuefile

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
)

func isNotFound(err error) bool {
	var p *client.Problem
	return errors.As(err, &p) && p.Status == http.StatusNotFound
}

// ownFields are shown by queries beside what was declared.
func ownField(name string) bool {
	switch name {
	case "aggregate_sequence", "phase", "retired", "calendar", "fix_password_set":
		return true
	}
	return false
}

// compare tells what differs between what is wanted and what the venue has: a
// field that is absent from one of them differs too.
func compare(want, have payload) (Sign, string) {
	all := payload{}
	for k, v := range want {
		all[k] = v
	}
	for k := range have {
		if _, ok := all[k]; !ok && !ownField(k) {
			all[k] = nil
		}
	}
	return compareNamed(all, have)
}

// compareNamed compares only the fields that want names.
func compareNamed(want, have payload) (Sign, string) {
	var differences []string
	for k, v := range want {
		old, now := normal(have[k]), normal(v)
		if old != now {
			differences = append(differences, fmt.Sprintf("%s: %s → %s", k, shown(old), shown(now)))
		}
	}
	if len(differences) == 0 {
		return Keeps, ""
	}
	slices.Sort(differences)
	return Changes, strings.Join(differences, ", ")
}

func shown(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// normal returns one text for all ways to write a value: 1, "1" and "1.00"
// are the same, and an empty list is an absent one.
func normal(v any) string {
	text, err := json.Marshal(v)
	if err != nil || v == nil {
		return ""
	}
	switch s := strings.Trim(string(text), `"`); {
	case s == "[]" || s == "null":
		return ""
	case isDecimal(s) && strings.Contains(s, "."):
		return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	default:
		return s
	}
}

func isDecimal(s string) bool {
	return strings.Trim(strings.TrimPrefix(s, "-"), "0123456789.") == ""
}
