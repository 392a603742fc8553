package command

// MaxKeys is how many keys a participant can be given one by one.
const MaxKeys = 256

// RedefineParticipant is DefineParticipant for a file that does not know every
// key: the keys that it names are created or changed, all others stay.
type RedefineParticipant struct{ Definition DefineParticipant }

// CreateKey gives a participant a key, or one of its keys another secret, role
// or age.
type CreateKey struct {
	Participant string
	Key         Key
}

// RevokeKey takes a key from a participant.
type RevokeKey struct{ Participant, KeyID string }

// Kind implements Body.
func (*RedefineParticipant) Kind() Kind { return KindRedefineParticipant }

// Kind implements Body.
func (*CreateKey) Kind() Kind { return KindCreateKey }

// Kind implements Body.
func (*RevokeKey) Kind() Kind { return KindRevokeKey }
