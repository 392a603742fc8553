package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// keep writes what is known of a run to a folder: its report with the schedule,
// what the nodes logged, what clients were told, and the disks, which disk.Load
// opens again.
func (r *run) keep(dir string, out Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("keep the run: %w", err)
	}
	report, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return fmt.Errorf("keep the run: %w", err)
	}
	errs := []error{
		os.WriteFile(filepath.Join(dir, "report.json"), report, 0o644),
		os.WriteFile(filepath.Join(dir, "nodes.log"), r.logs.Bytes(), 0o644),
		r.keepHistory(filepath.Join(dir, "history.txt")),
	}
	for _, m := range r.machines {
		errs = append(errs, m.keepDisk(filepath.Join(dir, m.id+".disk")))
	}
	return errors.Join(errs...)
}

func (m *machine) keepDisk(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(m.disk.Save(f), f.Close())
}

// keepHistory writes a line for each command.
func (r *run) keepHistory(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for _, s := range r.traffic.history {
		fmt.Fprintf(f, "%s sent %.6f tries %d", s.id, s.begun.Sub(r.begun).Seconds(), s.tries)
		if s.acknowledged {
			fmt.Fprintf(f, " acknowledged %.6f entry %d sequence %d", s.ended.Sub(r.begun).Seconds(), s.index, s.sequence)
		}
		if p, there := r.truth.place(s.id); there {
			fmt.Fprintf(f, " executed in entry %d at %d-%d", p.index, p.first, p.last)
		}
		fmt.Fprintln(f)
	}
	return f.Close()
}
