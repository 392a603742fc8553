package cli

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

const participantsPath = "/v1/queries/participants"

func keyCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{
		Use: "key", Short: "Create, revoke and list the keys of participants",
		Long: `Create, revoke and list the keys of participants. Only the hash of a secret ever
leaves this program. To rotate a key, create another, move its users, revoke it.`,
	}
	c.AddCommand(keyCreate(sh), keyRevoke(sh), keyList(sh))
	return c
}

// secretBytes is the length of the secrets that are made here.
const secretBytes = 32

func keyCreate(sh *shell.Shell) *cobra.Command {
	var role, secretFile string
	var maxAge uint32
	c := &cobra.Command{
		Use: "create PARTICIPANT KEY-ID", Short: "Give a participant a key, or a key of its another secret or role", Args: cobra.ExactArgs(2),
		Long: `Give a participant a key, or a key of its another secret or role. The secret is
read from --secret-file, or made here: the credentials, <key id>.<secret>, are then
printed on standard output, and nowhere kept.`,
	}
	id := commandID(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := oneOf("--role", role, words()["role"]...); err != nil || role == "" {
			return errors.Join(err, shell.Usagef("--role: say admin, trader, read or audit"))
		}
		secret, err := keySecret(sh, secretFile)
		if err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(secret))
		p := map[string]any{"participant": args[0], "key_id": args[1], "hash": hex.EncodeToString(sum[:]), "role": role}
		if maxAge > 0 {
			p["max_age_ms"] = maxAge
		}
		quiet := sh.To(io.Discard)
		err = execute(c, quiet, id, client.Command{Verb: "keys/create", Payload: p})
		unknown := (*client.UnknownError)(nil)
		if err != nil && !errors.As(err, &unknown) || secretFile != "" {
			return err
		}
		if sh.WantsJSON() {
			return errors.Join(err, sh.JSON(map[string]string{"participant": args[0], "key_id": args[1], "role": role, "credentials": args[1] + "." + secret}))
		}
		sh.Line("%s.%s", args[1], secret)
		return err
	}
	f := c.Flags()
	f.StringVar(&role, "role", "", "admin, trader, read or audit")
	f.StringVar(&secretFile, "secret-file", "", "file that holds the secret; - = standard input")
	f.Uint32Var(&maxAge, "max-age-ms", 0, "default validity of the key's commands in ms (default: none)")
	return c
}

// keySecret reads a secret, or makes one.
func keySecret(sh *shell.Shell, file string) (string, error) {
	if file == "" {
		var b [secretBytes]byte
		if _, err := rand.Read(b[:]); err != nil {
			return "", err
		}
		return base64.RawURLEncoding.EncodeToString(b[:]), nil
	}
	text, err := readFile(sh, file)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", shell.Usagef("--secret-file: %s is empty", file)
	}
	return secret, nil
}

func keyRevoke(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{
		Use: "revoke PARTICIPANT KEY-ID", Short: "Take a key from a participant, at once and on every node", Args: cobra.ExactArgs(2),
	}
	id := commandID(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return execute(c, sh, id, client.Command{Verb: "keys/revoke", Payload: map[string]any{"participant": args[0], "key_id": args[1]}})
	}
	return c
}

func keyList(sh *shell.Shell) *cobra.Command {
	return reads(&cobra.Command{
		Use: "list [PARTICIPANT]", Short: "List keys; secrets are not kept", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return printList(c, sh, participantsPath, nil, func(sh *shell.Shell, all []client.Participant) error {
				var rows [][]string
				for i := range all {
					if len(args) == 1 && all[i].Participant != args[0] {
						continue
					}
					for _, k := range all[i].Keys {
						age := ""
						if k.MaxAgeMs > 0 {
							age = fmt.Sprintf("%d ms", k.MaxAgeMs)
						}
						rows = append(rows, []string{all[i].Participant, k.ID, k.Role, age})
					}
				}
				return sh.Table([]string{"PARTICIPANT", "KEY", "ROLE", "MAX AGE"}, rows)
			})
		},
	})
}

func participantCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "participant", Short: "List and show participants: who may act, for which accounts"}
	c.AddCommand(participantList(sh), participantShow(sh))
	return c
}

func participantList(sh *shell.Shell) *cobra.Command {
	return reads(&cobra.Command{
		Use: "list", Short: "List the participants", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return printList(c, sh, participantsPath, nil, printParticipants)
		},
	})
}

func participantShow(sh *shell.Shell) *cobra.Command {
	return reads(&cobra.Command{
		Use: "show PARTICIPANT", Short: "Show one participant", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return printList(c, sh, participantsPath, nil, func(sh *shell.Shell, all []client.Participant) error {
				for i := range all {
					if all[i].Participant == args[0] {
						return printParticipants(sh, all[i:i+1])
					}
				}
				return fmt.Errorf("no participant %s", args[0])
			})
		},
	})
}

func printParticipants(sh *shell.Shell, all []client.Participant) error {
	rows := make([][]string, 0, len(all))
	for i := range all {
		p := &all[i]
		var keys []string
		for _, k := range p.Keys {
			keys = append(keys, k.ID)
		}
		comps := p.FIXCompIDs
		for _, s := range p.FIXSessions {
			comps = append(comps, s.CompID)
		}
		rows = append(rows, []string{p.Participant, p.Role, p.Owner, strings.Join(p.Accounts, " "), strings.Join(comps, " "), strings.Join(keys, " ")})
	}
	return sh.Table([]string{"PARTICIPANT", "ROLE", "OWNER", "ACCOUNTS", "COMP IDS", "KEYS"}, rows)
}
