package decode_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/datadictionary"

	"github.com/rialto-exchange/rialto/gateways/fix/internal/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/fixtest"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// engine is quickfixgo with the dictionaries that it parses itself: another
// opinion on every message.
type engine struct {
	transport, application *datadictionary.DataDictionary
	validator              quickfix.Validator
}

func engines(t *testing.T) map[dictionary.Protocol]engine {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/quickfixgo/quickfix").Output()
	if err != nil {
		t.Skipf("the module is not here: %v", err)
	}
	parse := func(name string) *datadictionary.DataDictionary {
		d, err := datadictionary.Parse(filepath.Join(strings.TrimSpace(string(out)), "spec", name))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	settings := quickfix.ValidatorSettings{
		CheckFieldsOutOfOrder: true, RejectInvalidMessage: true, CheckFieldsHaveValues: true, CheckUserDefinedFields: true,
	}
	old, transport, application := parse("FIX44.xml"), parse("FIXT11.xml"), parse("FIX50SP2.xml")
	return map[dictionary.Protocol]engine{
		fix44: {old, old, quickfix.NewValidator(settings, old, nil)},
		sp2:   {transport, application, quickfix.NewValidator(settings, application, transport)},
	}
}

// judge returns what quickfixgo would answer: "" takes it, "panic" it ends the
// process.
func (e engine) judge(raw []byte) (verdict string) {
	defer func() {
		if recover() != nil {
			verdict = "panic"
		}
	}()
	m := quickfix.NewMessage()
	if err := quickfix.ParseMessageWithDataDictionary(m, bytes.NewBuffer(raw), e.transport, e.application); err != nil {
		return "garbled"
	}
	if err := e.validator.Validate(m); err != nil {
		return fmt.Sprintf("373=%d", err.RejectReason())
	}
	return ""
}

// What the door takes of bent messages, quickfixgo's own validator takes too,
// but for what is listed in knownToDiffer; and what ends quickfixgo's process
// is not taken.
func TestAgainstQuickfixgo(t *testing.T) {
	theirs := engines(t)
	b, ours := fixtest.NewBender(*seed, 7), dictionaries(t)
	both, panics := 0, 0
	for range 30_000 {
		p := fix44
		if b.IntN(2) == 0 {
			p = sp2
		}
		_, raw := b.Message(header(p))
		var m wire.Message
		err := wire.Parse(raw, &m)
		if err == nil {
			err = ours.Validate(&m, p)
		}
		verdict := theirs[p].judge(raw)
		switch {
		case err == nil && verdict == "":
			both++
		case err == nil && !knownToDiffer(&m):
			t.Errorf("taken, and quickfixgo says %s: %q", verdict, raw)
		case verdict == "panic":
			panics++
		}
	}
	t.Logf("both take %d, %d would end quickfixgo's process", both, panics)
	if both < 5000 || panics == 0 {
		t.Error("too little was seen")
	}
}

// knownToDiffer reports whether a message has what quickfixgo refuses and the
// door takes: the venue's own tags, a leap second, a fraction of a second that
// is not of 3, 6 or 9 digits, and a required field right after a nested group,
// which quickfixgo's parser loses.
func knownToDiffer(m *wire.Message) bool {
	after := wire.Tag(0)
	for _, f := range m.Fields {
		_, fraction, pointed := strings.Cut(string(f.Value), ".")
		isTime := len(f.Value) >= 17 && f.Value[8] == '-' && f.Value[11] == ':'
		switch {
		case f.Tag == 62, f.Tag == 7928, f.Tag == 25001, f.Tag == 1 && (m.Type() == "q" || m.Type() == "AD"):
			return true
		case isTime && (strings.Contains(string(f.Value), ":60") || pointed && len(fraction)%3 != 0):
			return true
		case after == 452 && f.Tag != 448:
			return true
		}
		after = f.Tag
	}
	return false
}
