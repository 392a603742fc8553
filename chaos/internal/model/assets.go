package model

// asset is what money is counted in.
type asset struct {
	name         string
	scale, minor int // ledger digits, digits of its minor unit
	sequence     uint64
	used         bool // an instrument or a balance counts in it: its scale is fixed
}

// maxDigits is the most decimals that a number of the venue has.
const maxDigits = 18

func (a *asset) data() map[string]any {
	return map[string]any{
		"asset": a.name, "scale": number(uint64(a.scale)), "minor_unit": number(uint64(a.minor)),
		"aggregate_sequence": number(a.sequence),
	}
}

func (v *Venue) defineAsset(c *Command, f *fields) (subject, func() refusal) {
	name := f.about("asset", c, "")
	scale, minor := f.decimal("scale"), f.decimal("minor_unit")
	about := subject{aggregate: name, sequence: func() uint64 {
		if a := v.assets[name]; a != nil {
			return a.sequence
		}
		return 0
	}}
	return about, func() refusal {
		if no := ownID(name); no != accepted {
			return no
		}
		if minor == nil {
			minor = scale
		}
		next := asset{name: name, scale: int(scale.units.big().Int64()), minor: int(minor.units.big().Int64())}
		if next.scale < 0 || next.scale > maxDigits || next.minor < 0 || next.minor > maxDigits {
			return "invalid_parameters"
		}
		was, kind := v.assets[name], "AssetDefined"
		switch {
		case was == nil:
			was = &asset{}
			v.assets[name] = was
		case was.used && was.scale != next.scale:
			return "immutable"
		case was.scale == next.scale && was.minor == next.minor:
			kind = "AssetConfirmed"
		}
		next.sequence, next.used = was.sequence+1, was.used
		*was = next
		v.emit(kind, name, was.sequence, was.data())
		return accepted
	}
}
