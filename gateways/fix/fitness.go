package fix

import (
	"context"
	"errors"
	"time"
)

// Unfit is an error of Config.Fit that says for how long it has been so: the
// node may see it later than it began.
type Unfit struct {
	Because error
	For     time.Duration
}

func (u *Unfit) Error() string { return u.Because.Error() }
func (u *Unfit) Unwrap() error { return u.Because }

// unfitness is since when a node has been unfit for clients, and since when that
// has been seen.
type unfitness struct{ since, seen time.Time }

// at takes what Fit says now, and reports whether it has been unfit for so long
// that it is no election. A node that has slept is not judged by the first look
// after it: it may hear of everything at once.
func (u *unfitness) at(now time.Time, err error) bool {
	if err == nil {
		*u = unfitness{}
		return false
	}
	begun := now
	if why := (*Unfit)(nil); errors.As(err, &why) {
		begun = now.Add(-why.For)
	}
	if u.seen.IsZero() {
		u.since, u.seen = begun, now
	}
	if begun.Before(u.since) {
		u.since = begun
	}
	return now.Sub(u.since) >= unfitFor && now.Sub(u.seen) >= 2*fitEvery
}

// watchFitness cuts all connections of a node that has had no quorum, or a gap
// in its journal, for too long.
func (v *Server) watchFitness(ctx context.Context) {
	ticker := time.NewTicker(fitEvery)
	defer ticker.Stop()
	var bad unfitness
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			err := v.cfg.Fit()
			switch long := bad.at(now, err); {
			case err == nil:
				v.unfit.Store(false)
				v.reopen()
			case long && !v.unfit.Swap(true):
				v.log.Warn("clients are cut off", "because", err)
				v.shut()
				v.cutAll(errors.Join(errCut, err))
			}
		}
	}
}
