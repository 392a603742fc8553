// Package stock judges messages as a client with quickfix and its stock
// dictionaries does. It is for tests: it reads the dictionaries from quickfix's
// module.
package stock

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/datadictionary"
)

// dictionaries are those that come with quickfix.
type dictionaries struct {
	fix44, fix50sp2, fixt11 *datadictionary.DataDictionary
}

// load returns a function that reads them, once.
func load() func() (dictionaries, error) {
	return sync.OnceValues(func() (dictionaries, error) {
		dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/quickfixgo/quickfix").Output()
		if err != nil {
			return dictionaries{}, fmt.Errorf("find quickfix: %w", err)
		}
		var d dictionaries
		for name, into := range map[string]**datadictionary.DataDictionary{"FIX44": &d.fix44, "FIX50SP2": &d.fix50sp2, "FIXT11": &d.fixt11} {
			if *into, err = datadictionary.Parse(filepath.Join(strings.TrimSpace(string(dir)), "spec", name+".xml")); err != nil {
				return d, err
			}
		}
		return d, nil
	})
}

// Judge judges messages. It may be used by several goroutines.
type Judge struct {
	load func() (dictionaries, error)
}

// New returns a judge, which reads the dictionaries when it is first asked.
func New() *Judge { return &Judge{load()} }

// Validate returns why quickfix's validator, at its strictest, would not take a
// message.
func (j *Judge) Validate(message []byte) error {
	d, err := j.load()
	if err != nil {
		return err
	}
	app, transport := d.fix44, (*datadictionary.DataDictionary)(nil)
	first := app
	if bytes.HasPrefix(message, []byte("8="+quickfix.BeginStringFIXT11)) {
		app, transport, first = d.fix50sp2, d.fixt11, d.fixt11
	}
	msg := quickfix.NewMessage()
	if err := quickfix.ParseMessageWithDataDictionary(msg, bytes.NewBuffer(message), first, app); err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	settings := quickfix.ValidatorSettings{
		CheckFieldsOutOfOrder: true, RejectInvalidMessage: true, CheckUserDefinedFields: true, CheckFieldsHaveValues: true,
	}
	if err := quickfix.NewValidator(settings, app, transport).Validate(msg); err != nil {
		return fmt.Errorf("validate: %w", err)
	}
	return nil
}
