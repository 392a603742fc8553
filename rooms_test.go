package rialto_test

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// noPromise is what the documentation of a package says right behind its name if
// others can import it and are not to build on it.
const noPromise = "(no promise)"

// promised are the packages that programs of others may build on: those whose
// exported names stand in the list that TestPromisedNames keeps.
func promised(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("node/testdata/promised.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, line := range strings.Split(string(text), "\n") {
		if path, ok := strings.CutPrefix(line, "# "); ok {
			out = append(out, path)
		}
	}
	return out
}

// alone are packages that nobody outside of their room imports and that are not
// internal all the same, and why.
func alone() map[string]string {
	const suite = "tests, which people run by this path and nobody imports"
	return map[string]string{
		"chaos":              suite,
		"chaos/contract":     suite,
		"chaos/definitions":  suite,
		"chaos/interop":      suite,
		"chaos/sim":          suite,
		"node/examples/desk": "part of the examples, which are copied as they are",
	}
}

// open are the packages that other modules could import: neither commands nor
// internal.
func open(t *testing.T) []goPackage {
	t.Helper()
	return slices.DeleteFunc(list(t, "./..."), func(p goPackage) bool {
		return p.Name == "main" || p.GoFiles == nil || strings.Contains(p.ImportPath+"/", "/internal/")
	})
}

// TestInternal shows that a package stands where others can import it only if
// somebody outside of its room does, tests included, or if it is promised: the
// rest is its room's own business and lies in an internal folder.
func TestInternal(t *testing.T) {
	room := func(path string) string {
		first, _, _ := strings.Cut(strings.TrimPrefix(path, module), "/")
		return first
	}
	foreign := map[string]bool{}
	for _, p := range list(t, "./...") {
		for _, i := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if strings.HasPrefix(i, module) && room(i) != room(p.ImportPath) {
				foreign[i] = true
			}
		}
	}
	excepted := alone()
	for _, p := range open(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		if foreign[p.ImportPath] || slices.Contains(promised(t), path) {
			continue
		}
		if _, ok := excepted[path]; !ok {
			t.Errorf("only %s imports %s: it belongs into an internal folder", room(p.ImportPath), path)
		}
		delete(excepted, path)
	}
	for path := range excepted {
		t.Errorf("%s is imported by other rooms, or is gone: it is an exception no more", path)
	}
}

// TestNoPromise shows that who finds a package that is not promised reads so in
// the first line of its documentation, and that no promised one says it.
func TestNoPromise(t *testing.T) {
	for _, p := range open(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		want := "Package " + p.Name + " " + noPromise + " "
		switch is := slices.Contains(promised(t), path); {
		case !is && !strings.HasPrefix(p.Doc, want):
			t.Errorf("%s: its documentation begins with %q, want %q …", path, p.Doc, want)
		case is && strings.Contains(p.Doc, noPromise):
			t.Errorf("%s is promised, and says that it is not", path)
		}
	}
}
