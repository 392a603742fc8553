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

// hopeless reports whether a node takes no new clients: what it has lost it has
// lost for longer than an election takes, or it is nothing that comes back so. A
// logon on a node that hears no leader for a moment waits for one.
func hopeless(err error) bool {
	why := (*Unfit)(nil)
	return err != nil && (!errors.As(err, &why) || why.For >= unfitFor)
}

// unfitness is since when a node has been unfit for clients, and since when that
// has been seen: silence of the quorum, which says itself since when it is, and
// anything else, each for itself. Two silences with a word between them are not one.
type unfitness struct{ other, seen time.Time }

// at takes what Fit says now, and reports whether it has been unfit for so long
// that it is no election. A node that has slept is not judged by the first look
// after it: it may hear of everything at once.
func (u *unfitness) at(now time.Time, err error) bool {
	if err == nil {
		*u = unfitness{}
		return false
	}
	if u.seen.IsZero() {
		u.seen = now
	}
	why, since := (*Unfit)(nil), u.other
	switch {
	case errors.As(err, &why):
		since = now.Add(-why.For)
	case u.other.IsZero():
		u.other, since = now, now
	}
	return now.Sub(since) >= unfitFor && now.Sub(u.seen) >= 2*fitEvery
}

// watchFitness cuts all connections of a node that has had no quorum, or a gap
// in its journal, for too long.
func (v *Server) watchFitness(ctx context.Context) {
	ticker := time.NewTicker(fitEvery)
	defer ticker.Stop()
	var bad unfitness
	fit := false // it has been, since it started
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			err := v.cfg.Fit()
			switch long := bad.at(now, err); {
			case err == nil:
				if v.unfit.Swap(false) && fit {
					v.log.Info("clients are taken again")
				}
				fit = true
				v.reopen()
			case long && !v.unfit.Swap(true):
				if fit { // else it has only begun
					v.log.Warn("clients are cut off", "because", err)
				}
				v.shut()
				v.cutAll(errors.Join(errCut, err))
			}
		}
	}
}
