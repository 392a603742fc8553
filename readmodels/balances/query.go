package balances

import (
	"errors"
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// image is a stored balance.
type image struct {
	event.Balance
	version uint64 // the account's sequence; 0 = unmoved
	changed event.Pin
}

func appendImage(dst []byte, b *event.Balance, at market.Nanos) []byte {
	dst = append(dst, b.Scale, b.MinorUnit)
	dst = readmodels.AppendInt(dst, int64(b.Total))
	dst = readmodels.AppendInt(dst, int64(b.Held))
	return readmodels.AppendInt(dst, int64(at))
}

func (v *View) image(kind byte, account, asset string, at market.Sequence) (image, bool, error) {
	value, from, err := v.reader.Get(appendPair(nil, kind, account, asset), at)
	if errors.Is(err, readmodels.ErrNotFound) {
		return image{}, false, nil
	}
	if err != nil {
		return image{}, false, err
	}
	u := readmodels.Unpack(value)
	i := image{Balance: event.Balance{Asset: asset, Scale: u.Byte(), MinorUnit: u.Byte()}}
	i.Total, i.Held = market.Amount(u.Int()), market.Amount(u.Int())
	i.changed = event.Pin{Sequence: from, At: market.Nanos(u.Int())}
	if kind == 'b' {
		i.version = u.Uint()
	}
	return i, true, v.reader.Noticed(u.Err())
}

// latest returns the newer of an account's posting and hold in an asset, with
// the account's sequence of the posting.
func (v *View) latest(account, asset string, at market.Sequence) (image, bool, error) {
	posted, ok, err := v.image('b', account, asset, at)
	if err != nil || !ok {
		return posted, ok, err
	}
	held, ok, err := v.image('h', account, asset, at)
	if err != nil || !ok || held.changed.Sequence < posted.changed.Sequence {
		return posted, true, err
	}
	held.version = posted.version
	return held, true, nil
}

// Version returns the account's aggregate sequence at a point and the event
// that moved it last; ErrNotFound if nothing ever happened to the account.
func (v *View) Version(at event.Pin, account string) (uint64, event.Pin, error) {
	_, version, changed, err := v.account(at.Sequence, account)
	return version, changed, err
}

// account reads all of an account's balances and its sequence.
func (v *View) account(at market.Sequence, account string) (all []image, version uint64, changed event.Pin, err error) {
	version, changed, known, err := v.opened(at, account)
	if err != nil {
		return nil, 0, changed, err
	}
	var failed error
	err = v.reader.List(appendKey(nil, 'a', account), readmodels.Span{At: at}, func(asset []byte, _ market.Sequence) bool {
		var i image
		i, known, failed = v.latest(account, string(asset), at)
		if i.version > version {
			version, changed = i.version, i.changed
		}
		all = append(all, i)
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err == nil && !known {
		err = readmodels.ErrNotFound
	}
	return all, version, changed, err
}

// opened reads what account events say of an account.
func (v *View) opened(at market.Sequence, account string) (version uint64, changed event.Pin, known bool, err error) {
	value, from, err := v.reader.Get(appendKey(nil, 'v', account), at)
	if errors.Is(err, readmodels.ErrNotFound) {
		return 0, changed, false, nil
	}
	if err != nil {
		return 0, changed, false, err
	}
	u := readmodels.Unpack(value)
	version = u.Uint()
	return version, event.Pin{Sequence: from, At: market.Nanos(u.Int())}, true, v.reader.Noticed(u.Err())
}

// Balance returns an account's balance of an asset. Version is the account's
// sequence at the point; Changed is the balance's last change. A known asset
// never held reads as zeros; ErrNotFound: no such account, or asset, then.
func (v *View) Balance(at event.Pin, account, asset string) (event.Reading[event.Balance], error) {
	all, version, changed, err := v.account(at.Sequence, account)
	if err != nil {
		return event.Reading[event.Balance]{}, err
	}
	for _, i := range all {
		if i.Asset == asset {
			return event.Reading[event.Balance]{Value: i.Balance, Version: version, Changed: i.changed}, nil
		}
	}
	value, _, err := v.reader.Get(appendKey(nil, 'k', asset), at.Sequence)
	if err != nil {
		return event.Reading[event.Balance]{}, err
	}
	u := readmodels.Unpack(value)
	zero := event.Balance{Asset: asset, Scale: u.Byte(), MinorUnit: u.Byte()}
	return event.Reading[event.Balance]{Value: zero, Version: version, Changed: changed}, v.reader.Noticed(u.Err())
}

// Balances returns all balances that an account ever had, by asset.
func (v *View) Balances(at event.Pin, account string) ([]event.Reading[event.Balance], error) {
	all, version, _, err := v.account(at.Sequence, account)
	if err != nil {
		return nil, err
	}
	readings := make([]event.Reading[event.Balance], 0, len(all))
	for _, i := range all {
		readings = append(readings, event.Reading[event.Balance]{Value: i.Balance, Version: version, Changed: i.changed})
	}
	slices.SortFunc(readings, func(a, b event.Reading[event.Balance]) int {
		return strings.Compare(a.Value.Asset, b.Value.Asset)
	})
	return readings, nil
}
