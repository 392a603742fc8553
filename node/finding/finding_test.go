package finding_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/finding"
)

// declared returns the codes that the package's source names.
func declared(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "finding.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && spec.Type != nil {
			if id, ok := spec.Type.(*ast.Ident); ok && id.Name == "Code" {
				text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, text)
			}
		}
		return true
	})
	return codes
}

// TestEveryCodeIsExplained refuses a code without its row and its page, and a
// page without a code.
func TestEveryCodeIsExplained(t *testing.T) {
	codes := declared(t)
	if len(codes) < 20 {
		t.Fatalf("%d codes are declared", len(codes))
	}
	for _, code := range codes {
		if !slices.Contains(finding.Codes(), finding.Code(code)) {
			t.Errorf("%s has no row in kinds", code)
			continue
		}
		page, ok := finding.Page(code)
		if !ok || !strings.HasPrefix(page, "# "+code+": ") || len(page) < 200 {
			t.Errorf("%s has no page pages/%s.md that begins with \"# %s: \"", code, code, code)
		}
		f := finding.New(finding.Code(code), "n1", "x")
		if f.NextStep == "" || !slices.Contains([]string{finding.Note, finding.Warning, finding.Critical}, f.Severity) {
			t.Errorf("%s: severity %q, next step %q", code, f.Severity, f.NextStep)
		}
	}
	files, err := filepath.Glob("pages/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if code, _ := strings.CutSuffix(filepath.Base(file), ".md"); !slices.Contains(codes, code) {
			t.Errorf("%s explains no code", file)
		}
	}
}

// TestFindingsAreMadeHere refuses a finding that is put together elsewhere in
// the node: it could have no code.
func TestFindingsAreMadeHere(t *testing.T) {
	files, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ReplaceAll(string(text), "[]gateways.Finding{", ""), "gateways.Finding{") {
			t.Errorf("%s: a finding without a code: use finding.New", file)
		}
	}
}

// TestSince shows that a finding keeps the instant of its beginning while its
// words change, and has a new one when it comes again.
func TestSince(t *testing.T) {
	var s finding.Since
	start := time.Date(2026, 5, 23, 10, 0, 0, 0, time.UTC)
	at := func(after time.Duration, lag string, more ...gateways.Finding) string {
		f := finding.New(finding.ViewLags, "n1", "lags by %s", lag)
		f.About = "orders"
		list := append([]gateways.Finding{f}, more...)
		s.Stamp(list, start.Add(after))
		return list[0].Since
	}
	const first = "2026-05-23T10:00:00.000000000Z"
	if got := at(0, "1 s"); got != first {
		t.Errorf("since %s, want %s", got, first)
	}
	other := finding.New(finding.ViewLags, "n1", "lags")
	other.About = "books"
	list := []gateways.Finding{other}
	if got := at(time.Second, "2 s", other); got != first {
		t.Errorf("a second later since %s, want %s", got, first)
	}
	s.Stamp(list, start.Add(2*time.Second)) // the first one is over
	if got, want := at(3*time.Second, "1 s"), "2026-05-23T10:00:03.000000000Z"; got != want {
		t.Errorf("when it came again since %s, want %s", got, want)
	}
	if s.Stamp(list, start.Add(4*time.Second)); list[0].Since != "2026-05-23T10:00:04.000000000Z" {
		t.Errorf("the other one since %s", list[0].Since)
	}
}
