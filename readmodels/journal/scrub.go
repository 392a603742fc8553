package journal

import (
	"context"
	"errors"

	"github.com/rialto-exchange/rialto/readmodels"
)

// Scrub reads the whole journal once, at a pace (nil = as fast as it can), and
// verifies each block. What does not verify is among the Holes afterwards, and
// the first such place is the error; the rest is read all the same.
func (j *Journal) Scrub(ctx context.Context, pace *readmodels.Pace) error {
	var damage error
	for i := 0; ; i++ {
		v, ok, err := j.segmentAt(i)
		if err != nil || !ok {
			return errors.Join(damage, err)
		}
		err = v.scrub(ctx, pace)
		if err != nil && !errors.Is(err, ErrCorrupt) {
			return err
		}
		if damage == nil {
			damage = err
		}
	}
}

// Verify implements readmodels.Verifier.
func (j *Journal) Verify(ctx context.Context) error { return j.Scrub(ctx, nil) }

func (v view) scrub(ctx context.Context, pace *readmodels.Pace) error {
	var stopped error
	_, err := v.scan(headerBytes, v.end, func(p place, _ int64, _ []byte) bool {
		stopped = pace.Wait(ctx, p.bytes())
		return stopped == nil
	})
	return errors.Join(err, stopped)
}
