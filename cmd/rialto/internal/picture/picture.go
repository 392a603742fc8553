// Package picture draws what a terminal showed, as an SVG that plays once: each
// line appears when it was printed. It holds no script and loads nothing.
package picture

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// The measures of the drawing, in pixels.
const (
	charWidth  = 8.4
	lineHeight = 19
	margin     = 16
	// fastest is the least time between two lines, so that an eye follows.
	fastest = 60 * time.Millisecond
	// longest is what a pause is cut to.
	longest = 1200 * time.Millisecond
)

// MaxLines is how many lines a picture holds at most; more are left out.
const MaxLines = 200

// Recorder takes what a program prints and hands it on. Its methods may be
// called from any goroutine.
type Recorder struct {
	mu    sync.Mutex
	to    io.Writer
	now   func() time.Time
	part  string
	lines []line
}

type line struct {
	text string
	at   time.Time
}

// NewRecorder records what is written to it beside handing it on.
func NewRecorder(to io.Writer, now func() time.Time) *Recorder { return &Recorder{to: to, now: now} }

// Write implements io.Writer.
func (r *Recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	whole := strings.Split(r.part+string(b), "\n")
	r.part = whole[len(whole)-1]
	for _, text := range whole[:len(whole)-1] {
		if len(r.lines) < MaxLines {
			r.lines = append(r.lines, line{text, r.now()})
		}
	}
	return r.to.Write(b)
}

// SVG draws what was recorded, under the command that printed it.
func (r *Recorder) SVG(command string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	columns := utf8.RuneCountInString(command) + 2
	for _, l := range r.lines {
		columns = max(columns, utf8.RuneCountInString(l.text))
	}
	width, height := int(float64(columns)*charWidth)+2*margin, (len(r.lines)+1)*lineHeight+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n", escaped(command))
	b.WriteString(`<style>text{font:14px ui-monospace,Menlo,Consolas,monospace;fill:#d6deeb;white-space:pre}` +
		`.c{fill:#7fdbca;font-weight:bold}.l{opacity:0;animation:a .01s linear forwards}@keyframes a{to{opacity:1}}` +
		`@media (prefers-reduced-motion:reduce){.l{opacity:1;animation:none}}</style>` + "\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="8" fill="#0b1622"/>`+"\n", width, height)
	y := margin + lineHeight - 5
	fmt.Fprintf(&b, `<text class="c" x="%d" y="%d" xml:space="preserve">$ %s</text>`+"\n", margin, y, escaped(command))
	var shown time.Duration
	for i, l := range r.lines {
		pause := fastest
		if i > 0 {
			pause = min(max(l.at.Sub(r.lines[i-1].at), fastest), longest)
		}
		shown += pause
		y += lineHeight
		if l.text != "" {
			fmt.Fprintf(&b, `<text class="l" x="%d" y="%d" style="animation-delay:%.2fs" xml:space="preserve">%s</text>`+"\n",
				margin, y, shown.Seconds(), escaped(l.text))
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes everything
	return b.String()
}
