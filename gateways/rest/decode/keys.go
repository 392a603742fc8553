package decode

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// CreateKeyPayload documents keys/create.
type CreateKeyPayload struct {
	Participant string `json:"participant,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
	KeyID       string `json:"key_id" maxLength:"64"`
	Hash        string `json:"hash" pattern:"^[0-9a-f]{64}$" doc:"Hex SHA-256 of the secret"`
	Role        string `json:"role" enum:"admin,trader,read,audit"`
	MaxAgeMs    uint32 `json:"max_age_ms,omitempty" doc:"Default validity of the key's commands; counts for at most 24 hours"`
}

func createKey(o *object, aggregate string) command.Body {
	b := &command.CreateKey{
		Participant: o.about("participant", aggregate, market.ParticipantPrefix),
		Key: command.Key{
			ID: o.needID("key_id"), SecretHash: o.hash("hash"), Role: needEnum(o, "role", market.ParseRole, roleNames()),
		},
	}
	if b.Key.SecretHash == "" {
		o.fail("hash", "is required")
	}
	age, _ := o.bounded("max_age_ms", 1<<32-1)
	b.Key.MaxAgeMillis = uint32(age)
	return b
}

// RevokeKeyPayload documents keys/revoke.
type RevokeKeyPayload struct {
	Participant string `json:"participant,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
	KeyID       string `json:"key_id" maxLength:"64"`
}

func revokeKey(o *object, aggregate string) command.Body {
	return &command.RevokeKey{
		Participant: o.about("participant", aggregate, market.ParticipantPrefix), KeyID: o.needID("key_id"),
	}
}
