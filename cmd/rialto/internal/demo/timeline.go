package demo

import (
	"fmt"
	"strings"
	"time"
)

// The picture of the gap: cells of this length, the kill after the first few.
const (
	cell   = 25 * time.Millisecond
	before = 20
	cells  = 72
)

// timeline is when answers came.
type timeline struct {
	begun  time.Time
	killed time.Duration // since begun, 0 = never
	points []point
}

type point struct {
	at       time.Duration
	messages int
}

func (t *timeline) answered(at time.Time, messages int) {
	t.points = append(t.points, point{at.Sub(t.begun), messages})
}

func (t *timeline) kill(at time.Time) { t.killed = at.Sub(t.begun) }

// bars are the heights of a cell, none to full.
const bars = " ▁▂▃▄▅▆▇█"

// draw shows how many answers each cell around the kill had.
func (t *timeline) draw() []string {
	if t.killed == 0 {
		return nil
	}
	var count [cells]int
	highest := 1
	from := t.killed - before*cell
	for _, p := range t.points {
		i := int((p.at - from) / cell)
		if p.at < from || i >= cells {
			continue
		}
		count[i] += p.messages
		highest = max(highest, count[i])
	}
	steps := []rune(bars)
	var line strings.Builder
	for _, n := range count {
		height := (n*(len(steps)-1) + highest - 1) / highest // something is never drawn as nothing
		line.WriteRune(steps[height])
	}
	return []string{
		"answers, " + cell.String() + " a column",
		line.String(),
		strings.Repeat(" ", before) + fmt.Sprintf("▲ kill -9 of the leader, %.1f s after the start", t.killed.Seconds()),
	}
}
