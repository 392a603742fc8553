package settings

import (
	"fmt"
	"regexp"
	"strings"
)

// The libraries' errors name Go's types. An operator has a file: he is told
// which setting, and what is expected there.

// wrongType and undecoded are what the two decoders say of a value of another
// type.
var (
	wrongType  = regexp.MustCompile(`cannot unmarshal (\S+(?: \{\})?) into Go (?:struct field \S+?\.?([A-Za-z]*)|value) of type (\S+)`)
	noDuration = regexp.MustCompile(`time: (?:invalid|unknown unit "[^"]*" in|missing unit in) duration ("[^"]*")`)
	otherShape = regexp.MustCompile(`\S+ was used where (?:mapping|sequence) is expected`)
	undecoded  = regexp.MustCompile(`'([^']*)' (?:time: (?:invalid|unknown|missing)[^\n]*|expected type '([^']+)'[^\n]*|cannot parse[^\n]* as (\w+)[^\n]*)`)
)

// inWords says a decoder's error in the words of the file.
func inWords(text string) string {
	text = wrongType.ReplaceAllStringFunc(text, func(m string) string {
		parts := wrongType.FindStringSubmatch(m)
		return "the value is not " + expected(parts[3])
	})
	text = undecoded.ReplaceAllStringFunc(text, func(m string) string {
		parts := undecoded.FindStringSubmatch(m)
		kind := parts[2] + parts[3]
		if kind == "" {
			kind = "time.Duration"
		}
		return strings.ToLower(parts[1]) + " is not " + expected(kind)
	})
	text = noDuration.ReplaceAllString(text, "$1 is not "+expected("time.Duration"))
	text = otherShape.ReplaceAllStringFunc(text, func(m string) string {
		if strings.HasSuffix(m, "mapping is expected") {
			return "the value is not " + expected("struct")
		}
		return "the value is not " + expected("[]")
	})
	text = strings.TrimPrefix(text, "decoding failed due to the following error(s):\n\n")
	return strings.TrimPrefix(text, "1 error(s) decoding:\n\n")
}

// atLine names the line of a file in which a value stands that an error quotes,
// where the decoder did not say.
func atLine(file []byte, text string) string {
	if strings.HasPrefix(text, "[") {
		return text
	}
	quoted := noDuration.FindStringSubmatch(text)
	if quoted == nil {
		return text
	}
	number := 0
	for line := range strings.Lines(string(file)) {
		number++
		if strings.Contains(line, strings.Trim(quoted[1], `"`)) {
			return fmt.Sprintf("line %d: %s", number, text)
		}
	}
	return text
}

// expected says what a setting of a type takes.
func expected(kind string) string {
	switch {
	case kind == "bool":
		return "true or false"
	case kind == "time.Duration":
		return "a duration such as 250ms, 10s or 24h"
	case strings.HasPrefix(kind, "uint"):
		return "a whole number from 0 up"
	case strings.HasPrefix(kind, "int"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case strings.HasPrefix(kind, "[]"):
		return "a list"
	case kind == "string":
		return "text"
	}
	return "a section with settings of its own"
}
