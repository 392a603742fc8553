// Package scenario (no promise) joins the parts of chaos: it opens a site, has
// traffic and faults happen to it, writes the history, exports what every node
// holds, and has the checks judge. A scenario is a row in rows.go.
package scenario
