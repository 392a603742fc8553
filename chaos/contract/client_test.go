package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// door is a test's way to the venue.
type door struct {
	*suite
	t *testing.T
	// key is sent as the credentials, when set.
	key string
}

func open(t *testing.T) *door {
	t.Helper()
	if shared == nil {
		t.Skip("real processes: skipped with -short")
	}
	return &door{suite: shared, t: t}
}

// as returns the same door for the holder of a key.
func (d *door) as(key string) *door { return &door{suite: d.suite, t: d.t, key: key} }

// reply is an answer: its JSON stays as it was sent, numbers included.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// send makes a request of a node. headers are "Name: value".
func (s *suite) send(node int, method, path, body string, headers ...string) (reply, error) {
	req, err := http.NewRequest(method, s.URL(node)+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	res, err := s.Client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return reply{status: res.StatusCode, header: res.Header, body: b}, err
}

func (d *door) send(node int, method, path, body string, headers ...string) reply {
	d.t.Helper()
	if d.key != "" {
		headers = append(headers, "Authorization: Bearer "+d.key)
	}
	r, err := d.suite.send(node, method, path, body, headers...)
	if err != nil {
		d.t.Fatalf("%s %s: %v", method, path, err)
	}
	if r.status >= 500 && r.status != http.StatusGatewayTimeout {
		d.t.Errorf("%s %s: %d %s", method, path, r.status, r.body)
	}
	api, err := described()
	if err != nil {
		d.t.Fatal(err)
	}
	if why := api.differs(method, path, r); why != "" {
		d.t.Errorf("%s %s: %s: %s", method, path, why, r.body)
	}
	return r
}

func (d *door) get(node int, path string, headers ...string) reply {
	d.t.Helper()
	return d.send(node, "GET", path, "", headers...)
}

// command sends {"payload":payload} to the first node.
func (d *door) command(verb string, payload fields) reply {
	d.t.Helper()
	return d.raw(0, verb, fields{"payload": payload})
}

// must is command for what the test takes for granted.
func (d *door) must(verb string, payload fields) reply {
	d.t.Helper()
	r := d.command(verb, payload)
	if r.status != http.StatusOK {
		d.t.Fatalf("%s %v: %d %s", verb, payload, r.status, r.body)
	}
	return r
}

// raw sends a whole body.
func (d *door) raw(node int, verb string, body fields, headers ...string) reply {
	d.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.send(node, "POST", "/v1/commands/"+verb, string(b), headers...)
}

// fields are those of a JSON object.
type fields map[string]any

// with returns a copy with more fields.
func (f fields) with(more fields) fields {
	c := maps.Clone(f)
	maps.Copy(c, more)
	return c
}

// absent is what want expects of a field that must not be there.
type absent struct{}

// want checks the status and fields of the answer, each named by its path:
// "order.status", "fills.0.price". Values are compared as they print, so
// "1.00" and 1 are not confused with "1" and 1.0.
func (r reply) want(t *testing.T, status int, want fields) reply {
	t.Helper()
	if r.status != status {
		t.Errorf("got status %d, want %d: %s", r.status, status, r.body)
		return r
	}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		got, ok := r.at(path)
		switch w := want[path].(type) {
		case absent:
			if ok {
				t.Errorf("%s is %v, want none: %s", path, got, r.body)
			}
		default:
			if !ok || show(got) != show(w) {
				t.Errorf("%s: got %s, want %s: %s", path, show(got), show(w), r.body)
			}
		}
	}
	return r
}

// show tells strings from numbers.
func show(v any) string {
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// refused checks a problem: its media type, its status and code, and that the
// standard members agree with them.
func (r reply) refused(t *testing.T, status int, code string) reply {
	t.Helper()
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("got content type %q: %s", got, r.body)
	}
	r.want(t, status, fields{"status": status, "code": code})
	for _, name := range []string{"type", "title", "detail"} {
		if s, _ := r.text(name); s == "" {
			t.Errorf("the problem has no %s: %s", name, r.body)
		}
	}
	if detail, _ := r.text("detail"); !strings.HasPrefix(detail, "[") {
		t.Errorf("detail is not `[rule] reason`: %s", detail)
	}
	return r
}

// tree parses the body.
func (r reply) tree() any {
	var v any
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// at returns the value of a path.
func (r reply) at(path string) (any, bool) {
	v := r.tree()
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			var ok bool
			if v, ok = x[step]; !ok {
				return nil, false
			}
		case []any:
			if step == "#" {
				return len(x), true
			}
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(x) {
				return nil, false
			}
			v = x[i]
		default:
			return nil, false
		}
	}
	return v, true
}

func (r reply) text(path string) (string, bool) {
	v, _ := r.at(path)
	s, ok := v.(string)
	return s, ok
}

// number returns a whole number that must be there.
func (r reply) number(t *testing.T, path string) uint64 {
	t.Helper()
	v, _ := r.at(path)
	n, err := strconv.ParseUint(show(v), 10, 64)
	if err != nil {
		t.Fatalf("%s is no whole number: %s", path, r.body)
	}
	return n
}

// names returns the sorted field names of the object at a path ("" = whole).
func (r reply) names(path string) string {
	v := r.tree()
	if path != "" {
		v, _ = r.at(path)
	}
	m, _ := v.(map[string]any)
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}
