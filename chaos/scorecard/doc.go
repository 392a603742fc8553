// Package scorecard (no promise) runs scenarios many times and says what that
// proves: a row for each promise, with its trials, the bound that they give, and
// what was not run. It goes on where it was interrupted, trial by trial.
package scorecard
