package rialto_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// direct says what of a standard package goes round a node's world
// (node/world): files, network and randomness of this machine. A name is a whole
// one or, with a dot at its end, every name but those of allowed.
type direct struct {
	names   *regexp.Regexp // that are refused
	instead string
}

func names(pattern string) *regexp.Regexp { return regexp.MustCompile("^(" + pattern + ")$") }

// directs are the packages by which something gets round the world.
func directs() map[string]direct {
	files := "files are the world's: world.Files and the functions beside it"
	return map[string]direct{
		"os": {names("Open|OpenFile|OpenInRoot|OpenRoot|Create|CreateTemp|NewFile|Rename|Remove|RemoveAll|Mkdir|MkdirAll|MkdirTemp|" +
			"Stat|Lstat|ReadDir|ReadFile|WriteFile|Truncate|Link|Symlink|Readlink|Chmod|Chown|Chtimes|Chdir|DirFS|CopyFS|StartProcess"), files},
		"io/ioutil":     {names(".*"), files},
		"path/filepath": {names("Glob|Walk|WalkDir|EvalSymlinks"), files},
		"syscall":       {names("[A-DF-Z].*"), "system calls are the world's"}, // errors begin with E
		"os/exec":       {names(".*"), "a node runs nothing"},
		"net": {names("Listen|Listen(Packet|TCP|UDP|Unix|Unixgram|IP|MulticastUDP|Config)|Dial|Dial(er|Timeout|TCP|UDP|Unix|IP)|Lookup.*|Resolve.*|Interface.*|FileConn|FileListener|DefaultResolver"),
			"sockets are the world's: world.Network"},
		"net/http":    {names("Get|Head|Post|PostForm|ListenAndServe.*|DefaultClient|DefaultTransport"), "sockets are the world's: world.Network"},
		"crypto/tls":  {names("Dial.*|Listen|Dialer"), "sockets are the world's: world.Network"},
		"crypto/rand": {names(".*"), "randomness is the world's: World.Random"},
	}
}

// exception is a file, or a folder with a slash at its end, that may use a
// package's names directly.
type exception struct {
	place, pkg string
	names      *regexp.Regexp
	why        string
}

func exceptions() []exception {
	any := names(".*")
	return []exception{
		{"node/world/", "os", any, "the system's files"},
		{"node/world/", "syscall", any, "the system's files"},
		{"node/world/", "net", any, "the system's network"},
		{"node/world/", "crypto/rand", any, "the system's randomness"},

		{"cluster/consensus/logstore/bolt.go", "os", names("Open"), "bbolt opens its file by itself, and only on the system's: the check before it reads the same"},
		{"cluster/consensus/logstore/bolt.go", "syscall", names("Flock|LOCK_.*"), "the lock that bbolt takes"},
		{"readmodels/store/badger.go", "os", names("Stat"), "Badger's own files, only on the system's"},
		{"readmodels/store/badger.go", "path/filepath", names("Glob"), "Badger's own files, only on the system's"},
		{"readmodels/store/verify.go", "os", names("Open|ReadFile|Stat"), "Badger's own files, only on the system's"},
		{"readmodels/store/verify.go", "path/filepath", names("Glob"), "Badger's own files, only on the system's"},
		{"readmodels/store/unread.go", "os", names("Link|MkdirAll|Remove|RemoveAll|Stat"), "second names of Badger's own files, only on the system's"},
		{"readmodels/store/giveback_linux.go", "os", names("Open"), "what this process has mapped"},
		{"readmodels/store/giveback_linux.go", "syscall", any, "what this process has mapped"},
		{"readmodels/store/state.go", "os", names("ReadFile"), "the name of this computer's start, asked for only on the system's files"},
		{"readmodels/viewtest/", "os", any, "a suite of tests"},

		{"cluster/credentials/keyring.go", "crypto/rand", any, "a secret is the kernel's, in every world"},
		{"cluster/credentials/authority.go", "crypto/rand", any, "a secret is the kernel's, in every world"},
		{"cluster/credentials/files.go", "crypto/rand", any, "a secret is the kernel's, in every world"},
		{"cluster/credentials/credtest/", "os", any, "for tests"},
		{"cluster/membership/transport.go", "net", names("ResolveUDPAddr"), "members' addresses are numbers: nobody is asked"},

		{"node/neighbours.go", "net", names("DefaultResolver"), "a member's host name is asked of this computer; where a world is made up addresses are numbers"},
		{"gateways/gatewaytest/", "", any, "a suite of tests"},
		{"node/examples/", "", any, "programs of others, which embed a node"},
		{"gateways/venue.go", "net", names("Listen"), "the default of who uses a gateway without a node"},

		{"node/backup/receive.go", "os", any, "the command line's side of a backup: it runs beside no node"},
		{"node/backup/manifest.go", "os", any, "the command line's side of a backup"},
		{"node/backup/manifest.go", "time", any, "the command line's side of a backup"},
		{"node/backup/folder.go", "os", any, "the command line's side of a backup"},
		{"node/backup/folder.go", "path/filepath", any, "the command line's side of a backup"},
		{"node/internal/room/measure.go", "os", names("Open"), "the descriptors of this process"},
		{"node/internal/room/measure.go", "syscall", names("Rlimit|Getrlimit|Setrlimit|RLIMIT_NOFILE"), "the descriptors of this process"},
		{"node/descriptors.go", "syscall", names("Rlimit|Getrlimit|RLIMIT_NOFILE"), "the descriptors of this process"},
		{"node/internal/memory/", "os", names("Open"), "the memory of this process"},
		{"node/internal/memory/", "syscall", any, "the memory of this process"},
		{"node/internal/hugepages/", "syscall", any, "the memory of this process"},

		{"gateways/rest/rest.go", "crypto/rand", names("Reader"), "the default of who uses the gateway without a node"},
		{"gateways/fix/server.go", "crypto/rand", names("Reader"), "the default of who uses the gateway without a node"},
		{"gateways/rest/", "time", names("Now"), "the default of who uses the gateway without a node; what measures"},
		{"gateways/fix/server.go", "time", names("Now"), "the default of who uses the gateway without a node"},
		{"gateways/fix/logon.go", "time", names("Now"), "what an engine is told, which compares it with the process's own time"},
		{"gateways/fix/internal/desktest/", "", any, "for tests"},
		{"gateways/fix/internal/stock/", "", any, "for tests"},
		{"gateways/fix/internal/dictionary/generate/", "", any, "makes source files"},
		{"readmodels/journal/journal.go", "time", names("Now"), "the default of who uses the journal without a node"},
		{"readmodels/projector/projector.go", "time", names("Now"), "the default of who uses the projector without a node"},
		{"cluster/consensus/logger.go", "time", names("Now"), "how long a warning is dropped: it measures"},
	}
}

// found is a direct use.
type found struct {
	file, pkg, name, why string
	line                 int
}

func (f found) String() string {
	return fmt.Sprintf("%s:%d: %s.%s: %s", f.file, f.line, f.pkg, f.name, f.why)
}

// inspector looks at files.
type inspector struct {
	directs    map[string]direct
	exceptions []exception
}

func newInspector() *inspector { return &inspector{directs(), exceptions()} }

// uses finds what goes round the world in a file, source text or nil.
func (i *inspector) uses(t *testing.T, name string, src any) []found {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]string{} // by the name that the file gives
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		local := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			local = spec.Name.Name
		}
		packages[local] = path
	}
	var all []found
	add := func(at ast.Node, pkg, sel, why string) {
		all = append(all, found{filepath.ToSlash(name), pkg, sel, why, set.Position(at.Pos()).Line})
	}
	clock := wallUses(file, packages)
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		of, ok := sel.X.(*ast.Ident)
		if !ok || of.Obj != nil { // a variable of the file's
			return true
		}
		pkg := packages[of.Name]
		if d, watched := i.directs[pkg]; watched && d.names.MatchString(sel.Sel.Name) {
			add(sel, pkg, sel.Sel.Name, d.instead)
		}
		if clock[sel] {
			add(sel, pkg, sel.Sel.Name, "what time it is the world's clock tells: World.Clock")
		}
		return true
	})
	return all
}

// wallUses are the mentions of time.Now that ask what time it is: those that are
// handed on as a function, and those of which more is wanted than to compare
// them. What was only measured with goes on in the process's own time, also when
// a wall clock is set.
func wallUses(file *ast.File, packages map[string]string) map[*ast.SelectorExpr]bool {
	isNow := func(n ast.Expr) *ast.SelectorExpr {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Now" {
			return nil
		}
		if of, ok := sel.X.(*ast.Ident); !ok || of.Obj != nil || packages[of.Name] != "time" {
			return nil
		}
		return sel
	}
	uses, called := map[*ast.SelectorExpr]bool{}, map[*ast.SelectorExpr]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if now := isNow(n.Fun); now != nil {
				called[now] = true
			}
		case *ast.SelectorExpr:
			if call, ok := n.X.(*ast.CallExpr); ok {
				if now := isNow(call.Fun); now != nil && !slices.Contains([]string{"Add", "Sub", "After", "Before"}, n.Sel.Name) {
					uses[now] = true
				}
			}
			if now := isNow(n); now != nil && !called[now] {
				uses[now] = true // ast.Inspect meets the call before its function
			}
		}
		return true
	})
	return uses
}

// excused returns which exception holds for a use, −1 for none.
func (i *inspector) excused(f found) int {
	return slices.IndexFunc(i.exceptions, func(e exception) bool {
		in := f.file == e.place || strings.HasSuffix(e.place, "/") && strings.HasPrefix(f.file, e.place)
		return in && (e.pkg == "" || e.pkg == f.pkg) && e.names.MatchString(f.name)
	})
}

// TestLayersGoThroughTheWorld shows that nothing that a node is made of opens a
// file or a socket, takes randomness or asks what time it is by itself: it would
// be out of a simulation's reach, and of its faults. Tests are left out.
func TestLayersGoThroughTheWorld(t *testing.T) {
	i, used := newInspector(), map[int]bool{}
	for _, room := range []string{"cluster", "node", "readmodels", "gateways"} {
		err := filepath.WalkDir(room, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			for _, f := range i.uses(t, path, nil) {
				if at := i.excused(f); at >= 0 {
					used[at] = true
				} else {
					t.Error(f)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for at, e := range i.exceptions {
		if !used[at] {
			t.Errorf("nothing needs the exception of %s for %s any more", e.place, e.pkg)
		}
	}
}

// TestLayersSeeDirectCalls shows that one that is added is found, in whatever
// dress, and that what only looks like one is not.
func TestLayersSeeDirectCalls(t *testing.T) {
	i := newInspector()
	for _, c := range []struct {
		line string
		want int
	}{
		{`os.Open("a")`, 1},
		{`_ = os.Rename`, 1},
		{`sys.ReadFile("a")`, 1},
		{`net.Listen("tcp", "")`, 1},
		{`_ = net.Dialer{}`, 1},
		{`rand.Read(nil)`, 1},
		{`_ = rand.Reader`, 1},
		{`filepath.Glob("*")`, 1},
		{`syscall.Fsync(0)`, 1},
		{`http.Get("")`, 1},
		{`exec.Command("a")`, 1},
		{`tell(time.Now)`, 1},
		{`_ = time.Now().UnixNano()`, 1},
		{`_ = time.Now().UTC().Format("")`, 1},
		{`_ = struct{ now func() time.Time }{now: time.Now}`, 1},

		{`_ = os.O_CREATE; _ = os.ErrNotExist`, 0},
		{`_ = errors.Is(nil, syscall.ECONNREFUSED)`, 0},
		{`_ = net.JoinHostPort("a", "1")`, 0},
		{`_ = filepath.Join("a")`, 0},
		{`begun := time.Now(); _ = time.Since(begun)`, 0},
		{`conn.SetDeadline(time.Now().Add(1))`, 0},
		{`os := other{}; os.Open("a")`, 0},
	} {
		src := `package p
import ("crypto/rand"; "errors"; "net"; "net/http"; "os"; sys "os"; "os/exec"; "path/filepath"; "syscall"; "time")
func f() { ` + c.line + ` }`
		if got := i.uses(t, "node/new.go", src); len(got) != c.want {
			t.Errorf("%s: found %v, want %d", c.line, got, c.want)
		} else if c.want > 0 && i.excused(got[0]) >= 0 {
			t.Errorf("%s is excused in a file that nobody named", c.line)
		}
	}
	elsewhere := found{file: "readmodels/store/store.go", pkg: "os", name: "Open"}
	there := found{file: "readmodels/store/verify.go", pkg: "os", name: "Open"}
	if i.excused(elsewhere) >= 0 || i.excused(there) < 0 {
		t.Error("an exception holds where it is not, or not where it is")
	}
}
