package definitions

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Kind is what a line asks for.
type Kind byte

// The kinds of lines.
const (
	Connect    Kind = 'c' // open a connection
	HangUp     Kind = 'h' // close it
	Send       Kind = 'I' // send Message
	Expect     Kind = 'E' // Message has to come next
	Disconnect Kind = 'd' // the acceptor has to hang up next
)

// Step is one line of a definition.
type Step struct {
	Line       int
	Kind       Kind
	Connection int
	Message    Message // of Send and Expect
}

// Definition is one acceptance definition.
type Definition struct {
	Name  string // of its file, without the ending
	Steps []Step
}

// Folder returns where the definitions of a version lie (fix44, fix50sp2):
// below quickfixgo in Go's module cache.
func Folder(version string) (string, error) {
	module, err := Module()
	return filepath.Join(module, "_test", "definitions", "server", version), err
}

// Module returns where quickfixgo lies in Go's module cache.
func Module() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/quickfixgo/quickfix").Output()
	if err != nil {
		return "", fmt.Errorf("find quickfixgo's module: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Read reads all definitions of a folder, by name.
func Read(folder string) ([]Definition, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.def"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no definitions in %s", folder)
	}
	var all []Definition
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read definition: %w", err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".def")
		steps, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, Definition{Name: name, Steps: steps})
	}
	return all, nil
}

func parse(text []byte) ([]Step, error) {
	var steps []Step
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimRight(lines.Text(), "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		kind, connection, body := line[0], 1, line[1:]
		if len(body) > 2 && body[0] >= '0' && body[0] <= '9' && body[1] == ',' { // it names its connection
			connection, body = int(body[0]-'0'), body[2:]
		}
		step := Step{Line: n, Connection: connection}
		switch {
		case kind == 'I' || kind == 'E':
			step.Kind, step.Message = Kind(kind), ParseMessage(body)
		case kind == 'i' && body == "CONNECT":
			step.Kind = Connect
		case kind == 'i' && body == "DISCONNECT":
			step.Kind = HangUp
		case kind == 'e' && body == "DISCONNECT":
			step.Kind = Disconnect
		default:
			return nil, fmt.Errorf("line %d: %q is none of the language", n, line)
		}
		steps = append(steps, step)
	}
	return steps, lines.Err()
}
