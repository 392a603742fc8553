package dictionary_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/gateways/fix/internal/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// The acceptance definitions that ship with quickfix's module say what to
// answer to hundreds of messages. Those about the state of a session are played
// against a node; here each message is held against the Reject that its
// definition expects, and what is expected to be taken is taken.
func TestQuickFIXDefinitions(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/quickfixgo/quickfix").Output()
	if err != nil {
		t.Skipf("the module is not here: %v", err)
	}
	d := load(t)
	folder := filepath.Join(strings.TrimSpace(string(out)), "_test", "definitions", "server")
	for name, p := range map[string]dictionary.Protocol{"fix44": fix44, "fix50sp2": fixt11} {
		files, err := filepath.Glob(filepath.Join(folder, name, "*.def"))
		if err != nil || len(files) < 50 {
			t.Fatalf("%s: %d definitions, %v", name, len(files), err)
		}
		seen := map[string]int{}
		for _, file := range files {
			definition(t, d, p, file, seen)
		}
		t.Logf("%s: %v", name, seen)
		if seen["taken"] < 200 || seen["35=3"] < 30 || seen["35=j"] < 1 || seen["ignored"] < 10 {
			t.Errorf("%s: too little was seen: %v", name, seen)
		}
	}
}

func definition(t *testing.T, d *dictionary.Dictionary, p dictionary.Protocol, file string, seen map[string]int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.ReplaceAll(string(text), "\r", ""), "\n")
	for i, line := range lines {
		sent, ok := strings.CutPrefix(line, "I8=")
		if !ok {
			continue
		}
		raw := "8=" + completed(sent)
		got := judge(d, p, raw)
		seen[strings.Fields(got)[0]]++
		if want := expected(lines[i+1:]); want != "" && got != want {
			t.Errorf("%s: %s\ngot %s, want %s", filepath.Base(file), strings.ReplaceAll(raw, "\x01", "|"), got, want)
		}
	}
}

// completed puts in what the definitions leave to who plays them.
func completed(sent string) string {
	for strings.Contains(sent, "<TIME") {
		at := strings.Index(sent, "<TIME")
		sent = sent[:at] + now + sent[at+strings.Index(sent[at:], ">")+1:]
	}
	version, body, _ := strings.Cut(sent, "\x01")
	if !strings.HasPrefix(body, "9=") {
		at := strings.LastIndex(body, "\x0110=")
		length := len(body)
		if at >= 0 {
			length = at + 1
		}
		body = fmt.Sprintf("9=%d\x01%s", length, body)
	}
	raw := version + "\x01" + body
	if !strings.Contains(raw, "\x0110=") {
		sum := 0
		for _, c := range []byte("8=" + raw) {
			sum += int(c)
		}
		raw += fmt.Sprintf("10=%03d\x01", sum%256)
	}
	return raw
}

// judge says what the door makes of a message.
func judge(d *dictionary.Dictionary, p dictionary.Protocol, raw string) string {
	var m wire.Message
	err := wire.Parse([]byte(raw), &m)
	if err == nil {
		err = d.Validate(&m, p)
	}
	var session *wire.Error
	var business *wire.BusinessError
	switch {
	case err == nil:
		return "taken"
	case errors.As(err, &business):
		return fmt.Sprintf("35=j 380=%d", business.Reason)
	case errors.As(err, &session) && session.Class == wire.Refused && session.HasTag:
		return fmt.Sprintf("35=3 371=%d 373=%d", session.Tag, session.Reason)
	case session.Class == wire.Refused:
		return fmt.Sprintf("35=3 373=%d", session.Reason)
	case session.Class == wire.Garbled:
		return "ignored"
	}
	return "hung up"
}

// expected returns what a definition expects next, where it is about the
// message itself: "" where it is about the session.
func expected(rest []string) string {
	for _, line := range rest {
		if !strings.HasPrefix(line, "E8=") && !strings.HasPrefix(line, "I8=") {
			continue
		}
		fields := map[string]string{}
		for f := range strings.SplitSeq(line[1:], "\x01") {
			tag, value, _ := strings.Cut(f, "=")
			fields[tag] = value
		}
		switch {
		case line[0] == 'I':
			return ""
		case fields["35"] == "j":
			return "35=j 380=" + fields["380"]
		case fields["35"] == "D":
			return "taken" // its echo
		case fields["35"] != "3":
			return ""
		case fields["373"] == "9" || fields["373"] == "10" || fields["371"] == "" && fields["373"] != "11":
			return "" // of names, times and numbers of the session
		case fields["371"] == "":
			return "35=3 373=" + fields["373"]
		}
		return "35=3 371=" + fields["371"] + " 373=" + fields["373"]
	}
	return ""
}
