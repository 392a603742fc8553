package desktest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// Stage is where a story is played. Do does what a line says; Session is who
// reads after it, nil for nobody.
type Stage interface {
	Do(words []string)
	Session() *Session
}

// Play plays the stories in testdata/*.txt, in virtual time. A line is something
// that happens, or begins with # or <: what was written after the line before.
// With update the latter are written anew.
func Play(t *testing.T, update bool, open func(t *testing.T) Stage) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				got := play(open(t), string(text))
				switch {
				case got == string(text):
				case update:
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				default:
					t.Errorf("%s says otherwise: %s", file, difference(got, string(text)))
				}
			})
		})
	}
}

// play returns a story with what was said.
func play(s Stage, text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); strings.HasPrefix(line, "<") {
			continue
		}
		out.WriteString(line + "\n")
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		s.Do(words)
		synctest.Wait()
		if reader := s.Session(); reader != nil {
			for _, m := range reader.Read() {
				out.WriteString("< " + Story(m) + "\n")
				synctest.Wait()
			}
		}
	}
	return out.String()
}

func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "line " + strconv.Itoa(i+1) + "\ngot  " + g[i] + "\nwant " + w[i]
		}
	}
	return "it is shorter or longer"
}
