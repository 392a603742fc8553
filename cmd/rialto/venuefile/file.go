// Package venuefile reads the file in which a venue is declared, compares it
// with a running venue, and brings the venue to what the file says.
//
// Applying a file is idempotent: a second time changes nothing. What the file
// does not mention stays as it is; nothing is ever removed.
package venuefile

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

//go:embed demo.yaml
var demo []byte

// Demo returns the file of the demo venue.
func Demo() []byte { return demo }

// File is a venue as declared.
type File struct {
	Assets       []Asset       `yaml:"assets"`
	Instruments  []Instrument  `yaml:"instruments"`
	Limits       Limits        `yaml:"limits"` // of the venue
	Owners       []Owner       `yaml:"owners"`
	Participants []Participant `yaml:"participants"`
	Accounts     []Account     `yaml:"accounts"`
	// Calendars are named to be refused clearly: the venue has none yet.
	Calendars []any `yaml:"calendars"`
}

// Asset is one asset.
type Asset struct {
	Asset     string `yaml:"asset"`
	Scale     int    `yaml:"scale"`
	MinorUnit *int   `yaml:"minor_unit"`
}

// Instrument is one instrument. Empty numbers are absent.
type Instrument struct {
	Instrument          string `yaml:"instrument"`
	Base                string `yaml:"base"`
	Quote               string `yaml:"quote"`
	PriceTick           Number `yaml:"price_tick"`
	QuantityStep        Number `yaml:"quantity_step"`
	MinQuantity         Number `yaml:"min_quantity"`
	MaxQuantity         Number `yaml:"max_quantity"`
	MinNotional         Number `yaml:"min_notional"`
	ReferencePrice      Number `yaml:"reference_price"`
	PriceBandBps        Number `yaml:"price_band_bps"`
	MarketProtectionBps Number `yaml:"market_protection_bps"`
	MakerFeeBps         Number `yaml:"maker_fee_bps"`
	TakerFeeBps         Number `yaml:"taker_fee_bps"`
	Phase               string `yaml:"phase"`
	Limits              Limits `yaml:"limits"`
}

// Limits are risk limits: a number or "none". Absent ones stay as they are.
type Limits struct {
	MaxOrderQuantity    Number `yaml:"max_order_quantity"`
	MaxOrderNotional    Number `yaml:"max_order_notional"`
	MaxOpenOrders       Number `yaml:"max_open_orders"`
	MaxPosition         Number `yaml:"max_position"`
	MaxGrossExposure    Number `yaml:"max_gross_exposure"`
	MaxNetExposure      Number `yaml:"max_net_exposure"`
	MaxConcentrationBps Number `yaml:"max_concentration_bps"`
	MaxOrdersPerSecond  Number `yaml:"max_orders_per_second"`
}

// Owner sets the limits of all accounts of one owner.
type Owner struct {
	Owner  string `yaml:"owner"`
	Limits Limits `yaml:"limits"`
}

// Participant is who may act, with which keys. Secrets may be given plain or
// as the hex SHA-256; only the hash ever leaves this program.
type Participant struct {
	Participant     string   `yaml:"participant"`
	Role            string   `yaml:"role"`
	Owner           string   `yaml:"owner"`
	Accounts        []string `yaml:"accounts"`
	FIXCompIDs      []string `yaml:"fix_comp_ids"`
	FIXPassword     string   `yaml:"fix_password"`
	FIXPasswordHash string   `yaml:"fix_password_hash"`
	Keys            []Key    `yaml:"keys"`
	// FIXSessions are sessions that are more than a CompID of fix_comp_ids.
	FIXSessions []FIXSession `yaml:"fix_sessions"`
}

// FIXSession is one FIX session. Kind is order_entry unless it says otherwise,
// Roll a time of the day in UTC.
type FIXSession struct {
	CompID             string `yaml:"comp_id"`
	Kind               string `yaml:"kind"`
	Protocol           string `yaml:"protocol"`
	CancelOnDisconnect bool   `yaml:"cancel_on_disconnect"`
	CancelOnLogout     bool   `yaml:"cancel_on_logout"`
	KeepGTC            bool   `yaml:"keep_gtc"`
	Throttle           uint32 `yaml:"throttle"`
	Roll               string `yaml:"roll"`
	TimeDigits         uint8  `yaml:"time_digits"`
}

// Key is one API key.
type Key struct {
	ID         string `yaml:"id"`
	Secret     string `yaml:"secret"`
	SecretHash string `yaml:"secret_hash"`
	Role       string `yaml:"role"`
	MaxAgeMs   uint32 `yaml:"max_age_ms"`
}

// Account is one account. Deposits are made once in its life, right after it
// was opened.
type Account struct {
	Account     string    `yaml:"account"`
	Owner       string    `yaml:"owner"`
	Participant string    `yaml:"participant"`
	Limits      Limits    `yaml:"limits"`
	Deposit     []Deposit `yaml:"deposit"`
}

// Deposit is an amount of one asset.
type Deposit struct {
	Asset  string `yaml:"asset"`
	Amount Number `yaml:"amount"`
}

// Number is decimal text exactly as it was written, quoted or not: YAML's own
// numbers would pass through a float.
type Number string

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (n *Number) UnmarshalYAML(node ast.Node) error {
	scalar, ok := node.(ast.ScalarNode)
	if !ok || node.Type() == ast.NullType {
		return &yaml.SyntaxError{Message: "a number or text is expected here", Token: node.GetToken()}
	}
	*n = Number(scalar.GetToken().Value)
	return nil
}

// Parse reads a file. Unknown fields and wrong types are errors that show the
// line.
func Parse(text []byte) (*File, error) {
	var f File
	err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&f)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.New(strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	return &f, f.check()
}

// check finds what only this program can: the venue checks the rest.
func (f *File) check() error {
	var errs []error
	if len(f.Calendars) > 0 {
		errs = append(errs, errors.New("calendars: this version of the venue has no calendars"))
	}
	seen := map[string]bool{}
	once := func(what, id string) {
		name := what + " " + id
		switch {
		case id == "":
			errs = append(errs, fmt.Errorf("%s: one has no name", what))
		case seen[name]:
			errs = append(errs, fmt.Errorf("%s: is declared twice", name))
		}
		seen[name] = true
	}
	for _, a := range f.Assets {
		once("asset", a.Asset)
	}
	for _, i := range f.Instruments {
		once("instrument", i.Instrument)
	}
	for _, o := range f.Owners {
		once("owner", o.Owner)
	}
	for _, a := range f.Accounts {
		once("account", a.Account)
	}
	for _, p := range f.Participants {
		once("participant", p.Participant)
		errs = append(errs, p.check())
	}
	return errors.Join(errs...)
}

func (p Participant) check() error {
	var errs []error
	if p.FIXPassword != "" && p.FIXPasswordHash != "" {
		errs = append(errs, fmt.Errorf("participant %s: give fix_password or fix_password_hash, not both", p.Participant))
	}
	for _, k := range p.Keys {
		if (k.Secret == "") == (k.SecretHash == "") {
			errs = append(errs, fmt.Errorf("participant %s: key %s: give secret or secret_hash", p.Participant, k.ID))
		}
	}
	return errors.Join(errs...)
}
