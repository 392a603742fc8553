package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// day is what lives of certificates are counted in.
const day = 24 * time.Hour

func authorityCommand(sh *shell.Shell) *cobra.Command {
	var cluster string
	c := &cobra.Command{
		Use: "ca DIR --cluster-id ID", Short: "Make the authority that certifies a cluster's nodes", Args: cobra.ExactArgs(1),
		Long: `Make the authority that certifies a cluster's nodes: ca.pem, which every node
gets (peer_tls.ca), and ca-key.pem, which no node needs. Whoever holds that key
can make himself any node, so it belongs to those who run the cluster, off its
hosts. It is good for ten years.`,
		RunE: func(_ *cobra.Command, args []string) error {
			a, err := credentials.NewAuthority(cluster, time.Now())
			if err != nil {
				return shell.Usage(err)
			}
			if err := a.Write(world.System().Files, args[0]); err != nil {
				return err
			}
			sh.Line("%s certifies the nodes of %s; keep %s off their hosts",
				filepath.Join(args[0], credentials.AuthorityFile), cluster, filepath.Join(args[0], credentials.AuthorityKeyFile))
			return nil
		},
	}
	c.Flags().StringVar(&cluster, "cluster-id", "", "name of the cluster")
	return c
}

func enrollCommand(sh *shell.Shell) *cobra.Command {
	var file, authority, request, certificate string
	var days int
	c := &cobra.Command{
		Use: "enroll --config FILE", Short: "Get a node certified, before its first start or while it runs", Args: cobra.NoArgs,
		Long: `Get a node certified. On its host, with the authority kept elsewhere:

    rialto node enroll --config n1.yaml --request n1.csr
    rialto node sign n1.csr --ca DIR > n1.pem       (where the authority is)
    rialto node enroll --config n1.yaml --certificate n1.pem

or at once, with --ca DIR of an authority that is at hand. The certificate names
cluster, node and the incarnation of its data folder, which is born by this if
it is empty; an emptied folder is enrolled anew. The node's key is made where
there is none and never leaves its host. A node that runs takes a new
certificate up within seconds.`,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadSettings(c, sh, file)
			if err != nil {
				return err
			}
			switch {
			case request != "" && authority == "" && certificate == "":
				return requestCertificate(sh, cfg, request)
			case certificate != "" && authority == "" && request == "":
				return installCertificate(sh, cfg, certificate)
			case authority != "" && certificate == "" && request == "":
				return enrolAt(sh, cfg, authority, days)
			}
			return shell.Usage(fmt.Errorf("one of --request, --certificate and --ca is needed"))
		},
	}
	settingFlags(c, &file)
	c.Flags().StringVar(&request, "request", "", "write a request for a certificate to this file")
	c.Flags().StringVar(&certificate, "certificate", "", "take the certificate that was signed for it from this file")
	c.Flags().StringVar(&authority, "ca", "", "folder of the authority, to do both at once")
	daysFlag(c, &days)
	return c
}

func daysFlag(c *cobra.Command, days *int) {
	c.Flags().IntVar(days, "days", int(credentials.DefaultLife/day), "how long the certificate is good, 1 … 1825 days")
}

func requestCertificate(sh *shell.Shell, cfg node.Config, path string) error {
	request, name, err := node.RequestCertificate(cfg)
	if err == nil {
		err = credentials.Replace(world.System().Files, path, request)
	}
	if err != nil {
		return err
	}
	sh.Line("%s asks for a certificate of %s", path, name)
	sh.Line("where the authority is: rialto node sign %s --ca DIR > node.pem", filepath.Base(path))
	sh.Line("then here: rialto node enroll --config … --certificate node.pem")
	return nil
}

func installCertificate(sh *shell.Shell, cfg node.Config, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	until, err := node.InstallCertificate(cfg, b)
	if err != nil {
		return err
	}
	sh.Line("node %s is certified until %s", cfg.NodeID, until.Format(time.DateOnly))
	return nil
}

func enrolAt(sh *shell.Shell, cfg node.Config, dir string, days int) error {
	a, err := readAuthority(dir)
	if err != nil {
		return err
	}
	name, until, err := node.Enrol(cfg, a, time.Duration(days)*day)
	if err != nil {
		return err
	}
	sh.Line("%s is certified until %s", name, until.Format(time.DateOnly))
	return nil
}

func readAuthority(dir string) (*credentials.Authority, error) {
	return credentials.ReadAuthority(world.System().Files, filepath.Join(dir, credentials.AuthorityFile), filepath.Join(dir, credentials.AuthorityKeyFile))
}

func signCommand(sh *shell.Shell) *cobra.Command {
	var dir string
	var days int
	c := &cobra.Command{
		Use: "sign REQUEST --ca DIR", Short: "Sign a node's request for a certificate, and print that", Args: cobra.ExactArgs(1),
		Long: `Sign a node's request for a certificate and print the certificate. Whom it names
is said beside it: see that the request comes from that node, for whoever has
the certificate and its key is that node.`,
		RunE: func(_ *cobra.Command, args []string) error {
			a, err := readAuthority(dir)
			if err != nil {
				return err
			}
			request, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			certificate, name, err := a.Sign(request, time.Now(), time.Duration(days)*day)
			if err != nil {
				return err
			}
			sh.Note("certified %s", name)
			_, err = sh.Out.Write(certificate)
			return err
		},
	}
	c.Flags().StringVar(&dir, "ca", "", "folder of the authority")
	daysFlag(c, &days)
	return c
}
