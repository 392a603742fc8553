package cli

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/backup"
)

func backupCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{
		Use: "backup FOLDER", Short: "Back the running venue up, or add what is new", Args: cobra.ExactArgs(1),
		Long: `Back the running venue up into a folder: a snapshot, all entries of the log and
all events, proven along the hash chain, and a manifest with the hash of every
file. Made again in the same folder it adds only what is new and one snapshot more,
so a restore reaches any sequence and any instant. The first --server gives it, with
an administrator's key; the venue goes on meanwhile. A backup that breaks off leaves
the one before as it was, and the next one goes on from there.`,
		RunE: func(c *cobra.Command, args []string) error { return takeBackup(c.Context(), sh, args[0]) },
	}
	verify := &cobra.Command{
		Use: "verify FOLDER", Short: "Read all of a backup and say whether a restore can count on it", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return verifyBackup(c.Context(), sh, args[0]) },
	}
	c.AddCommand(verify)
	return c
}

func takeBackup(ctx context.Context, sh *shell.Shell, folder string) error {
	cl, err := sh.Client()
	if err != nil {
		return err
	}
	m, added, err := receive(ctx, sh, cl, folder)
	if err != nil {
		err = fmt.Errorf("%s: %w", cl.Servers()[0], err)
		return shell.BrokenOff(ctx, err, "the backup that was in %s before is as it was; taken again it goes on with what has come", folder)
	}
	if sh.WantsJSON() {
		return sh.JSON(m)
	}
	sh.Line("backed up through sequence %d, %s: %d entries and %d blocks of events are new", m.Last.Sequence, instant(m.Last.At), added.Entries, added.Blocks)
	sh.Line("head of the chain: %s", m.Last.Head)
	return nil
}

// counted is an answer that moves a bar as it is read.
type counted struct {
	io.ReadCloser
	bar shell.Progress
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.bar.Add(n)
	return n, err
}

func receive(ctx context.Context, sh *shell.Shell, cl *client.Client, folder string) (backup.Manifest, backup.Added, error) {
	bar := sh.Bytes("read from " + address(cl.Servers()[0]))
	defer bar.Done()
	return backup.Receive(ctx, folder, func(ctx context.Context, have backup.Have) (io.ReadCloser, error) {
		answer, err := cl.Only(0).Download(ctx, "/v1/admin/backup", url.Values{
			"entries_after":  {strconv.FormatUint(have.Entries, 10)},
			"blocks_after":   {strconv.FormatUint(have.Blocks, 10)},
			"snapshot_after": {strconv.FormatUint(have.Snapshot, 10)},
		})
		if err != nil {
			return nil, err
		}
		return counted{answer, bar}, nil
	})
}

func verifyBackup(ctx context.Context, sh *shell.Shell, folder string) error {
	f, err := backup.Open(folder)
	if err != nil {
		return err
	}
	bar := sh.Lasting(0, "verify")
	proof, err := orGone(ctx, func() (backup.Proof, error) { return f.Verify("") })
	bar.Done()
	if err != nil {
		return err
	}
	return showProof(sh, proof)
}

// showProof says what was proven.
func showProof(sh *shell.Shell, p backup.Proof) error {
	if sh.WantsJSON() {
		return sh.JSON(p)
	}
	sh.Line("%d blocks of events, from sequence %d to %d, %s, and %d entries beside them: nothing was changed", p.Blocks,
		p.First.Sequence, p.Last.Sequence, instant(p.Last.At), p.Entries)
	if p.Unproven > 0 {
		sh.Line("of %d blocks of the first feature level the entries are not here: their events can be read, and are not proven", p.Unproven)
	}
	sh.Line("head of the chain: %s", p.Last.Head)
	return nil
}

// instant writes venue time.
func instant(nanoseconds int64) string {
	return time.Unix(0, nanoseconds).UTC().Format(time.RFC3339Nano)
}

func restoreCommand(sh *shell.Shell) *cobra.Command {
	var file, from, at string
	var sequence uint64
	c := &cobra.Command{
		Use: "restore --from FOLDER --config FILE", Short: "Make a new venue's first node from a backup", Args: cobra.NoArgs,
		Long: `Make the data folder of a new cluster's first node from a backup: the venue as it
was at the end, after a sequence (--sequence), or at an instant (--at). Every hash
is verified first, what lies beyond is named, and nothing is written over what is
there: data_dir must be empty. Only the archive of a node will do too, as FOLDER/archive.

The new venue has another history: tokens and stream positions of the past before
are answered 409 history_changed, and FIX clients begin with new numbers. Start the
node with rialto serve, without --found; other nodes join it.`,
		RunE: func(c *cobra.Command, _ []string) error {
			target := backup.Target{Sequence: sequence}
			if at != "" {
				t, err := time.Parse(time.RFC3339Nano, at)
				if err != nil || sequence != 0 {
					return shell.Usagef("--at is an instant like 2026-05-23T10:00:00Z, and goes without --sequence")
				}
				target.At = t.UnixNano()
			}
			if from == "" {
				return shell.Usagef("--from FOLDER is missing: where the backup is")
			}
			cfg, err := loadSettings(c, sh, file)
			if err != nil {
				return err
			}
			return restore(c.Context(), sh, cfg, from, target)
		},
	}
	c.Flags().StringVar(&from, "from", "", "folder of the backup")
	c.Flags().Uint64Var(&sequence, "sequence", 0, "restore through this sequence; 0 = the end")
	c.Flags().StringVar(&at, "at", "", "restore to this instant of venue time, RFC 3339")
	settingFlags(c, &file)
	return c
}

func restore(ctx context.Context, sh *shell.Shell, cfg node.Config, from string, target backup.Target) error {
	bar := sh.Lasting(0, "restore")
	done, err := node.Restore(ctx, cfg, from, target, func(r backup.Renewed) error {
		if lost := r.End.Sequence - r.At.Sequence; lost > 0 {
			sh.Note("given up: the last %d events of the backup, sequences %d to %d, through %s", lost, r.At.Sequence+1, r.End.Sequence, instant(r.End.At))
		}
		sh.Note("given up: whatever the venue did after the backup's end at sequence %d, %s", r.End.Sequence, instant(r.End.At))
		return nil
	})
	bar.Done()
	if err != nil {
		return shell.BrokenOff(ctx, err, "%s holds no node yet: empty it and restore again", cfg.DataDir)
	}
	return renewed(sh, cfg, done)
}

// renewed says what a new history begins with.
func renewed(sh *shell.Shell, cfg node.Config, done backup.Renewed) error {
	if sh.WantsJSON() {
		return sh.JSON(done)
	}
	sh.Line("%s holds the venue as it was after sequence %d, %s; %d entries were executed again and came out the same", cfg.DataDir,
		done.At.Sequence, instant(done.At.At), done.Replayed)
	sh.Line("its history is %s from sequence %d on", done.Began.History, done.Began.Sequence)
	if cfg.PeerTLS.CA != "" && cfg.PeerTLS.CAKey == "" {
		sh.Line("its folder is a new one: certify it with rialto node enroll")
	}
	sh.Line("start node %s with rialto serve (without --found), and let others join it", cfg.NodeID)
	return nil
}

func auditCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "Prove what the venue did"}
	var file, folder, head string
	verify := &cobra.Command{
		Use: "verify", Short: "Prove along the hash chain that nothing of the past was changed", Args: cobra.NoArgs,
		Long: `Read every entry and every event, prove along the hash chain that nothing was
changed, left out or added, and print the chain's head: of the first --server
(read into a folder of its own, with an administrator's key), of a backup
(--backup), or of a stopped node (--config). With --head, one that was printed or
written down before, it also says whether the past that led to it is still this one.`,
		RunE: func(c *cobra.Command, _ []string) error {
			var proof backup.Proof
			var err error
			switch {
			case folder != "":
				var f *backup.Folder
				if f, err = backup.Open(folder); err == nil {
					proof, err = f.Verify(head)
				}
			case file != "":
				cfg, loading := loadSettings(c, sh, file)
				if loading != nil {
					return loading
				}
				proof, err = node.VerifyFolder(cfg, head, node.NewLogger(cfg, sh.Err))
			default:
				proof, err = auditRunning(c.Context(), sh, head)
			}
			if err != nil {
				return err
			}
			return verdict(sh, proof, head)
		},
	}
	verify.Flags().StringVar(&folder, "backup", "", "folder of a backup")
	verify.Flags().StringVar(&head, "head", "", "a head of the chain that must be in it")
	settingFlags(verify, &file)
	c.AddCommand(verify)
	return c
}

func verdict(sh *shell.Shell, proof backup.Proof, head string) error {
	if err := showProof(sh, proof); err != nil || head == "" {
		return err
	}
	if proof.Met == nil {
		return fmt.Errorf("the chain is whole, but head %s is not in it: this is another past", head)
	}
	if !sh.WantsJSON() {
		sh.Line("head %s is in it, after sequence %d", head, proof.Met.Sequence)
	}
	return nil
}

// auditRunning reads all of a running node into a folder that goes again.
func auditRunning(ctx context.Context, sh *shell.Shell, head string) (backup.Proof, error) {
	cl, err := sh.Client()
	if err != nil {
		return backup.Proof{}, err
	}
	dir, err := os.MkdirTemp("", "rialto-audit-")
	if err != nil {
		return backup.Proof{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if _, _, err := receive(ctx, sh, cl, dir); err != nil {
		return backup.Proof{}, fmt.Errorf("%s: %w", cl.Servers()[0], err)
	}
	f, err := backup.Open(dir)
	if err != nil {
		return backup.Proof{}, err
	}
	return f.Verify(head)
}
