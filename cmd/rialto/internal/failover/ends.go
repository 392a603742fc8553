package failover

import (
	"context"
	"syscall"
)

// How a leader ends.
type How string

// The ways.
const (
	Kill     How = "kill"     // kill -9
	Stop     How = "stop"     // SIGSTOP: no socket closes
	Term     How = "term"     // SIGTERM, as in a rolling restart
	Transfer How = "transfer" // it hands over and stays
	Hang     How = "hang"     // its disk hangs; takes root
)

// Ways lists them.
func Ways() []string {
	return []string{string(Kill), string(Stop), string(Term), string(Transfer), string(Hang)}
}

// end ends a leader. undo takes back what has to be before the next trial.
type end struct {
	do func(ctx context.Context, v *bench, leader string) (undo func() error, err error)
	// closes: its connections end. stays: it goes on serving its clients.
	closes, stays bool
}

func ends() map[How]end {
	nothing := func() error { return nil }
	send := func(s, back syscall.Signal) func(context.Context, *bench, string) (func() error, error) {
		return func(_ context.Context, v *bench, leader string) (func() error, error) {
			err := v.cluster.Signal(leader, s)
			if back == 0 {
				return nothing, err
			}
			return func() error { return v.cluster.Signal(leader, back) }, err
		}
	}
	return map[How]end{
		Kill: {do: send(syscall.SIGKILL, 0), closes: true},
		Stop: {do: send(syscall.SIGSTOP, syscall.SIGCONT)},
		Term: {do: send(syscall.SIGTERM, 0), closes: true},
		Transfer: {stays: true, do: func(ctx context.Context, v *bench, _ string) (func() error, error) {
			return nothing, v.client.Post(ctx, "/v1/admin/leader/transfer", map[string]string{}, nil)
		}},
		Hang: {closes: true, do: func(_ context.Context, v *bench, leader string) (func() error, error) {
			return func() error { return v.disks.thaw(leader) }, v.disks.freeze(leader)
		}},
	}
}
