package node_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/rialto-exchange/rialto/"

var updatePromised = flag.Bool("update", false, "write testdata/promised.txt anew")

// promised are the packages that programs of others may build on.
func promised() []string {
	return []string{
		"node", "gateways", "gateways/gatewaytest", "readmodels", "readmodels/viewtest",
		"fsm/command", "fsm/event", "fsm/market",
	}
}

// TestPromisedNames shows that what the promised packages export is what the
// list says: whoever changes it sees that he does, and everybody else in the
// review. With -update the list is written anew.
func TestPromisedNames(t *testing.T) {
	var got bytes.Buffer
	for _, p := range exported(t) {
		fmt.Fprintf(&got, "# %s\n", strings.TrimPrefix(p.Path(), module))
		for _, line := range namesOf(p) {
			fmt.Fprintln(&got, line)
		}
	}
	const file = "testdata/promised.txt"
	if *updatePromised {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got.Bytes(), want) {
		return
	}
	before, now := strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")
	for _, line := range before {
		if !slices.Contains(now, line) {
			t.Errorf("gone:  %s", line)
		}
	}
	for _, line := range now {
		if !slices.Contains(before, line) {
			t.Errorf("added: %s", line)
		}
	}
	t.Errorf("the promised names are others (or in another order) than in %s", file)
}

// TestPromisedSignatures shows that whoever builds on the promised packages needs
// no other package of the module: none of their signatures names one of its
// types.
func TestPromisedSignatures(t *testing.T) {
	excepted := exceptions()
	for _, p := range exported(t) {
		for _, o := range objects(p) {
			name := strings.TrimPrefix(p.Path(), module) + "." + o.Name()
			foreign := unpromised(o)
			if _, ok := excepted[name]; ok && len(foreign) > 0 {
				excepted[name] = "" // it is needed
				continue
			}
			for _, f := range foreign {
				t.Errorf("%s names %s", name, f)
			}
		}
	}
	for name, reason := range excepted {
		if reason != "" {
			t.Errorf("%s names nothing that is not promised, or is gone: it is an exception no more", name)
		}
	}
}

// exceptions are what other programs are not to build on, though it stands in a
// promised package; and why it does.
func exceptions() map[string]string {
	out := map[string]string{}
	for reason, names := range map[string][]string{
		"rialto's own tools on the folder of a node that is stopped: they share the node's reading of it": {
			"node.Enrol", "node.Heard", "node.Losses", "node.ParsePosition", "node.Recover", "node.Recovery",
			"node.RequestCertificate", "node.Restore", "node.Survivor", "node.VerifyFolder",
		},
		"what a node has from outside itself, for simulations": {"node.WithWorld", "readmodels.Lock"},
	} {
		for _, name := range names {
			out[name] = reason
		}
	}
	return out
}

// exported loads the promised packages as their importers see them.
func exported(t *testing.T) []*types.Package {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Export"}
	for _, p := range promised() {
		args = append(args, module+p)
	}
	var stdout, stderr bytes.Buffer
	list := exec.Command("go", args...)
	list.Stdout, list.Stderr = &stdout, &stderr
	if err := list.Run(); err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	files := map[string]string{}
	for d := json.NewDecoder(&stdout); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		files[p.ImportPath] = p.Export
	}
	from := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
	var out []*types.Package
	for _, p := range promised() {
		loaded, err := from.Import(module + p)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, loaded)
	}
	return out
}

// objects are the exported names of a package, and its types' exported methods.
func objects(p *types.Package) []types.Object {
	var out []types.Object
	for _, name := range p.Scope().Names() {
		o := p.Scope().Lookup(name)
		if !o.Exported() {
			continue
		}
		out = append(out, o)
		named, ok := o.Type().(*types.Named)
		if _, isType := o.(*types.TypeName); !ok || !isType {
			continue
		}
		for i := range named.NumMethods() {
			if m := named.Method(i); m.Exported() {
				out = append(out, m)
			}
		}
	}
	return out
}

// namesOf are the exported names of a package as lines: objects, methods, fields.
func namesOf(p *types.Package) []string {
	short := func(other *types.Package) string {
		if other == p {
			return ""
		}
		return strings.TrimPrefix(other.Path(), module)
	}
	var out []string
	for _, o := range objects(p) {
		switch o := o.(type) {
		case *types.TypeName:
			out = append(out, typeLines(o, short)...)
		case *types.Const:
			out = append(out, "const "+o.Name()+" "+types.TypeString(o.Type(), short))
		case *types.Var:
			out = append(out, "var "+o.Name()+" "+types.TypeString(o.Type(), short))
		default:
			out = append(out, types.ObjectString(o, short))
		}
	}
	return out
}

func typeLines(o *types.TypeName, short types.Qualifier) []string {
	switch u := o.Type().Underlying().(type) {
	case *types.Struct:
		out := []string{"type " + o.Name() + " struct"}
		for i := range u.NumFields() {
			if f := u.Field(i); f.Exported() {
				out = append(out, "field "+o.Name()+"."+f.Name()+" "+types.TypeString(f.Type(), short))
			}
		}
		return out
	case *types.Interface:
		out := []string{"type " + o.Name() + " interface"}
		for i := range u.NumMethods() {
			m := u.Method(i)
			out = append(out, "method "+o.Name()+"."+m.Name()+strings.TrimPrefix(types.TypeString(m.Type(), short), "func"))
		}
		return out
	default:
		return []string{"type " + o.Name() + " " + types.TypeString(u, short)}
	}
}

// unpromised are the module's types that an object names and nobody promised.
func unpromised(o types.Object) []string {
	w := walk{seen: map[types.Type]bool{}}
	if t, ok := o.(*types.TypeName); ok {
		w.visit(t.Type().Underlying())
	} else {
		w.visit(o.Type())
	}
	return w.found
}

// walk goes through the types that a signature names.
type walk struct {
	seen  map[types.Type]bool
	found []string
}

func (w *walk) visit(t types.Type) {
	if w.seen[t] {
		return
	}
	w.seen[t] = true
	switch t := t.(type) {
	case *types.Named:
		w.named(t)
	case *types.Alias:
		w.visit(types.Unalias(t))
	case *types.Pointer:
		w.visit(t.Elem())
	case *types.Slice:
		w.visit(t.Elem())
	case *types.Array:
		w.visit(t.Elem())
	case *types.Chan:
		w.visit(t.Elem())
	case *types.Map:
		w.visit(t.Key())
		w.visit(t.Elem())
	case *types.Signature:
		for _, tuple := range []*types.Tuple{t.Params(), t.Results()} {
			for i := range tuple.Len() {
				w.visit(tuple.At(i).Type())
			}
		}
	case *types.Struct:
		for i := range t.NumFields() {
			if f := t.Field(i); f.Exported() {
				w.visit(f.Type())
			}
		}
	case *types.Interface:
		for i := range t.NumMethods() {
			w.visit(t.Method(i).Type())
		}
	}
}

func (w *walk) named(t *types.Named) {
	for i := range t.TypeArgs().Len() {
		w.visit(t.TypeArgs().At(i))
	}
	p := t.Obj().Pkg()
	if p == nil || !strings.HasPrefix(p.Path(), module) {
		return
	}
	own := strings.TrimPrefix(p.Path(), module)
	if !slices.Contains(promised(), own) || !t.Obj().Exported() {
		w.found = append(w.found, own+"."+t.Obj().Name())
	}
}
