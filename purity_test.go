package rialto_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMachineIsPure shows that nothing in the machine depends on what is not in
// its log: no goroutine or channel, whose order is the scheduler's; no float,
// whose last digit is the processor's; no range over a map, whose order is
// nobody's. Imports are TestLayers' to refuse.
func TestMachineIsPure(t *testing.T) {
	files := exports(t)
	from := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path].Export) })
	checked := 0
	for path, p := range files {
		if !strings.HasPrefix(path, module+"fsm") {
			continue
		}
		checked++
		for _, found := range impure(t, p, from) {
			t.Error(found)
		}
	}
	if checked < 10 {
		t.Errorf("only %d packages were looked at", checked)
	}
}

// TestImpureIsSeen shows that each of these would be.
func TestImpureIsSeen(t *testing.T) {
	for what, body := range map[string]string{
		"a goroutine":               "go func() {}()",
		"a channel":                 "_ = make(chan int)",
		"a select":                  "select {}",
		"a float":                   "var f float64; _ = f",
		"a float that is hidden":    "x := 1.5; _ = x",
		"a conversion":              "n := 3; _ = float32(n)",
		"a range over a map":        "for range map[int]int{} {}",
		"a range over a map's name": "type table map[string]int; for k := range (table{}) { _ = k }",
	} {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "x.go", "package x\nfunc f() { "+body+" }", 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(impurities(t, fset, []*ast.File{file}, "x", nil)) == 0 {
			t.Errorf("%s is not seen", what)
		}
	}
}

// exportedPackage is what `go list -export` says of a package.
type exportedPackage struct {
	ImportPath, Export, Dir string
	GoFiles                 []string
}

func exports(t *testing.T) map[string]exportedPackage {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export,Dir,GoFiles", "./fsm/...")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	out := map[string]exportedPackage{}
	for d := json.NewDecoder(&stdout); ; {
		var p exportedPackage
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return out
		case err != nil:
			t.Fatal(err)
		}
		out[p.ImportPath] = p
	}
}

func impure(t *testing.T, p exportedPackage, from types.Importer) []string {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return impurities(t, fset, files, p.ImportPath, from)
}

// impurities are the places of a package that the machine must not have.
func impurities(t *testing.T, fset *token.FileSet, files []*ast.File, path string, from types.Importer) []string {
	t.Helper()
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}}
	if _, err := (&types.Config{Importer: from}).Check(path, fset, files, info); err != nil {
		t.Fatal(err)
	}
	var found []string
	report := func(n ast.Node, what string) {
		at := fset.Position(n.Pos())
		found = append(found, fmt.Sprintf("%s:%d: %s", strings.TrimPrefix(path, module)+"/"+filepath.Base(at.Filename), at.Line, what))
	}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				report(n, "a goroutine: its order is the scheduler's")
			case *ast.SelectStmt, *ast.SendStmt, *ast.ChanType:
				report(n, "a channel: its order is the scheduler's")
			case *ast.RangeStmt:
				if _, ok := info.Types[n.X].Type.Underlying().(*types.Map); ok {
					report(n, "a range over a map: its order is nobody's")
				}
			case ast.Expr:
				// Constants are exact: 1e9 is a number like another.
				if tv := info.Types[n]; tv.Value == nil && isFloat(tv.Type) {
					report(n, "a float: its last digit is the processor's")
					return false
				}
			}
			return true
		})
		for name, object := range info.Defs {
			if v, ok := object.(*types.Var); ok && isFloat(v.Type()) && fset.File(name.Pos()) == fset.File(file.Pos()) {
				report(name, "a float: its last digit is the processor's")
			}
		}
	}
	return found
}

func isFloat(t types.Type) bool {
	if t == nil {
		return false
	}
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&(types.IsFloat|types.IsComplex) != 0
}
