// Package marks counts how often guards and recovery branches are met. Each
// carries a mark, a comment in its branch:
//
//	// mark: a name that nothing else has
//
// and nothing more: no build of the product counts anything. `make marks` builds
// the simulator with Go's own coverage counters, and a mark's hits are those of
// the statement that follows it.
package marks

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Mark is one of them.
type Mark struct {
	Name string
	File string // below the module's root
	Line int    // of the statement that follows the comment
}

// Rooms are the folders, with all below them, that have marks.
func Rooms() []string { return []string{"cluster", "node", "readmodels/journal"} }

const sign = "// mark: "

// Find returns the marks below the module's root, in the order of their files.
// Two of one name are an error.
func Find(root string) ([]Mark, error) {
	var out []Mark
	seen := map[string]string{}
	for _, room := range Rooms() {
		err := filepath.WalkDir(filepath.Join(root, room), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			lines := strings.Split(string(b), "\n")
			for n, line := range lines {
				_, mark, ok := strings.Cut(line, sign)
				if !ok {
					continue
				}
				if before := seen[mark]; before != "" {
					return fmt.Errorf("mark %q is in %s and in %s", mark, before, name)
				}
				seen[mark] = name
				out = append(out, Mark{mark, name, statementAfter(lines, n)})
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look for marks: %w", err)
		}
	}
	return out, nil
}

// statementAfter is the number of the line with the statement behind a comment:
// counters know nothing of comments.
func statementAfter(lines []string, n int) int {
	for n++; n < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[n]), "//"); n++ {
	}
	return n + 1
}

// block is a line of a profile: some statements that are met together.
type block struct {
	file         string
	first, after [2]int // line and column
	hits         uint64
}

// Hits reads a profile of coverage, as `go tool covdata textfmt` writes it, and
// returns how often each mark was met, by its name. A mark that lies in no block
// is an error: it would be zero for ever.
func Hits(profile io.Reader, module string, of []Mark) (map[string]uint64, error) {
	byFile := map[string][]block{}
	lines := bufio.NewScanner(profile)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "mode:") {
			continue
		}
		b, err := readBlock(lines.Text())
		if err != nil {
			return nil, err
		}
		byFile[b.file] = append(byFile[b.file], b)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	out := map[string]uint64{}
	for _, m := range of {
		best := -1
		blocks := byFile[module+"/"+m.File]
		for i, b := range blocks {
			if b.first[0] <= m.Line && m.Line <= b.after[0] && (best < 0 || later(b.first, blocks[best].first)) {
				best = i
			}
		}
		if best < 0 {
			return nil, fmt.Errorf("mark %q lies in no statements: %s:%d", m.Name, m.File, m.Line)
		}
		out[m.Name] = blocks[best].hits
	}
	return out, nil
}

func later(a, b [2]int) bool { return a[0] > b[0] || a[0] == b[0] && a[1] > b[1] }

// readBlock reads file:line.column,line.column statements hits.
func readBlock(line string) (b block, err error) {
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return b, fmt.Errorf("no line of a profile: %q", line)
	}
	file, span, _ := strings.Cut(fields[0], ":")
	b.file = file
	if _, err := fmt.Sscanf(span, "%d.%d,%d.%d", &b.first[0], &b.first[1], &b.after[0], &b.after[1]); err != nil {
		return b, fmt.Errorf("no line of a profile: %q: %w", line, err)
	}
	b.hits, err = strconv.ParseUint(fields[2], 10, 64)
	return b, err
}
