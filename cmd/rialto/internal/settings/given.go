package settings

import (
	"path/filepath"
	"slices"
	"strings"
)

// Given are the settings of a node that did not come from its file's text, and
// the file, as flags of a command line for the same data folder: what a message
// tells an operator to type works as it is printed, whoever types it and where.
// What says how a node is found by others is left out, and so are secrets: no
// command that looks after a folder needs them.
func Given(src Sources) string {
	var flags []string
	add := func(name, value string) { flags = append(flags, quoted("--"+name+"="+value)) }
	if src.File != "" {
		path := src.File
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		flags = append(flags, "--config", quoted(path))
	}
	for _, s := range List() {
		if slices.Contains([]string{"gossip_key", "join", "demo"}, s.Key) {
			continue
		}
		value, ok := "", false
		for _, v := range src.Environ {
			if name, text, _ := strings.Cut(v, "="); name == s.Variable() {
				value, ok = text, true
			}
		}
		if src.Flags != nil {
			if f := src.Flags.Lookup(s.Flag()); f != nil && f.Changed {
				value, ok = f.Value.String(), true
			}
		}
		if ok && s.Key == "data_dir" {
			if abs, err := filepath.Abs(value); err == nil {
				value = abs
			}
		}
		if ok {
			add(s.Flag(), value)
		}
	}
	return strings.Join(flags, " ")
}

// quoted is a word as a shell takes it.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_=./:,@%+", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
