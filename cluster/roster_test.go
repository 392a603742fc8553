package cluster_test

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
)

func life(n byte) (i cluster.Incarnation) {
	i[0] = n
	return i
}

func voter(id string) cluster.Member {
	return cluster.Member{ID: cluster.NodeID(id), Address: id + ":7080", Voter: true}
}

func enrolment(id string, n byte) cluster.Enrolment {
	return cluster.Enrolment{ID: cluster.NodeID(id), Incarnation: life(n)}
}

// TestRosterStory tells how a cluster's members come and go, and what the
// roster says of each incarnation after every step.
func TestRosterStory(t *testing.T) {
	r := cluster.Roster{}
	want := func(step string, standings map[string]cluster.Standing) {
		t.Helper()
		for who, s := range standings {
			id, n, _ := strings.Cut(who, "/")
			if got := r.Standing(enrolment(id, n[0]-'0')); got != s {
				t.Errorf("%s: %s has standing %d, want %d", step, who, got, s)
			}
		}
	}
	r = r.Configure(1, []cluster.Member{voter("a"), voter("b")})
	want("founded by a build without incarnations", map[string]cluster.Standing{"a/1": cluster.Unproven, "c/3": cluster.Unknown})
	if r.Proven() {
		t.Error("nobody has shown an incarnation yet")
	}
	r = r.Admit(5, enrolment("a", 1)).Admit(5, enrolment("b", 2))
	want("adopted", map[string]cluster.Standing{"a/1": cluster.Belongs, "b/2": cluster.Belongs, "b/9": cluster.Replaced, "b/0": cluster.Replaced})
	if !r.Proven() {
		t.Error("all have shown their incarnations")
	}
	r = r.Admit(6, enrolment("b", 9))
	want("a wiped member is not admitted over itself", map[string]cluster.Standing{"b/2": cluster.Belongs, "b/9": cluster.Replaced})
	r = r.Admit(7, enrolment("c", 3))
	want("a newcomer does not belong before it is in the configuration", map[string]cluster.Standing{"c/3": cluster.Awaited, "c/4": cluster.Unknown})
	r = r.Configure(8, []cluster.Member{voter("a"), voter("b"), {ID: "c", Address: "c:7080"}})
	want("and is one then", map[string]cluster.Standing{"c/3": cluster.Belongs, "c/4": cluster.Replaced})
	r = r.Configure(9, []cluster.Member{voter("a"), {ID: "c", Address: "c:7080"}})
	want("removed", map[string]cluster.Standing{"b/2": cluster.Gone, "b/9": cluster.Unknown})
	r = r.Admit(10, enrolment("b", 9)).Configure(11, []cluster.Member{voter("a"), voter("b"), voter("c")})
	want("and back as another", map[string]cluster.Standing{"b/2": cluster.Gone, "b/9": cluster.Belongs})
	if r.Index != 11 || len(r.Pending) != 0 {
		t.Errorf("index %d, pending %v", r.Index, r.Pending)
	}
}

// TestRosterBounds shows that what is remembered of those who left, and of
// those who never arrived, is bounded.
func TestRosterBounds(t *testing.T) {
	r := cluster.Roster{}
	for n := range byte(40) {
		id := string('A'+rune(n)) + "x"
		r = r.Admit(1, enrolment(id, n+1))
	}
	if got := len(r.Pending); got != 16 || r.Pending[15] != enrolment(string('A'+rune(39))+"x", 40) {
		t.Errorf("%d pending, the newest %v", got, r.Pending[got-1])
	}
	for _, p := range slices.Clone(r.Pending) {
		r = r.Configure(2, []cluster.Member{voter(string(p.ID))})
	}
	for n := range byte(40) {
		id := string('a' + rune(n))
		r = r.Admit(3, enrolment(id, n+1)).Configure(3, []cluster.Member{voter(id)})
	}
	for n := range byte(255) {
		id := "z" + strconv.Itoa(int(n))
		r = r.Admit(3, enrolment(id, n+1)).Configure(3, []cluster.Member{voter(id)})
	}
	if len(r.Removed) != cluster.MaxRemoved || r.Removed[cluster.MaxRemoved-1] != enrolment("z253", 254) {
		t.Errorf("%d removed are remembered", len(r.Removed))
	}
	one := r
	one.Removed = append(slices.Clip(r.Removed), enrolment("one-more", 1))
	if _, err := cluster.ParseRoster(one.Append(nil)); err == nil {
		t.Error("a roster with one more was read")
	}
	if back, err := cluster.ParseRoster(r.Append(nil)); err != nil || !bytes.Equal(back.Append(nil), r.Append(nil)) {
		t.Errorf("encoded and decoded: %+v, %v", back, err)
	}
}

// TestRosterOfEarlierBuilds shows that a roster is written as the builds before
// read it for as long as they could hold it: with sixteen removed.
func TestRosterOfEarlierBuilds(t *testing.T) {
	var r cluster.Roster
	for n := range byte(17) {
		r.Removed = append(r.Removed, enrolment("x", n+1))
		want := byte(1)
		if len(r.Removed) > 16 {
			want = 2
		}
		b := r.Append(nil)
		if b[0] != want {
			t.Errorf("with %d removed it is version %d, not %d", len(r.Removed), b[0], want)
		}
		if back, err := cluster.ParseRoster(b); err != nil || !reflect.DeepEqual(back, r) {
			t.Errorf("with %d removed: %+v, %v", len(r.Removed), back, err)
		}
		if b[0] = 3 - want; want == 2 {
			if _, err := cluster.ParseRoster(b); err == nil {
				t.Error("a first version with seventeen removed was read")
			}
		}
	}
}

// TestRosterGolden freezes the bytes: they lie in term and vote, in snapshots
// and in the log.
func TestRosterGolden(t *testing.T) {
	r := cluster.Roster{Index: 7}.Configure(7, []cluster.Member{voter("a")}).Admit(8, enrolment("a", 1)).Admit(9, enrolment("b", 2))
	r.Removed = []cluster.Enrolment{enrolment("c", 3)}
	const zeros = "000000000000000000000000000000"
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"roster", r.Append(nil), "01" + "0900000000000000" +
			"0100" + "0161" + "06613a37303830" + "01" + "01" + zeros + "0100" + "0162" + "02" + zeros + "0100" + "0163" + "03" + zeros},
		{"admission", cluster.AppendAdmission(nil, []cluster.Enrolment{enrolment("a", 1)}), "524c4d42" + "01" + "0100" + "0161" + "01" + zeros},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// FuzzRoster shows that no bytes make the decoders panic or grow, and that
// what is read is written the same again.
func FuzzRoster(f *testing.F) {
	r := cluster.Roster{}.Configure(7, []cluster.Member{voter("a")}).Admit(9, enrolment("b", 2))
	f.Add(r.Append(nil))
	f.Add(cluster.AppendAdmission(nil, []cluster.Enrolment{enrolment("a", 1)}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if list, err := cluster.ParseAdmission(data); err == nil && string(cluster.AppendAdmission(nil, list)) != string(data) {
			t.Errorf("admission %x", data)
		}
		if r, err := cluster.ParseRoster(data); err == nil {
			if back, err := cluster.ParseRoster(r.Append(nil)); err != nil || !reflect.DeepEqual(back, r) {
				t.Errorf("roster %x", data)
			}
		}
	})
}
