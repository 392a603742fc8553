package history

import "path/filepath"

// Folder is where a run keeps what it saw and came to.
type Folder string

// History is the file of the history.
func (f Folder) History() string { return filepath.Join(string(f), "history.jsonl") }

// Events is the export of a node's event store after the run: an event a line,
// from sequence 1, byte for byte as the node gave them.
func (f Folder) Events(node string) string {
	return filepath.Join(string(f), "events-"+node+".jsonl")
}

// Samples is where it is written what the processes held, in a soak.
func (f Folder) Samples() string { return filepath.Join(string(f), "samples.jsonl") }

// Status is what each node said of itself after the run: an object with the
// answer to /v1/cluster by node id.
func (f Folder) Status() string { return filepath.Join(string(f), "status.json") }

// Log is what a node's process printed.
func (f Folder) Log(node string) string { return filepath.Join(string(f), node+".log") }

// Verdict, Report and JUnit are what the run came to.
func (f Folder) Verdict() string { return filepath.Join(string(f), "report.json") }

// Report is the page for people.
func (f Folder) Report() string { return filepath.Join(string(f), "report.html") }

// JUnit is for build servers.
func (f Folder) JUnit() string { return filepath.Join(string(f), "junit.xml") }
