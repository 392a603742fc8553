package encode_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/datadictionary"

	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// dictionaries are those that come with quickfix, as its clients have them.
type dictionaries struct {
	fix44, fix50sp2, fixt11 *datadictionary.DataDictionary
	err                     error
}

var stock = sync.OnceValue(func() (d dictionaries) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/quickfixgo/quickfix").Output()
	if err != nil {
		return dictionaries{err: err}
	}
	parse := func(name string) *datadictionary.DataDictionary {
		parsed, err := datadictionary.Parse(filepath.Join(strings.TrimSpace(string(dir)), "spec", name+".xml"))
		if err != nil {
			d.err = err
		}
		return parsed
	}
	d.fix44, d.fix50sp2, d.fixt11 = parse("FIX44"), parse("FIX50SP2"), parse("FIXT11")
	if d.err == nil {
		d.allow880()
	}
	return d
})

// allow880 is the one departure from the stock dictionaries: TrdMatchID in an
// ExecutionReport, which FIX 4.4 has in trade reports only.
func (d *dictionaries) allow880() {
	const trdMatchID = 880
	executions := d.fix44.Messages["8"]
	executions.Tags.Add(trdMatchID)
	executions.Fields[trdMatchID] = datadictionary.NewFieldDef(d.fix44.FieldTypeByTag[trdMatchID], false)
}

// invalid says why quickfix's own validator, at its strictest, or our own
// tokenizer would refuse a message.
func invalid(t *testing.T, m []byte) string {
	t.Helper()
	d := stock()
	if d.err != nil {
		t.Fatal(d.err)
	}
	var parsed wire.Message
	if err := wire.Parse(m, &parsed); err != nil {
		return err.Error()
	}
	app, transport := d.fix44, (*datadictionary.DataDictionary)(nil)
	if bytes.HasPrefix(m, []byte("8="+encode.FIXT11)) {
		app, transport = d.fix50sp2, d.fixt11
	}
	first := transport
	if first == nil {
		first = app
	}
	msg := quickfix.NewMessage()
	if err := quickfix.ParseMessageWithDataDictionary(msg, bytes.NewBuffer(m), first, app); err != nil {
		return err.Error()
	}
	settings := quickfix.ValidatorSettings{
		CheckFieldsOutOfOrder: true, RejectInvalidMessage: true, CheckUserDefinedFields: true, CheckFieldsHaveValues: true,
	}
	if err := quickfix.NewValidator(settings, app, transport).Validate(msg); err != nil {
		return err.Error()
	}
	return ""
}

// A validator that takes everything would prove nothing.
func TestValidatorRefuses(t *testing.T) {
	b, list := reports(elsewhere(0), changed("OrderAccepted", order(nil)))
	for _, protocol := range []string{encode.FIX44, encode.FIXT11} {
		m := encoder(protocol).Report(nil, b, &list[0], encode.Sending{At: at})
		if why := invalid(t, m); why != "" {
			t.Fatal(why)
		}
		for _, c := range []struct{ what, from, to string }{
			{"an unknown ExecType", "150=0", "150=Z"},
			{"a field of another message", "58=", "262="},
			{"a side that is missing", "54=1\x01", ""},
		} {
			bad := remade(strings.Replace(string(m), c.from, c.to, 1))
			if bad != string(m) && invalid(t, []byte(bad)) == "" {
				t.Errorf("%s: %s was found valid", protocol, c.what)
			}
		}
	}
}

// remade gives a message the length and checksum that it should have.
func remade(m string) string {
	var b wire.Builder
	fields := strings.Split(strings.TrimSuffix(m, "\x01"), "\x01")
	b.Start(strings.TrimPrefix(fields[0], "8="), strings.TrimPrefix(fields[2], "35="))
	b.Fields([]byte(strings.Join(fields[3:len(fields)-1], "\x01") + "\x01"))
	return string(b.Finish(nil))
}
