package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/figures"
)

// The measures of the plot, in the units of its viewBox.
const (
	plotWidth, left, right = 1120.0, 78.0, 20.0
	lanesTop, laneHeight   = 12.0, 16.0
	topHeight, lowHeight   = 150.0, 130.0
	between, axisHeight    = 26.0, 34.0
	labelWidth             = 6.2 // of a letter
)

// plot draws a run over time: who led, what was answered, how long it took.
type plot struct {
	strings.Builder
	f              *figures.Figures
	from, to       history.Nanos
	lanes          float64 // height of the lane of leaders and of the faults' names
	top, low, base float64 // y of the panels' upper edges, and of the axis
}

// Plot is a run's picture as an SVG that stands by itself.
func Plot(f *figures.Figures) template.HTML {
	p := &plot{f: f, from: f.LoadBegins, to: max(f.LoadEnds, f.LoadBegins+1)}
	for _, fault := range f.Faults {
		p.to = max(p.to, fault.Recovered)
	}
	rows := p.faultRows()
	p.lanes = laneHeight * float64(1+max(1, len(rows)))
	p.top = lanesTop + p.lanes + 10
	p.low = p.top + topHeight + between
	p.base = p.low + lowHeight
	fmt.Fprintf(p, `<svg class="plot" viewBox="0 0 %.0f %.0f" role="img" aria-label="Throughput and latency over time, with faults and leader changes" font-family="Inter, Helvetica Neue, Arial, DejaVu Sans, sans-serif" font-size="11">`,
		plotWidth, p.base+axisHeight)
	fmt.Fprintf(p, `<rect width="%.0f" height="%.0f" fill="#fff"/>`, plotWidth, p.base+axisHeight)
	p.faults(rows)
	p.axis()
	p.throughput()
	p.latency()
	p.leaders()
	p.WriteString(`</svg>`)
	return template.HTML(p.String()) //nolint:gosec // numbers, and names that were escaped
}

func (p *plot) x(at history.Nanos) float64 {
	share := float64(at-p.from) / float64(p.to-p.from)
	return left + math.Max(0, math.Min(1, share))*(plotWidth-left-right)
}

// faultRows puts the names of faults in as few rows as they need not to overlap;
// each row holds the numbers of faults.
func (p *plot) faultRows() [][]int {
	var rows [][]int
	var ends []float64
	for i, f := range p.f.Faults {
		at := p.x(f.Begins)
		row := 0
		for row < len(ends) && ends[row] > at {
			row++
		}
		if row == maxRows {
			row = maxRows - 1
		}
		if row == len(rows) {
			rows, ends = append(rows, nil), append(ends, 0)
		}
		rows[row] = append(rows[row], i)
		ends[row] = at + labelWidth*float64(len(f.Name)+3)
	}
	return rows
}

// maxRows bounds the rows of names; in a run of very many faults they overlap.
const maxRows = 6

func (p *plot) faults(rows [][]int) {
	for _, f := range p.f.Faults {
		a, b, c := p.x(f.Begins), p.x(f.Over), p.x(max(f.Recovered, f.Over))
		if c > b {
			fmt.Fprintf(p, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="#fbe7b5" opacity=".8"/>`, b, p.top, c-b, p.base-p.top)
		}
		fmt.Fprintf(p, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="#f3c1bc" opacity=".75"/>`, a, p.top, math.Max(1.5, b-a), p.base-p.top)
	}
	p.WriteString(text(left-8, lanesTop+12, "end", "#b3261e", "faults"))
	for row, of := range rows {
		y := lanesTop + float64(row)*laneHeight
		for _, i := range of {
			f := p.f.Faults[i]
			x := p.x(f.Begins)
			fmt.Fprintf(p, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#b3261e" stroke-width="1"/>`, x, y+3, x, p.top)
			name := f.Name
			if f.Node != "" {
				name += " " + f.Node
			}
			p.WriteString(text(x+4, y+12, "start", "#b3261e", name))
		}
	}
}

// leaders draws who led: a bar each time, and a line where that changed.
func (p *plot) leaders() {
	y := lanesTop + p.lanes - laneHeight + 2
	p.WriteString(text(left-8, y+11, "end", "#5b6675", "leader"))
	for i, l := range p.f.Leaders {
		end := p.to
		if i+1 < len(p.f.Leaders) {
			end = p.f.Leaders[i+1].At
		}
		a, b := p.x(max(l.At, p.from)), p.x(end)
		if end <= p.from || b <= a {
			continue
		}
		fmt.Fprintf(p, `<rect x="%.1f" y="%.1f" width="%.1f" height="14" rx="2" fill="%s"><title>%s leads in term %d</title></rect>`,
			a, y, math.Max(1, b-a-1), p.colour(l.Node), html.EscapeString(l.Node), l.Term)
		if name := fmt.Sprintf("%s, term %d", l.Node, l.Term); b-a > labelWidth*float64(len(name)+2) {
			p.WriteString(text(a+6, y+11, "start", "#fff", name))
		} else if b-a > labelWidth*float64(len(l.Node)+1) {
			p.WriteString(text(a+4, y+11, "start", "#fff", l.Node))
		}
		if l.At > p.from {
			fmt.Fprintf(p, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#16202e" stroke-width="1.2" stroke-dasharray="4 3"/>`, a, y, a, p.base)
		}
	}
}

func (p *plot) colour(node string) string {
	colours := []string{"#1f4e8c", "#3a7d5d", "#7a5195", "#a05d14", "#38808f", "#8c3b52", "#4f5d75"}
	for i, n := range p.f.Head.Nodes {
		if n == node {
			return colours[i%len(colours)]
		}
	}
	return "#57606a"
}

func (p *plot) axis() {
	step := niceStep((p.to - p.from).Duration().Seconds() / 10)
	for s := 0.0; ; s += step {
		at := p.from + history.Nanos(s*float64(time.Second))
		if at > p.to {
			break
		}
		x := p.x(at)
		fmt.Fprintf(p, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#dde2e8"/>`, x, p.top, x, p.base+4)
		p.WriteString(text(x, p.base+17, "middle", "#5b6675", fmt.Sprintf("%g s", math.Round(s*100)/100)))
	}
}

// niceStep is 1, 2 or 5 times a power of ten, at least as large as a number.
func niceStep(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(math.Max(least, 0.01))))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*power >= least {
			return m * power
		}
	}
	return 10 * power
}

// throughput draws commands answered a second, a bar each slice.
func (p *plot) throughput() {
	rate := func(b figures.Bin) float64 { return float64(b.Acked) / time.Duration(p.f.BinNs).Seconds() }
	top := 1.0
	for _, b := range p.f.Bins {
		top = math.Max(top, rate(b))
	}
	top = niceTop(top)
	p.grid(p.top, topHeight, "commands/s", func(share float64) string { return fmt.Sprintf("%.0f", share*top) })
	for i, b := range p.f.Bins {
		from := history.Nanos(int64(i) * p.f.BinNs)
		if b.Acked == 0 || from+history.Nanos(p.f.BinNs) < p.from || from > p.to {
			continue
		}
		x, h := p.x(from), rate(b)/top*topHeight
		w := p.x(from+history.Nanos(p.f.BinNs)) - x
		fmt.Fprintf(p, `<rect x="%.2f" y="%.1f" width="%.2f" height="%.1f" fill="#8fb3d9"/>`, x, p.top+topHeight-h, math.Max(.6, w-.4), h)
	}
}

// niceTop is a round number not below another.
func niceTop(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, m := range []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10} {
		if m*power >= least {
			return m * power
		}
	}
	return 10 * power
}

// The latency panel is logarithmic, between these.
const (
	lowestLatency  = 0.1    // ms
	highestLatency = 10_000 // ms
)

func (p *plot) latencyY(d time.Duration) float64 {
	ms := math.Max(lowestLatency, math.Min(highestLatency, d.Seconds()*1000))
	return p.low + lowHeight*(1-math.Log10(ms/lowestLatency)/math.Log10(highestLatency/lowestLatency))
}

func (p *plot) latency() {
	p.grid(p.low, lowHeight, "latency", func(share float64) string {
		return map[float64]string{0: "0.1 ms", .2: "1 ms", .4: "10 ms", .6: "100 ms", .8: "1 s", 1: "10 s"}[share]
	})
	for _, line := range []struct {
		colour string
		of     func(figures.Bin) time.Duration
	}{
		{"#6aa583", func(b figures.Bin) time.Duration { return b.P50 }},
		{"#1f4e8c", func(b figures.Bin) time.Duration { return b.P99 }},
	} {
		var path strings.Builder
		pen := "M"
		for i, b := range p.f.Bins {
			mid := history.Nanos(int64(i)*p.f.BinNs + p.f.BinNs/2)
			if b.Acked == 0 || mid < p.from || mid > p.to {
				pen = "M" // there is nothing to join
				continue
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", pen, p.x(mid), p.latencyY(line.of(b)))
			pen = "L"
		}
		fmt.Fprintf(p, `<path d="%s" fill="none" stroke="%s" stroke-width="1.6" stroke-linejoin="round" stroke-linecap="round"/>`, path.String(), line.colour)
	}
}

// grid draws a panel's lines and what they mean.
func (p *plot) grid(top, height float64, title string, label func(share float64) string) {
	for _, share := range []float64{0, .2, .4, .6, .8, 1} {
		word := label(share)
		y := top + height*(1-share)
		fmt.Fprintf(p, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`, left, y, plotWidth-right, y, map[bool]string{true: "#16202e", false: "#eceff3"}[share == 0])
		p.WriteString(text(left-8, y+4, "end", "#5b6675", word))
	}
	fmt.Fprintf(p, `<text x="16" y="%.1f" transform="rotate(-90 16 %.1f)" text-anchor="middle" fill="#5b6675">%s</text>`, top+height/2, top+height/2, title)
}

func text(x, y float64, anchor, colour, s string) string {
	return fmt.Sprintf(`<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>`, x, y, anchor, colour, html.EscapeString(s))
}
