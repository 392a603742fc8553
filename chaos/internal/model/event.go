package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Event is an event as the venue tells it to an administrator.
type Event struct {
	Sequence          uint64         `json:"sequence"`
	Type              string         `json:"type"`
	At                string         `json:"at"`
	Aggregate         string         `json:"aggregate_id"`
	AggregateSequence uint64         `json:"aggregate_sequence"`
	Participant       string         `json:"participant,omitempty"`
	Actor             string         `json:"actor,omitempty"`
	Source            string         `json:"source"`
	CommandID         string         `json:"command_id,omitempty"`
	Correlation       string         `json:"correlation_id,omitempty"`
	LogIndex          uint64         `json:"log_index"`
	Data              map[string]any `json:"data"`
}

// ReadEvent reads a line of an export. Numbers stay as they were written.
func ReadEvent(line []byte) (Event, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	d.DisallowUnknownFields()
	var e Event
	if err := d.Decode(&e); err != nil {
		return Event{}, fmt.Errorf("no event: %w", err)
	}
	return e, nil
}

// sameCommand reports whether two events are of one command, or of one act of
// the venue itself.
func (e *Event) sameCommand(o *Event) bool {
	return e.CommandID == o.CommandID && e.Participant == o.Participant && e.Actor == o.Actor && e.Source == o.Source &&
		e.LogIndex == o.LogIndex && e.At == o.At
}

// byVenue reports whether the venue itself acted: a timer, a triggered stop,
// the rest of a mass effect.
func (e *Event) byVenue() bool { return e.Source == "timer" || e.Source == "system" }

// instant is venue time in nanoseconds since 1970.
type instant int64

// day is a day of venue time; day orders end at its end.
const day = instant(24 * time.Hour)

func readInstant(s string) (instant, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, false
	}
	return instant(t.UnixNano()), true
}

func (i instant) text() string {
	return time.Unix(0, int64(i)).UTC().Format("2006-01-02T15:04:05.000000000Z")
}
