package fix

import (
	"io"
	"time"

	"github.com/quickfixgo/quickfix"
)

// What follows is what quickfixgo asks of an application.

var _ quickfix.Application = (*engine)(nil)

func (e *engine) OnCreate(quickfix.SessionID)                       {}
func (e *engine) OnLogon(quickfix.SessionID)                        { e.current().loggedOn() }
func (e *engine) OnLogout(quickfix.SessionID)                       { e.current().loggedOut() }
func (e *engine) ToAdmin(*quickfix.Message, quickfix.SessionID)     {}
func (e *engine) ToApp(*quickfix.Message, quickfix.SessionID) error { return nil }

func (e *engine) FromAdmin(m *quickfix.Message, _ quickfix.SessionID) quickfix.MessageRejectError {
	return e.current().administration(m.Bytes())
}

func (e *engine) FromApp(m *quickfix.Message, _ quickfix.SessionID) quickfix.MessageRejectError {
	return e.current().application(m.Bytes())
}

// Of a log: the beginning of each message's turn.

// engineLogs makes the log of an engine.
type engineLogs struct{ *engine }

func (l engineLogs) Create() (quickfix.Log, error)                             { return l.engine, nil }
func (l engineLogs) CreateSessionLog(quickfix.SessionID) (quickfix.Log, error) { return l.engine, nil }
func (e *engine) OnIncoming(raw []byte)                                        { e.current().incoming(raw) }
func (e *engine) OnOutgoing([]byte)                                            {}
func (e *engine) OnEvent(what string)                                          { e.pool.log.Debug(what) }
func (e *engine) OnEventf(string, ...any)                                      {}

// Of a store. The numbers are the machine's; what is kept here is how far the
// engine is in the messages that it has taken up. IterateMessages starts a
// resend of our own and yields nothing.

// engineStore is an engine as quickfixgo's message store.
type engineStore struct{ *engine }

var _ quickfix.MessageStore = engineStore{}

// stores makes the store of an engine.
type stores struct{ *engine }

func (s stores) Create(quickfix.SessionID) (quickfix.MessageStore, error) {
	return engineStore{s.engine}, nil
}

func (s engineStore) NextSenderMsgSeqNum() int { return int(s.current().nextOut()) }
func (s engineStore) NextTargetMsgSeqNum() int { return int(s.current().nextIn()) }

func (s engineStore) IncrNextTargetMsgSeqNum() error {
	s.current().passedOne()
	return nil
}

func (s engineStore) SetNextTargetMsgSeqNum(next int) error {
	s.current().passedTo(uint64(next))
	return nil
}

func (s engineStore) IncrNextSenderMsgSeqNum() error   { return nil }
func (s engineStore) SetNextSenderMsgSeqNum(int) error { return nil }

func (s engineStore) SaveMessage(_ int, raw []byte) error {
	s.current().wrote(raw)
	return nil
}

func (s engineStore) SaveMessageAndIncrNextSenderMsgSeqNum(number int, raw []byte) error {
	return s.SaveMessage(number, raw)
}

func (s engineStore) GetMessages(int, int) ([][]byte, error) { return nil, nil }

func (s engineStore) IterateMessages(from, to int, _ func([]byte) error) error {
	s.current().resend(uint64(from), uint64(to))
	return nil
}

func (s engineStore) Reset() error {
	s.current().restarted()
	return nil
}

func (s engineStore) CreationTime() time.Time   { return s.born }
func (s engineStore) SetCreationTime(time.Time) {}
func (s engineStore) Refresh() error            { return nil }
func (s engineStore) Close() error              { return nil }

// nobody is served by an engine that is free: what it still asks after a
// connection has no meaning.
type nobody struct{}

var _ line = nobody{}

func (nobody) read() ([]byte, error)                             { return nil, io.EOF }
func (nobody) incoming([]byte)                                   {}
func (nobody) application([]byte) quickfix.MessageRejectError    { return nil }
func (nobody) administration([]byte) quickfix.MessageRejectError { return nil }
func (nobody) nextIn() uint64                                    { return 1 }
func (nobody) loggedOn()                                         {}
func (nobody) loggedOut()                                        {}
func (nobody) passedOne()                                        {}
func (nobody) passedTo(uint64)                                   {}
func (nobody) restarted()                                        {}
func (nobody) wrote([]byte)                                      {}
func (nobody) nextOut() uint64                                   { return 1 }
func (nobody) resend(uint64, uint64)                             {}
func (nobody) closed()                                           {}
