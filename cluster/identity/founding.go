package identity

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/cluster"
)

// Founding is one act of several nodes: each is born, tells the others its
// incarnation, derives the history from all of them, has it on disk, and goes
// on once every other has it on disk too. So a founder that crashes anywhere
// in between can go on, and no node ever takes part in two foundings: once it
// has agreed, every later one differs from what it has on disk.

// ErrFounding: this founding can't go on, now or later.
var ErrFounding = errors.New("founding refused")

// Word is what a node tells a founder of itself, of what is durable there.
type Word struct {
	Cluster     string              `json:"cluster"`
	Node        cluster.NodeID      `json:"node"`
	Incarnation cluster.Incarnation `json:"incarnation"`
	State       State               `json:"state"`
	History     cluster.History     `json:"history"`
	// Level is the feature level that the venue would begin at.
	Level uint16 `json:"level"`
	// Founders are those that the node was told to found with. Their
	// incarnations are left out.
	Founders []Founder `json:"founders"`
}

// Word returns this node's word; founders are those of its configuration.
func (f Folder) Word(founders []Founder, level uint16) Word {
	return Word{
		Cluster: f.Cluster, Node: f.Node, Incarnation: f.Incarnation, State: f.State, History: f.History,
		Level: level, Founders: inOrder(founders),
	}
}

// Discreet is what of a word is for anybody who asks: once a cluster is
// founded, who belongs to it is for those who prove that they do.
func (w Word) Discreet() Word {
	if w.Begun() {
		w.Incarnation, w.History = cluster.Incarnation{}, 0
	}
	return w
}

// Founded reports that somebody is one of the founders by the folder that was
// founded with.
func (f Folder) Founded(who cluster.Identity) bool {
	return f.History != 0 && who.History == f.History && slices.ContainsFunc(f.Founders, func(o Founder) bool {
		return o.ID == who.Node && o.Incarnation == who.Incarnation
	})
}

// inOrder returns founders by id, without incarnations.
func inOrder(founders []Founder) []Founder {
	out := slices.Clone(founders)
	for i := range out {
		out[i].Incarnation = cluster.Incarnation{}
	}
	slices.SortFunc(out, func(a, b Founder) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return out
}

// Next says what a founder does next with what it heard from the others in
// one round: words holds one for each that answered. It returns the folder as
// it is to be on disk before the next round; State Admitted ends the founding.
// missing names who was not heard.
func (f Folder) Next(own Word, words map[cluster.NodeID]Word) (next Folder, missing []cluster.NodeID, err error) {
	founders := slices.Clone(own.Founders)
	agreed := true
	for i, founder := range founders {
		if founder.ID == f.Node {
			founders[i].Incarnation = f.Incarnation
			continue
		}
		word, heard := words[founder.ID]
		if !heard {
			missing = append(missing, founder.ID)
			continue
		}
		if err := f.compare(own, founder, word); err != nil {
			return f, nil, err
		}
		founders[i].Incarnation = word.Incarnation
		agreed = agreed && word.History != 0
	}
	if len(missing) > 0 {
		return f, missing, nil
	}
	return f.advance(founders, words, agreed)
}

// advance takes the step that everybody's word allows.
func (f Folder) advance(founders []Founder, words map[cluster.NodeID]Word, agreed bool) (Folder, []cluster.NodeID, error) {
	history := HistoryOf(f.Cluster, founders)
	if f.State == Agreed && f.History != history {
		return f, nil, fmt.Errorf("%w: a founder has lost its folder since this one agreed with it; "+
			"begin again with empty folders on all of them", ErrFounding)
	}
	for id, word := range words {
		if word.History != 0 && word.History != history {
			return f, nil, fmt.Errorf("%w: node %s has already agreed to another founding, of history %s, with other folders; "+
				"if that one never took a command, begin again with empty folders on all of them", ErrFounding, id, word.History)
		}
	}
	f.Founders, f.History = founders, history
	if f.State == Agreed && agreed {
		f.State = Admitted
	} else {
		f.State = Agreed
	}
	return f, nil, nil
}

// compare holds a founder's word against this node's own.
func (f Folder) compare(own Word, founder Founder, word Word) error {
	switch {
	case word.Cluster != own.Cluster || word.Node != founder.ID:
		return fmt.Errorf("%w: at %s answers node %q of cluster %q, not node %q of cluster %q",
			ErrFounding, founder.Address, word.Node, word.Cluster, founder.ID, own.Cluster)
	case word.State == Joining:
		return fmt.Errorf("%w: node %s was told to join a cluster, not to found one", ErrFounding, word.Node)
	case word.Begun() && (f.State != Agreed || word.History != f.History):
		return fmt.Errorf("%w: cluster %s was founded already, node %s belongs to it and the folder of this node is empty; "+
			"if it was lost, remove node %s from the cluster and let it join (--join)",
			ErrFounding, own.Cluster, word.Node, own.Node)
	case word.Begun():
		return nil // it went ahead: all had agreed, this node among them
	case !slices.Equal(inOrder(word.Founders), own.Founders):
		return fmt.Errorf("%w: node %s was told other founders: %s there, %s here",
			ErrFounding, word.Node, names(word.Founders), names(own.Founders))
	case word.Level != own.Level:
		return fmt.Errorf("%w: node %s would begin at feature level %d, this one at %d: run the same build on all of them",
			ErrFounding, word.Node, word.Level, own.Level)
	}
	return nil
}

// Begun reports that the node is past the founding, this one or another.
func (w Word) Begun() bool {
	switch w.State {
	case Founding, Agreed, Joining:
		return false
	}
	return true
}

func names(founders []Founder) string {
	var out []string
	for _, f := range founders {
		out = append(out, fmt.Sprintf("%s=%s", f.ID, f.Address))
	}
	return strings.Join(out, ",")
}
