package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/shell"
)

const (
	watchInterval  = time.Second
	statusPatience = 5 * time.Second
)

func statusCommand(sh *shell.Shell) *cobra.Command {
	var watch bool
	c := &cobra.Command{
		Use: "status", Short: "Show every node, and what is wrong", Args: cobra.NoArgs,
		Long: `Show every node, and what is wrong. Exit status 0 if the venue is well or there
are notes only, 1 with a warning or worse.`,
		RunE: func(c *cobra.Command, _ []string) error {
			cl, err := sh.Client()
			if err != nil {
				return err
			}
			cl = cl.WithPatience(sh.Patience(statusPatience))
			if watch {
				return watchStatus(c.Context(), sh, cl)
			}
			wrong, err := printStatus(c.Context(), sh, cl, sh.Out)
			if err == nil && wrong {
				err = shell.Exit(shell.ExitFailed)
			}
			return err
		},
	}
	c.AddCommand(&cobra.Command{
		Use: "failovers", Short: "Show the last changes of leadership, why, and how long the venue stood still", Args: cobra.NoArgs,
		Long: `Show the last changes of leadership, the newest first. The gap is the time without
an applied entry, as the new leader saw it; where nothing was sent it is that
silence. Causes: first, died (the process of the leader), mute (its disk hung),
stopped, failed, timeout (nothing was heard of it), handed_over.`,
		RunE: func(c *cobra.Command, _ []string) error { return printFailovers(c.Context(), sh) },
	})
	c.Flags().BoolVar(&watch, "watch", false, "show it again every second")
	return c
}

func printFailovers(ctx context.Context, sh *shell.Shell) error {
	cl, err := sh.Client()
	if err != nil {
		return err
	}
	var twin client.Twin
	if err := cl.WithPatience(sh.Patience(statusPatience)).Get(ctx, "/v1/cluster", nil, &twin); err != nil {
		return err
	}
	if sh.WantsJSON() {
		return sh.JSON(twin.Failovers)
	}
	rows := make([][]string, 0, len(twin.Failovers))
	for _, f := range twin.Failovers {
		rows = append(rows, []string{fmt.Sprint(f.Term), f.At, f.Leader, f.Previous, f.Cause, fmt.Sprintf("%.1f ms", f.GapMs), f.Reason})
	}
	return sh.Table([]string{"TERM", "AT", "LEADER", "BEFORE", "CAUSE", "GAP", "REASON"}, rows)
}

// severityNote is that of a finding that is worth knowing and nothing wrong.
const severityNote = "note"

// printStatus also reports whether something is wrong.
func printStatus(ctx context.Context, sh *shell.Shell, cl *client.Client, w io.Writer) (wrong bool, err error) {
	var raw json.RawMessage
	if err := cl.Get(ctx, "/v1/cluster", nil, &raw); err != nil {
		return false, err
	}
	var twin client.Twin
	if err := json.Unmarshal(raw, &twin); err != nil {
		return false, fmt.Errorf("decode the status: %w", err)
	}
	wrong = slices.ContainsFunc(twin.Findings, func(f client.Finding) bool { return f.Severity != severityNote })
	if sh.WantsJSON() {
		return wrong, sh.JSON(raw)
	}
	return wrong, writeTwin(w, twin)
}

// watchStatus prints the status until it is interrupted, which is success. A
// cluster that does not answer is shown and asked again.
func watchStatus(ctx context.Context, sh *shell.Shell, cl *client.Client) error {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		var screen bytes.Buffer
		if _, err := printStatus(ctx, sh, cl, &screen); err != nil && ctx.Err() == nil {
			_, _ = fmt.Fprintln(&screen, err)
		}
		if sh.OutTerminal && !sh.WantsJSON() {
			_, _ = io.WriteString(sh.Out, "\x1b[H\x1b[2J") // home, clear
		}
		if _, err := sh.Out.Write(screen.Bytes()); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func writeTwin(w io.Writer, t client.Twin) error {
	leader := t.Leader
	if leader == "" {
		leader = "none"
	}
	if _, err := fmt.Fprintf(w, "cluster %s, leader %s%s\n\n", t.ClusterID, leader, quorumText(t.Quorum)); err != nil {
		return err
	}
	var last uint64
	for i := range t.Nodes {
		last = max(last, t.Nodes[i].AppliedIndex)
	}
	rows := make([][]string, 0, len(t.Nodes))
	for i := range t.Nodes {
		rows = append(rows, nodeRow(&t.Nodes[i], last, t.Quorum.Voters > 0))
	}
	header := []string{"NODE", "ROLE", "STATE", "PID", "HTTP", "TERM", "APPLIED", "BEHIND", "SEQUENCE", "STATE HASH", "VIEWS", "DISK FREE", "GATEWAYS"}
	if err := shell.Table(w, header, rows); err != nil {
		return err
	}
	return writeFindings(w, t.Findings)
}

// quorumText says who votes and how many may fail; nothing of a node whose build
// does not tell.
func quorumText(q client.TwinQuorum) string {
	if q.Voters == 0 {
		return ""
	}
	return fmt.Sprintf(", %d of %d voters answer, %d may fail", q.Healthy, q.Voters, q.MayFail)
}

// roleCell tells a node that stands by for a vote from a reader, which never
// gets one.
func roleCell(n *client.TwinNode, told bool) string {
	if told && !n.Votes && !n.Reader {
		return "standby"
	}
	return n.Role
}

func nodeRow(n *client.TwinNode, last uint64, told bool) []string {
	hash := "-"
	if n.StateHashIndex != 0 {
		hash = fmt.Sprintf("%.12s@%d", n.StateHash, n.StateHashIndex)
	}
	return []string{
		n.ID, roleCell(n, told), n.State, fmt.Sprint(n.PID), n.HTTPAddress, fmt.Sprint(n.Term),
		fmt.Sprint(n.AppliedIndex), fmt.Sprint(last - n.AppliedIndex), fmt.Sprint(n.Sequence),
		hash, viewsCell(n.ReadModels), bytesCell(n.DiskFreeBytes), gatewaysCell(n.Gateways),
	}
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
	return fmt.Sprintf("%s %d behind (%.0f ms)", slowest.Name, slowest.Lag, slowest.LagMs)
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

func writeFindings(w io.Writer, findings []client.Finding) error {
	if len(findings) == 0 {
		_, err := fmt.Fprintln(w, "\nnothing is wrong")
		return err
	}
	for _, f := range findings {
		if _, err := fmt.Fprintf(w, "\n%s: %s", f.Severity, f.Text); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}
