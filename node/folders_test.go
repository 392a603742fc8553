package node_test

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/node"
)

// folder is a data folder of an earlier build, and what that build said about
// it; testdata/folders has how each was made. None is ever rewritten.
type folder struct {
	Version  string
	History  string
	Sequence uint64
	Index    uint64
	Hashes   map[string]string // by log index
	Export   struct {
		Count  int
		SHA256 string
	}
	Answers []answer
}

// answer is what a path was answered with a key.
type answer struct {
	Path, Key string
	Status    int
	Body      string
}

func openGzip(t *testing.T, name string) io.Reader {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// unpackFolder writes testdata/folders/name/data.tar.gz below dir. What the
// archive knows to be holes becomes holes again.
func unpackFolder(t *testing.T, name, dir string) folder {
	t.Helper()
	base := filepath.Join("testdata", "folders", name)
	for r := tar.NewReader(openGzip(t, filepath.Join(base, "data.tar.gz"))); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.Clean("/"+h.Name))
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = unpackFile(path, r, h.Size)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var f folder
	if err := json.NewDecoder(openGzip(t, filepath.Join(base, "golden.json.gz"))).Decode(&f); err != nil {
		t.Fatal(err)
	}
	return f
}

func unpackFile(path string, from io.Reader, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	block, zeros := make([]byte, 64<<10), make([]byte, 64<<10)
	for at := int64(0); at < size; {
		n, err := io.ReadFull(from, block[:min(int64(len(block)), size-at)])
		if err != nil {
			return errors.Join(err, f.Close())
		}
		if string(block[:n]) != string(zeros[:n]) {
			if _, err := f.WriteAt(block[:n], at); err != nil {
				return errors.Join(err, f.Close())
			}
		}
		at += int64(n)
	}
	return errors.Join(f.Truncate(size), f.Close())
}

// openFolder opens the node of a folder, and waits until it serves.
func openFolder(t *testing.T, dir string) (*node.Node, node.Config) {
	t.Helper()
	cfg := testConfig(t, "n1")
	cfg.ClusterID, cfg.Demo, cfg.DataDir = "yesterday", false, dir
	cfg.BootstrapKey = "root:" + node.HashSecret("first")
	cfg.Commands.DedupCapacity = 1 << 20
	cfg.InitialCluster = []node.InitialMember{{ID: "n1", PeerAddress: cfg.PeerAddress}}
	c := &trio{t: t, configs: []node.Config{cfg}, nodes: make([]*node.Node, 1), logged: newLogBuffer(t)}
	c.start(0)
	t.Cleanup(func() { c.stop(0) })
	c.until("the node of the folder serves", func() bool {
		status, _, _ := get(t, cfg, "/v1/commands/c1", "root.first")
		return status == http.StatusOK && c.nodes[0].Operations().Ready() == nil
	})
	return c.nodes[0], cfg
}

func get(t *testing.T, cfg node.Config, path, key string) (status int, body string, header http.Header) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+cfg.HTTPAddress+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b), answer.Header
}

// checkFolder asks everything that was asked then.
func checkFolder(t *testing.T, cfg node.Config, want folder) {
	t.Helper()
	for _, a := range want.Answers {
		status, body, _ := get(t, cfg, a.Path, a.Key)
		if status != a.Status || opaque(body) != opaque(a.Body) {
			t.Errorf("%s: got %d %s\nwant %d %s", a.Path, status, body, a.Status, a.Body)
		}
		checkCursor(t, cfg, a)
	}
	_, _, header := get(t, cfg, "/v1/queries/assets", want.Answers[0].Key)
	if got := header.Get("Rialto-History"); got != want.History {
		t.Errorf("got history %s, want %s", got, want.History)
	}
	count, digest := exportEvents(t, cfg, want)
	if count != want.Export.Count || digest != want.Export.SHA256 {
		t.Errorf("got %d events with SHA-256 %s, want %+v", count, digest, want.Export)
	}
}

// next is the cursor of an answer. Its bytes are each build's own; that there
// is one is the answer's, and that it is good for ever is checkCursor's.
var next = regexp.MustCompile(`"next":"([^"]*)"`)

// absent is what an answer says to people of what is not there: the code beside
// it is the answer's, the words are each build's own.
var absent = regexp.MustCompile(`"detail":"(\[unknown_[a-z]+\]) [^"]*"`)

func opaque(body string) string {
	return absent.ReplaceAllString(next.ReplaceAllString(body, `"next":"…"`), `"detail":"$1"`)
}

// checkCursor shows that a list goes on from the cursor that it was left with
// then: the next item is the one that follows when the list is read in one go.
func checkCursor(t *testing.T, cfg node.Config, a answer) {
	t.Helper()
	cursor := next.FindStringSubmatch(a.Body)
	if cursor == nil {
		return
	}
	path, query, _ := strings.Cut(a.Path, "?")
	parameters, err := url.ParseQuery(query)
	must(t, err)
	parameters.Set("limit", "1000")
	status, whole, _ := get(t, cfg, path+"?"+parameters.Encode(), a.Key)
	then, all := items(t, a.Body), items(t, whole)
	if status != http.StatusOK || len(all) < len(then) {
		t.Fatalf("%s with limit=1000: %d, %d items", a.Path, status, len(all))
	}
	want := ""
	if len(all) > len(then) {
		want = string(all[len(then)])
	}
	status, body, _ := get(t, cfg, path+"?limit=1&cursor="+cursor[1], a.Key)
	got := ""
	if next := items(t, body); status == http.StatusOK && len(next) > 0 {
		got = string(next[0])
	}
	if status != http.StatusOK || got != want {
		t.Errorf("%s: its cursor of then is answered %d %s\nwant %s", a.Path, status, body, want)
	}
}

// items are those of a list.
func items(t *testing.T, body string) []json.RawMessage {
	t.Helper()
	var list struct{ Items []json.RawMessage }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return list.Items
}

// exportEvents is what rialto events export writes up to the folder's end.
func exportEvents(t *testing.T, cfg node.Config, want folder) (count int, digest string) {
	t.Helper()
	sum := sha256.New()
	for after := uint64(0); after < want.Sequence; {
		limit := min(1000, want.Sequence-after)
		_, body, _ := get(t, cfg, fmt.Sprintf("/v1/queries/events?after=%d&limit=%d", after, limit), want.Answers[0].Key)
		var page struct{ Items []json.RawMessage }
		if err := json.Unmarshal([]byte(body), &page); err != nil || len(page.Items) == 0 {
			t.Fatalf("events after %d: %v, %s", after, err, body)
		}
		for _, e := range page.Items {
			fmt.Fprintf(sum, "%s\n", e)
		}
		count, after = count+len(page.Items), after+uint64(len(page.Items))
	}
	return count, hex.EncodeToString(sum.Sum(nil))
}

// A folder of the first builds opens to the same answers: with its views, with
// views that are folded anew, and with views whose format was another.
func TestYesterdaysFolder(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, views string){
		"as it was":     func(*testing.T, string) {},
		"without views": func(t *testing.T, views string) { must(t, os.RemoveAll(views)) },
		"with views of another format": func(t *testing.T, views string) {
			ageViews(t, views)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			want := unpackFolder(t, "level1", dir)
			change(t, filepath.Join(dir, "data", "views"))
			_, cfg := openFolder(t, filepath.Join(dir, "data"))
			checkFolder(t, cfg, want)
			checkLastHash(t, cfg, want)
		})
	}
}

// ageViews makes each view one of the format before its own, with records that
// it would misread: those of another view.
func ageViews(t *testing.T, views string) {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(views, "*", "badger"))
	must(t, err)
	if len(folders) < 5 {
		t.Fatalf("got views %v", folders)
	}
	aside := filepath.Join(views, "aside")
	must(t, os.Rename(folders[0], aside))
	for i := range folders[1:] {
		must(t, os.Rename(folders[i+1], folders[i]))
	}
	must(t, os.Rename(aside, folders[len(folders)-1]))
	for _, folder := range folders {
		name := filepath.Base(filepath.Dir(folder))
		state := filepath.Join(views, name, "state.json")
		b, err := os.ReadFile(state)
		must(t, err)
		aged := strings.Replace(string(b), name+"/1/", name+"/0/", 1)
		if aged == string(b) {
			t.Fatalf("view %s says %s", name, b)
		}
		must(t, os.WriteFile(state, []byte(aged), 0o600))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checkLastHash compares the newest state hash, which the node took when it
// replayed the log behind its snapshot.
func checkLastHash(t *testing.T, cfg node.Config, want folder) {
	t.Helper()
	_, body, _ := get(t, cfg, "/v1/cluster", want.Answers[0].Key)
	var twin struct {
		Nodes []struct {
			Index uint64 `json:"state_hash_index"`
			Hash  string `json:"state_hash"`
		}
	}
	if err := json.Unmarshal([]byte(body), &twin); err != nil || len(twin.Nodes) != 1 {
		t.Fatalf("%v, %s", err, body)
	}
	if n := twin.Nodes[0]; n.Index != 8192 || n.Hash != want.Hashes["8192"] {
		t.Errorf("got state hash %s at %d, want %v", n.Hash, n.Index, want.Hashes)
	}
	if !strings.HasPrefix(want.Version, "rialto e4ff30b ") {
		t.Errorf("folder of %q", want.Version)
	}
}
