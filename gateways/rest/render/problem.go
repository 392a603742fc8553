package render

import "strings"

// Problem is a refusal as RFC 9457 has it, with the contract's members. What
// is zero is left out.
type Problem struct {
	Status    int
	Code      string
	Rule      string // "[rule] detail"; the code if empty
	Detail    string
	Field     string // of a malformed request
	CommandID string
	Aggregate string
	Sequence  uint64
	Current   *uint64 // current_sequence
	Outcome   string  // not_executed, unknown
	// FloorSequence and FloorAt say from where on the past is there.
	FloorSequence *uint64
	FloorAt       string
	// KnownSince says since when every executed command is known by its id.
	KnownSince string
	// Venue says that the refusal is not the caller's doing: what the venue or
	// this node has in hand is too much. It is not rendered.
	Venue bool
}

// typePrefix makes a URI of a code. It names the kind of problem and leads
// nowhere.
const typePrefix = "urn:rialto:problem:"

// Append appends the problem as JSON.
func (p *Problem) Append(dst []byte) []byte {
	w := writer{dst}
	w.begin()
	w.text("type", typePrefix+p.Code)
	w.text("title", title(p.Code))
	w.number("status", uint64(p.Status))
	w.text("detail", p.detail())
	w.text("code", p.Code)
	w.text("field", p.Field)
	w.text("command_id", p.CommandID)
	w.text("aggregate_id", p.Aggregate)
	if p.Sequence > 0 {
		w.number("sequence", p.Sequence)
	}
	if p.Current != nil {
		w.number("current_sequence", *p.Current)
	}
	w.text("outcome", p.Outcome)
	if p.FloorSequence != nil {
		w.number("floor_sequence", *p.FloorSequence)
	}
	w.text("floor_at", p.FloorAt)
	w.text("known_since", p.KnownSince)
	w.close()
	return w.b
}

func (p *Problem) detail() string {
	rule := p.Rule
	if rule == "" {
		rule = p.Code
	}
	if p.Detail == "" {
		return "[" + rule + "] " + title(p.Code)
	}
	return "[" + rule + "] " + p.Detail
}

// title is the code in words.
func title(code string) string {
	if code == "" {
		return ""
	}
	words := strings.ReplaceAll(code, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}
