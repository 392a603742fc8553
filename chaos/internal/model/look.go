package model

// Differs says where a JSON value, decoded with numbers as they were written, is
// not what it should be; "" if it is.
func Differs(path string, want, got any) string { return differs(path, want, got) }

// Whatever is a value that Differs takes for the same as any, or none.
func Whatever() any { return anything{} }

// Unordered is a list of objects by a name, which Differs compares in whatever
// order they come, by their member of that name.
func Unordered(member string, objects map[string]map[string]any) any {
	return unordered{member, objects}
}

type unordered struct {
	member  string
	objects map[string]map[string]any
}

func (u unordered) differs(path string, got any) string {
	list, ok := got.([]any)
	if !ok || len(list) != len(u.objects) {
		return path + " has another number of elements"
	}
	for _, item := range list {
		object, _ := item.(map[string]any)
		name, _ := object[u.member].(string)
		want, known := u.objects[name]
		if !known {
			return path + " has an element " + name + " too much"
		}
		if d := objectDiffers(path+"."+name, want, object); d != "" {
			return d
		}
	}
	return ""
}

// Balances returns what an account has of each asset that it ever had.
func (v *Venue) Balances(account string) map[string]map[string]any {
	out := map[string]map[string]any{}
	if a := v.accounts[account]; a != nil {
		for name, b := range a.balances {
			out[name] = balanceData(v.assets[name], b)
		}
	}
	return out
}

// Sums are those of an asset over the whole ledger.
type Sums struct{ Debits, Credits, Net string }

// Ledger returns the sums of each asset that somebody ever had.
func (v *Venue) Ledger() map[string]Sums {
	debits, credits := map[string]Int{}, map[string]Int{}
	for _, a := range v.accounts {
		for name, b := range a.balances {
			if b.total.sign() < 0 {
				debits[name] = debits[name].plus(b.total.negative())
			} else {
				credits[name] = credits[name].plus(b.total)
			}
		}
	}
	out := map[string]Sums{}
	for name, asset := range v.assets {
		d, c := debits[name], credits[name]
		out[name] = Sums{d.text(asset.scale), c.text(asset.scale), c.minus(d).text(asset.scale)}
	}
	return out
}

// Zero is nothing of an asset with so many digits.
func Zero(digits int) string { return Int{}.text(digits) }

// Minor is an amount of so many digits in minor units of 10^-minor, rounded
// down; "" if it is no amount.
func Minor(amount string, digits, minor int) string {
	d, ok := readDecimal(amount)
	if !ok {
		return ""
	}
	units, _ := d.in(max(digits, d.digits))
	return rescaled(units, minor-max(digits, d.digits)).text(0)
}
