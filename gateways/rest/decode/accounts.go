package decode

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// OpenPayload documents accounts/open.
type OpenPayload struct {
	Account     string `json:"account,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
	Owner       string `json:"owner,omitempty" maxLength:"64"`
	Participant string `json:"participant,omitempty" maxLength:"64"`
}

func openAccount(o *object, aggregate string) command.Body {
	return &command.OpenAccount{
		Account:     o.about("account", aggregate, ""),
		Owner:       o.id("owner"),
		Participant: o.id("participant"),
	}
}

// AccountPayload documents accounts/close.
type AccountPayload struct {
	Account string `json:"account,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
}

func closeAccount(o *object, aggregate string) command.Body {
	return &command.CloseAccount{Account: o.about("account", aggregate, "")}
}

// AccountReasonPayload documents accounts/suspend and resume.
type AccountReasonPayload struct {
	Account string `json:"account,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
	Reason  string `json:"reason,omitempty" maxLength:"1024"`
}

func suspendAccount(o *object, aggregate string) command.Body {
	return &command.SuspendAccount{Account: o.about("account", aggregate, ""), Reason: o.text("reason", MaxText)}
}

func resumeAccount(o *object, aggregate string) command.Body {
	return &command.ResumeAccount{Account: o.about("account", aggregate, ""), Reason: o.text("reason", MaxText)}
}

// MoneyPayload documents an amount: of an asset, or in minor units.
type MoneyPayload struct {
	Amount      string `json:"amount,omitempty" format:"decimal" doc:"With asset"`
	Asset       string `json:"asset,omitempty" maxLength:"64"`
	AmountCents int64  `json:"amount_cents,omitempty" doc:"With currency: a whole number of minor units"`
	Currency    string `json:"currency,omitempty" maxLength:"64"`
}

// money reads amount and asset, or amount_cents and currency.
func (o *object) money() command.Money {
	amount, cents := o.decimal("amount"), o.integer("amount_cents")
	asset, currency := o.id("asset"), o.id("currency")
	switch {
	case amount.Set && cents.Set:
		o.fail("amount_cents", "give amount or amount_cents, not both")
	case amount.Set && currency != "":
		o.fail("currency", "belongs to amount_cents; amount has asset")
	case cents.Set && asset != "":
		o.fail("asset", "belongs to amount; amount_cents has currency")
	case amount.Set && asset == "":
		o.fail("asset", "is required")
	case cents.Set && currency == "":
		o.fail("currency", "is required")
	case amount.Set:
		return command.Money{Asset: asset, Value: amount.Value}
	case cents.Set:
		return command.Money{Asset: currency, Value: cents.Value, Minor: true}
	default:
		o.fail("amount", "is required, with asset; or amount_cents with currency")
	}
	return command.Money{}
}

// FundsPayload documents accounts/deposit and withdraw.
type FundsPayload struct {
	Account string `json:"account,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
	MoneyPayload
	Reference string `json:"reference,omitempty" maxLength:"1024"`
}

func deposit(o *object, aggregate string) command.Body {
	return &command.Deposit{
		Account: o.about("account", aggregate, ""), Money: o.money(), Reference: o.text("reference", MaxText),
	}
}

func withdraw(o *object, aggregate string) command.Body {
	return &command.Withdraw{
		Account: o.about("account", aggregate, ""), Money: o.money(), Reference: o.text("reference", MaxText),
	}
}

// TransferPayload documents accounts/transfer.
type TransferPayload struct {
	Account string `json:"account,omitempty" maxLength:"64" doc:"The source; or as aggregate_id"`
	To      string `json:"to" maxLength:"64"`
	MoneyPayload
	Reference string `json:"reference,omitempty" maxLength:"1024"`
}

func transfer(o *object, aggregate string) command.Body {
	return &command.Transfer{
		From: o.about("account", aggregate, ""), To: o.needID("to"),
		Money: o.money(), Reference: o.text("reference", MaxText),
	}
}

// KeyPayload documents one key of participants/define.
type KeyPayload struct {
	ID         string `json:"id" maxLength:"64"`
	SecretHash string `json:"secret_hash" pattern:"^[0-9a-f]{64}$" doc:"Hex SHA-256 of the secret"`
	Role       string `json:"role,omitempty" enum:"admin,trader,read,audit" doc:"Default: the participant's"`
	MaxAgeMs   uint32 `json:"max_age_ms,omitempty" doc:"Default validity of the key's commands; counts for at most 24 hours"`
}

// ParticipantPayload documents participants/define.
type ParticipantPayload struct {
	Participant     string       `json:"participant" maxLength:"64"`
	Role            string       `json:"role" enum:"admin,trader,read,audit"`
	Owner           string       `json:"owner,omitempty" maxLength:"64"`
	Accounts        []string     `json:"accounts,omitempty" nullable:"false"`
	FIXCompIDs      []string     `json:"fix_comp_ids,omitempty" nullable:"false"`
	FIXPasswordHash string       `json:"fix_password_hash,omitempty" pattern:"^[0-9a-f]{64}$" doc:"Hex SHA-256 of the password"`
	Keys            []KeyPayload `json:"keys,omitempty" nullable:"false"`

	FIXSessions []SessionPayload `json:"fix_sessions,omitempty" nullable:"false" doc:"Sessions that are more than a CompID of fix_comp_ids, which is one for orders"`
}

func defineParticipant(o *object, aggregate string) command.Body { return o.participant(aggregate) }

func redefineParticipant(o *object, aggregate string) command.Body {
	return &command.RedefineParticipant{Definition: *o.participant(aggregate)}
}

func (o *object) participant(aggregate string) *command.DefineParticipant {
	c := &command.DefineParticipant{
		Participant:     o.about("participant", aggregate, market.ParticipantPrefix),
		Role:            needEnum(o, "role", market.ParseRole, roleNames()),
		Owner:           o.id("owner"),
		Accounts:        o.ids("accounts"),
		FixCompIDs:      o.ids("fix_comp_ids"),
		FixPasswordHash: o.hash("fix_password_hash"),
	}
	o.objects("keys", func(k *object) { c.Keys = append(c.Keys, k.key(c.Role)) })
	o.objects("fix_sessions", func(s *object) { c.FixSessions = append(c.FixSessions, s.session()) })
	return c
}

func (o *object) key(role market.Role) command.Key {
	k := command.Key{ID: o.needID("id"), SecretHash: o.hash("secret_hash"), Role: role}
	if k.SecretHash == "" {
		o.fail("secret_hash", "is required")
	}
	if r := enum(o, "role", market.ParseRole, roleNames()); r != market.RoleNone {
		k.Role = r
	}
	age, _ := o.bounded("max_age_ms", 1<<32-1)
	k.MaxAgeMillis = uint32(age)
	return k
}

// hash returns a lower-case hex SHA-256, "" if absent.
func (o *object) hash(name string) string {
	s := o.text(name, MaxText)
	if s == "" {
		return ""
	}
	ok := len(s) == 64
	for i := 0; ok && i < len(s); i++ {
		ok = s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'f'
	}
	if !ok {
		o.fail(name, "must be a SHA-256 in 64 lower-case hex digits")
	}
	return s
}

func roleNames() string { return "admin, trader, read, audit" }
