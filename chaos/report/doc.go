// Package report (no promise) makes what people and machines read of a run or of
// a scorecard: one HTML file that needs nothing from anywhere, JSON and JUnit.
package report
