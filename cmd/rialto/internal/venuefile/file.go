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
	Assets       []Asset       `yaml:"assets" doc:"what balances are of"`
	Instruments  []Instrument  `yaml:"instruments" doc:"what is traded"`
	Limits       Limits        `yaml:"limits" doc:"risk limits of the venue: what holds where nothing closer is set"` // of the venue
	Owners       []Owner       `yaml:"owners" doc:"limits of all accounts of one owner"`
	Participants []Participant `yaml:"participants" doc:"who may act, with which keys"`
	Accounts     []Account     `yaml:"accounts" doc:"accounts, their limits and first deposits"`
	// Calendars are named to be refused clearly: the venue has none yet.
	Calendars []any `yaml:"calendars" doc:"not known by this version: refused"`
}

// Asset is one asset.
type Asset struct {
	Asset     string `yaml:"asset" doc:"id"`
	Scale     int    `yaml:"scale" doc:"digits of the ledger, 0 to 18; fixed after first use"`
	MinorUnit *int   `yaml:"minor_unit" doc:"digits of the minor unit (ISO 4217); default scale"`
}

// Instrument is one instrument. Empty numbers are absent.
type Instrument struct {
	Instrument          string `yaml:"instrument" doc:"id"`
	Base                string `yaml:"base" doc:"asset that is traded; fixed after first use"`
	Quote               string `yaml:"quote" doc:"asset that pays; fixed after first use"`
	PriceTick           Number `yaml:"price_tick" doc:"least step of a price"`
	QuantityStep        Number `yaml:"quantity_step" doc:"least step of a quantity"`
	MinQuantity         Number `yaml:"min_quantity" doc:"least quantity of an order"`
	MaxQuantity         Number `yaml:"max_quantity" doc:"largest quantity of an order"`
	MinNotional         Number `yaml:"min_notional" doc:"least price times quantity"`
	ReferencePrice      Number `yaml:"reference_price" doc:"reference until the first trade; market orders need one"`
	PriceBandBps        Number `yaml:"price_band_bps" doc:"how far from the reference a price may be, both sides, in basis points"`
	MarketProtectionBps Number `yaml:"market_protection_bps" doc:"how far from the best price a market order trades, in basis points; default 500"`
	MakerFeeBps         Number `yaml:"maker_fee_bps" doc:"fee of who rests, in basis points, up to two digits; negative is a rebate; default 0"`
	TakerFeeBps         Number `yaml:"taker_fee_bps" doc:"fee of who trades at once; default 0"`
	Phase               string `yaml:"phase" doc:"closed, continuous, halted, cancel_only or post_only; default continuous for a new one, else as it is"`
	Limits              Limits `yaml:"limits" doc:"risk limits of the instrument"`
}

// Limits are risk limits: a number or "none". Absent ones stay as they are.
type Limits struct {
	MaxOrderQuantity    Number `yaml:"max_order_quantity" doc:"largest quantity of an order: a number, none for no bound, or inherited"`
	MaxOrderNotional    Number `yaml:"max_order_notional" doc:"largest price times quantity of an order: a number, none for no bound, or inherited"`
	MaxOpenOrders       Number `yaml:"max_open_orders" doc:"open orders at most: a number, none for no bound, or inherited"`
	MaxPosition         Number `yaml:"max_position" doc:"largest position, orders included: a number, none for no bound, or inherited"`
	MaxGrossExposure    Number `yaml:"max_gross_exposure" doc:"sum of all positions at most: a number, none for no bound, or inherited"`
	MaxNetExposure      Number `yaml:"max_net_exposure" doc:"net of all positions at most: a number, none for no bound, or inherited"`
	MaxConcentrationBps Number `yaml:"max_concentration_bps" doc:"largest share of one position, in basis points: a number, none for no bound, or inherited"`
	MaxOrdersPerSecond  Number `yaml:"max_orders_per_second" doc:"orders a second at most: a number, none for no bound, or inherited"`
}

// Owner sets the limits of all accounts of one owner.
type Owner struct {
	Owner  string `yaml:"owner" doc:"id"`
	Limits Limits `yaml:"limits" doc:"limits of all accounts of this owner"`
}

// Participant is who may act, with which keys. Secrets may be given plain or
// as the hex SHA-256; only the hash ever leaves this program.
type Participant struct {
	Participant     string   `yaml:"participant" doc:"id"`
	Role            string   `yaml:"role" doc:"admin, trader, read or audit"`
	Owner           string   `yaml:"owner" doc:"owner of its accounts"`
	Accounts        []string `yaml:"accounts" doc:"accounts that it may use"`
	FIXCompIDs      []string `yaml:"fix_comp_ids" doc:"SenderCompIDs for orders"`
	FIXPassword     string   `yaml:"fix_password" doc:"password of its FIX sessions; only the hash is sent"`
	FIXPasswordHash string   `yaml:"fix_password_hash" doc:"hex SHA-256 of the password, instead of it"`
	Keys            []Key    `yaml:"keys" doc:"keys for REST; those that are not named stay"`
	// FIXSessions are sessions that are more than a CompID of fix_comp_ids.
	FIXSessions []FIXSession `yaml:"fix_sessions" doc:"FIX sessions that are more than a CompID of fix_comp_ids"`
}

// FIXSession is one FIX session. Kind is order_entry unless it says otherwise,
// Roll a time of the day in UTC.
type FIXSession struct {
	CompID             string `yaml:"comp_id" doc:"SenderCompID"`
	Kind               string `yaml:"kind" doc:"order_entry, drop_copy or market_data; default order_entry"`
	Protocol           string `yaml:"protocol" doc:"FIX.4.4 or FIXT.1.1; default what the client speaks"`
	CancelOnDisconnect bool   `yaml:"cancel_on_disconnect" doc:"cancel its orders when its connection is lost"`
	CancelOnLogout     bool   `yaml:"cancel_on_logout" doc:"cancel its orders when it logs out"`
	KeepGTC            bool   `yaml:"keep_gtc" doc:"but not those that are good till cancelled"`
	Throttle           uint32 `yaml:"throttle" doc:"messages a second at most; default no bound"`
	Roll               string `yaml:"roll" doc:"time of the day (UTC) at which its numbers begin anew"`
	TimeDigits         uint8  `yaml:"time_digits" doc:"digits of a second in its times: 3, 6 or 9; default 3"`
}

// Key is one API key.
type Key struct {
	ID         string `yaml:"id" doc:"id of the key"`
	Secret     string `yaml:"secret" doc:"its secret; only the hash is sent"`
	SecretHash string `yaml:"secret_hash" doc:"hex SHA-256 of the secret, instead of it"`
	Role       string `yaml:"role" doc:"admin, trader, read or audit; default the participant's"`
	MaxAgeMs   uint32 `yaml:"max_age_ms" doc:"default validity of its commands in ms; default none"`
}

// Account is one account. Deposits are made once in its life, right after it
// was opened.
type Account struct {
	Account     string    `yaml:"account" doc:"id"`
	Owner       string    `yaml:"owner" doc:"who owns it: orders of one owner are self-trades; fixed"`
	Participant string    `yaml:"participant" doc:"whose keys may use it; fixed"`
	Limits      Limits    `yaml:"limits" doc:"risk limits of the account"`
	Deposit     []Deposit `yaml:"deposit" doc:"made once in its life, right after it was opened"`
}

// Deposit is an amount of one asset.
type Deposit struct {
	Asset  string `yaml:"asset" doc:"of which asset"`
	Amount Number `yaml:"amount" doc:"how much"`
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
	return &f, errors.Join(f.check(), f.validate())
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
