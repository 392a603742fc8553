package cli

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/settings"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
	"github.com/rialto-exchange/rialto/node"
)

// recovery is what `rialto recover` was told.
type recovery struct {
	survivors, folders, lost []string
	begin, retry             bool
	void                     string
	risked, alive            []string
	again                    string // the settings, as flags
}

func recoverCommand(sh *shell.Shell) *cobra.Command {
	var file string
	var r recovery
	c := &cobra.Command{
		Use: "recover --config FILE", Short: "Go on when a majority is lost for good, or an entry can't be executed", Args: cobra.NoArgs,
		Long: `When a majority of the voters is lost for good nobody can commit any more. Then, with
all survivors stopped:

1. rialto recover --config FILE on each survivor prints how far it has come. Nothing is changed.
2. On the one with the highest term and, of those, the highest index, name the others:
   rialto recover --config FILE --survivor n4=7:1234 --lost n2,n3,n5 (--folder DIR reads a
   survivor's position from its data folder). It says what may be lost. Nothing is changed.
3. The same with --begin begins a new history with all that this node has. Start it; it
   leads alone. The other survivors come back as newcomers: rialto repair --newcomer.

While a majority survives it refuses, and so it does on any but the best survivor (of
equal ones the first by id). It calls all others where they have their peer ports, and
refuses while any answers: stop it; or, if it is to go on in the old history, with what
it serves, name exactly the lost ones that answer by --although-alive. Lost nodes that come back after all go on in the old history, if they are a majority of it:
neither side accepts the other, and clients are told them apart by the history. Make
sure that they stay off. The folder as it was is kept inside data_dir.

When the machine panics at an entry, nodes start before it, read-only, and say so. Run
a build that can execute it; or stop every node and say on each --void INDEX:SHA256, as
the finding gives it: none of the entry's commands is executed, ever, and an event says
so. It counts once a majority was told and every other voter answers that it has not
executed the entry: what is acknowledged is not taken back. --risk-acknowledged-by n2
does without the word of n2 while it is silent: if it has executed the entry, what it
acknowledged since is lost. --retry has the same build try once more.`,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadSettings(c, sh, file)
			if err != nil {
				return err
			}
			r.again = settings.Given(settings.Sources{File: file, Environ: sh.Environ(), Flags: c.Flags()})
			return r.run(c.Context(), sh, cfg)
		},
	}
	c.Flags().StringSliceVar(&r.survivors, "survivor", nil, "another survivor and how far it has come: ID=TERM:INDEX, as it prints it; may be repeated")
	c.Flags().StringSliceVar(&r.folders, "folder", nil, "data folder of another survivor, stopped; may be repeated")
	c.Flags().StringSliceVar(&r.lost, "lost", nil, "ids of the voters that are lost for good")
	c.Flags().StringVar(&r.void, "void", "", "INDEX:SHA256 of an entry that is not to be executed, ever; on every node")
	c.Flags().StringSliceVar(&r.risked, "risk-acknowledged-by", nil, "with --void: ids of voters that can't be asked; what they acknowledged from that entry on may be lost")
	c.Flags().StringSliceVar(&r.alive, "although-alive", nil, "with --begin: ids of the lost voters that answer and are to be left behind, exactly those")
	c.Flags().BoolVar(&r.retry, "retry", false, "try the entry once more that the machine panicked at")
	c.Flags().BoolVar(&r.begin, "begin", false, "begin the new history")
	settingFlags(c, &file)
	return c
}

func (r *recovery) run(ctx context.Context, sh *shell.Shell, cfg node.Config) error {
	log := node.NewLogger(cfg, sh.Err)
	if went, err := node.FinishRecovery(cfg); err != nil {
		return err
	} else if went {
		sh.Line("a recovery that had broken off was finished: start node %s", cfg.NodeID)
		return nil
	}
	switch {
	case r.void == "" && len(r.risked) > 0:
		return shell.Usagef("--risk-acknowledged-by goes with --void")
	case r.void != "":
		if err := node.VoidEntry(cfg, r.void, log, r.risked...); err != nil {
			return err
		}
		sh.Line("entry %s is voided on node %s; it counts once a majority of the voters was told the same, and no voter says that it has executed the entry", r.void, cfg.NodeID)
		return nil
	case r.retry:
		if err := node.RetryEntry(cfg, log); err != nil {
			return err
		}
		sh.Line("node %s will try the entry once more", cfg.NodeID)
		return nil
	}
	own, err := node.Survey(cfg.DataDir, log)
	if err != nil {
		return err
	}
	sh.Line("%s", own.Position())
	sh.Line("node %s of history %s ends with entry %d of term %d; it knows entry %d to be committed, sequence %d, %s",
		own.ID, own.History, own.Last.Index, own.Last.Term, own.Applied.Index, own.Applied.Sequence, instant(own.Applied.At))
	sh.Line("voters: %s", names(own.Voters))
	if len(r.survivors)+len(r.folders)+len(r.lost) == 0 {
		sh.Line("nothing was changed; on the survivor with the highest term and index: rialto recover %s --survivor ID=TERM:INDEX … --lost ID,…", r.again)
		return nil
	}
	who, err := r.who(own, log)
	if err != nil {
		return err
	}
	losses, err := who.Judge(own)
	if err != nil {
		return err
	}
	r.tell(sh, own, losses)
	heard := node.Hear(ctx, cfg, own)
	for _, h := range heard {
		sh.Line("%s answers at %s: %s", h.ID, h.Address, h.Says)
	}
	if !r.begin {
		sh.Line("nothing was changed; the same with --begin begins the new history")
		return nil
	}
	if err := who.MayLeave(heard, r.alive); err != nil {
		return err
	}
	done, aside, err := node.Recover(ctx, cfg, own, log)
	if err != nil {
		return err
	}
	sh.Line("the folder as it was is in %s", aside)
	return renewed(sh, cfg, done)
}

// who reads what was said of the others.
func (r *recovery) who(own node.Survivor, log *slog.Logger) (node.Recovery, error) {
	var who node.Recovery
	for _, text := range r.survivors {
		if err := who.Survives(text); err != nil {
			return who, shell.Usagef("--survivor: %v", err)
		}
	}
	for _, dir := range r.folders {
		s, err := node.Survey(dir, log)
		if err == nil && s.History != own.History {
			err = fmt.Errorf("it is of history %s, this node of %s", s.History, own.History)
		}
		if err == nil {
			err = own.Beside(s)
		}
		if err == nil {
			err = who.Survives(s.Position())
		}
		if err != nil {
			return who, fmt.Errorf("%s: %w", dir, err)
		}
	}
	who.IsLost(r.lost...)
	return who, nil
}

func (r *recovery) tell(sh *shell.Shell, own node.Survivor, l node.Losses) {
	sh.Line("%d of %d voters are lost: %s", len(l.Lost), len(l.Voters), names(l.Lost))
	if l.Nothing {
		sh.Line("nothing that was acknowledged is lost: every majority had one of the survivors in it, and this node has all that they have")
		return
	}
	sh.Line("may be lost: whatever only the lost nodes had when it was acknowledged; that is after entry %d, so after about %s of venue time",
		own.Last.Index, instant(own.Applied.At))
	sh.Line("may come true: entries %d to %d, of which this node does not know that they were committed, are executed", own.Applied.Index+1, own.Last.Index)
}

func names[T ~string](ids []T) string {
	var out []string
	for _, id := range ids {
		out = append(out, string(id))
	}
	return strings.Join(out, ", ")
}
