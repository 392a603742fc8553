package shell

import (
	"slices"
	"unicode/utf8"
)

// gap is the space between two columns of a table.
const gap = 2

// shortest is what a column is cut to at most.
const shortest = 6

// Fit returns rows cut so that a table of them is within a width (0 = any): the
// widest column loses characters until they fit, and shows … where it did.
func Fit(header []string, rows [][]string, within int) [][]string {
	if within == 0 {
		return rows
	}
	widths := make([]int, len(header))
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for sum(widths)+gap*(len(widths)-1) > within {
		widest := slices.Index(widths, slices.Max(widths))
		if widths[widest] <= shortest {
			break
		}
		widths[widest]--
	}
	out := make([][]string, len(rows))
	for r, row := range rows {
		out[r] = make([]string, len(row))
		for i, cell := range row {
			out[r][i] = cut(cell, max(widths[i], utf8.RuneCountInString(header[i])))
		}
	}
	return out
}

func cut(cell string, to int) string {
	runes := []rune(cell)
	if len(runes) <= to {
		return cell
	}
	return string(runes[:to-1]) + "…"
}

func sum(list []int) int {
	total := 0
	for _, n := range list {
		total += n
	}
	return total
}
