package cli

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// width is what a terminal shows of a line.
const width = 80

func writeTwin(w io.Writer, t client.Twin, wide bool) error {
	if _, err := fmt.Fprintf(w, "%s\n\n", headline(&t)); err != nil {
		return err
	}
	header, row, within := []string{"NODE", "ROLE", "STATE", "PID", "HTTP", "BEHIND", "VIEWS", "DISK FREE"}, narrowRow, width
	if wide {
		header, row, within = []string{"NODE", "ROLE", "STATE", "PID", "VERSION", "HTTP", "FIX", "PEERS", "TERM", "APPLIED", "BEHIND", "SEQUENCE",
			"STATE HASH", "VIEWS", "DISK FREE", "MEMORY", "LOG SYNC", "GATEWAYS"}, wideRow, 0
	}
	var last uint64
	for i := range t.Nodes {
		last = max(last, t.Nodes[i].AppliedIndex)
	}
	rows := make([][]string, 0, len(t.Nodes))
	for i := range t.Nodes {
		rows = append(rows, row(&t.Nodes[i], last))
	}
	if err := shell.Table(w, header, shell.Fit(header, rows, within)); err != nil {
		return err
	}
	return writeFindings(w, t.Findings)
}

// headline says who leads, who votes and how many more may fail.
func headline(t *client.Twin) string {
	leader := "nobody leads"
	if t.Leader != "" {
		leader = t.Leader + " leads"
	}
	return fmt.Sprintf("cluster %s: %s, %d of %d voters are well, %s", t.ClusterID, leader, t.Quorum.Healthy, t.Quorum.Voters, spare(t.Quorum))
}

// spare says how many more voters may fail before the venue stands still.
func spare(q client.TwinQuorum) string {
	switch {
	case q.Voters == 0:
		return "nobody votes"
	case q.Healthy < q.Needed:
		return fmt.Sprintf("%d too few to go on", q.Needed-q.Healthy)
	case q.MayFail == 0:
		return "none may fail"
	default:
		return fmt.Sprintf("%d more may fail", q.MayFail)
	}
}

// roleCell tells a node that stands by for a vote from a reader, which never
// gets one.
func roleCell(n *client.TwinNode) string {
	if n.Role == "reader" && !n.Reader {
		return "standby"
	}
	return n.Role
}

func narrowRow(n *client.TwinNode, last uint64) []string {
	return []string{
		n.ID, roleCell(n), n.State, fmt.Sprint(n.PID), address(n.HTTPAddress),
		fmt.Sprint(last - n.AppliedIndex), viewsCell(n.ReadModels), bytesCell(n.DiskFreeBytes),
	}
}

func wideRow(n *client.TwinNode, last uint64) []string {
	hash := "-"
	if n.StateHashIndex != 0 {
		hash = fmt.Sprintf("%.12s@%d", n.StateHash, n.StateHashIndex)
	}
	return []string{
		n.ID, roleCell(n), n.State, fmt.Sprint(n.PID), n.Version, address(n.HTTPAddress), n.FIXAddress, n.PeerAddress, fmt.Sprint(n.Term),
		fmt.Sprint(n.AppliedIndex), fmt.Sprint(last - n.AppliedIndex), fmt.Sprint(n.Sequence),
		hash, viewsCell(n.ReadModels), bytesCell(n.DiskFreeBytes), memoryCell(n.Memory), fmt.Sprintf("%.1f ms", n.LogSyncMs), gatewaysCell(n.Gateways),
	}
}

// address is host:port of a URL, or what is no URL as it is.
func address(s string) string {
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		return u.Host
	}
	return s
}

// viewsCell shows the slowest read model, or the first that is not live.
func viewsCell(views []client.TwinReadModel) string {
	if len(views) == 0 {
		return "-"
	}
	slowest := views[0]
	for _, v := range views {
		if v.State != "live" {
			return v.Name + " " + v.State
		}
		if v.Lag > slowest.Lag {
			slowest = v
		}
	}
	if slowest.Lag == 0 {
		return "live"
	}
	return fmt.Sprintf("%d behind", slowest.Lag)
}

func gatewaysCell(gateways []client.TwinGateway) string {
	cell := ""
	for i, g := range gateways {
		if i > 0 {
			cell += ", "
		}
		cell += fmt.Sprintf("%s %s (%d)", g.Name, g.State, g.Connections)
	}
	return cell
}

func bytesCell(n uint64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

// writeFindings shows each finding with its code, since when it stands, and
// what to do next.
func writeFindings(w io.Writer, findings []client.Finding) error {
	var b strings.Builder
	if len(findings) == 0 {
		b.WriteString("\nnothing is wrong\n")
	}
	for _, f := range findings {
		fmt.Fprintf(&b, "\n%s %s%s\n", f.Severity, f.Code, sinceWhen(f.Since))
		b.WriteString(indented(f.Text))
		if f.NextStep != "" && f.Severity != severityNote {
			b.WriteString(indented("next: " + f.NextStep))
		}
	}
	if len(findings) > 0 {
		fmt.Fprintf(&b, "\nrialto explain %s\n", findings[0].Code)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sinceWhen shows an instant to the second.
func sinceWhen(instant string) string {
	at, err := time.Parse(time.RFC3339Nano, instant)
	if err != nil {
		return ""
	}
	return ", since " + at.UTC().Format(time.RFC3339)
}

// indented breaks a text into lines that a terminal shows whole.
func indented(text string) string {
	const margin = "  "
	var b strings.Builder
	line := margin
	for word := range strings.FieldsSeq(text) {
		if len(line) > len(margin) && len(line)+len(word) >= width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = margin
		}
		line += word + " "
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}
