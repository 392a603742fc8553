package cli

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func memoryCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{
		Use: "memory", Short: "Show what every node has resident, part by part", Args: cobra.NoArgs,
		Long: `Show what every node's process has resident, part by part, in MiB. Pages of 4 KiB
are what counts: the system takes them back one by one when a process is killed,
before its sockets close, and until then nobody knows that it is dead. Huge pages
go at once and are shown apart. Below "known inside" stands what the node accounts
for by itself; it is part of what stands above.`,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		again, err := watching(c)
		if err != nil {
			return err
		}
		if again {
			return watch(c.Context(), sh, func(ctx context.Context, w io.Writer) error { return printMemory(ctx, sh.To(w)) })
		}
		return printMemory(c.Context(), sh)
	}
	addWatch(c)
	return c
}

func printMemory(ctx context.Context, sh *shell.Shell) error {
	_, twin, err := readTwin(ctx, sh)
	if err != nil {
		return err
	}
	if sh.WantsJSON() {
		out := map[string]*client.TwinMemory{}
		for _, n := range twin.Nodes {
			out[n.ID] = n.Memory
		}
		return sh.JSON(out)
	}
	known := slices.DeleteFunc(twin.Nodes, func(n client.TwinNode) bool { return n.Memory == nil })
	header := []string{"MEMORY, MIB"}
	for _, n := range known {
		header = append(header, n.ID)
	}
	return sh.Table(header, memoryRows(known))
}

// memoryRows has a column a node. The nodes may be of different builds: a part
// is found by its name.
func memoryRows(nodes []client.TwinNode) [][]string {
	var rows [][]string
	add := func(name string, value func(m *client.TwinMemory) uint64) {
		row := []string{name}
		for _, n := range nodes {
			row = append(row, mebibytes(value(n.Memory)))
		}
		rows = append(rows, row)
	}
	parts := func(list func(*client.TwinMemory) []client.TwinMemoryPart, indent string) {
		for _, name := range partNames(nodes, list) {
			of := func(m *client.TwinMemory) client.TwinMemoryPart {
				at := slices.IndexFunc(list(m), func(p client.TwinMemoryPart) bool { return p.Name == name })
				if at < 0 {
					return client.TwinMemoryPart{}
				}
				return list(m)[at]
			}
			add(indent+name, func(m *client.TwinMemory) uint64 { return of(m).ResidentBytes })
		}
	}
	add("in pages of 4 KiB", func(m *client.TwinMemory) uint64 { return m.ResidentBytes })
	parts(func(m *client.TwinMemory) []client.TwinMemoryPart { return m.Parts }, "  ")
	add("the most so far", func(m *client.TwinMemory) uint64 { return m.PeakBytes })
	add("in huge pages", func(m *client.TwinMemory) uint64 { return m.HugeBytes })
	add("bound of the runtime", func(m *client.TwinMemory) uint64 { return m.RuntimeLimitBytes })
	rows = append(rows, append([]string{"known inside"}, make([]string, len(nodes))...))
	parts(func(m *client.TwinMemory) []client.TwinMemoryPart { return m.Inside }, "  ")
	return rows
}

// partNames lists what the nodes name, in the order in which they do.
func partNames(nodes []client.TwinNode, list func(*client.TwinMemory) []client.TwinMemoryPart) []string {
	var names []string
	for _, n := range nodes {
		for _, p := range list(n.Memory) {
			if !slices.Contains(names, p.Name) {
				names = append(names, p.Name)
			}
		}
	}
	return names
}

func mebibytes(n uint64) string { return fmt.Sprintf("%.1f", float64(n)/(1<<20)) }

func memoryCell(m *client.TwinMemory) string {
	if m == nil {
		return "-"
	}
	return mebibytes(m.ResidentBytes) + " MiB"
}
