// Command dialwarden stands between a PBX's phones and its trunks: it decides every outbound call by Rego policies,
// talks to the caller where the policy wants a PIN, and writes each decision down before the call goes anywhere.
//
// Exit status: 0 done, 1 the answer is no (a refused check, failed policy tests), 2 it could not be done.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/config"
)

// The exit statuses.
const (
	exitDone   = 0
	exitNo     = 1
	exitFailed = 2
)

// errNo ends a command whose answer is no, after it has printed it.
var errNo = errors.New("the answer is no")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run carries out one command line and returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	switch err := root.ExecuteContext(ctx); {
	case err == nil:
		return exitDone
	case errors.Is(err, errNo):
		return exitNo
	default:
		_, _ = fmt.Fprintf(stderr, "dialwarden: %v\n", err)
		return exitFailed
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "dialwarden",
		Short: "Decide every outbound call of an Asterisk PBX by policy",
		Long: `Dialwarden decides every outbound call of an Asterisk PBX by rules that you write.

Begin with "dialwarden demo" to see it work, or with "dialwarden init DIR" to get a
configuration, a policy and the Asterisk files to start from.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().String("config", "", "configuration `FILE` (default "+config.DefaultPath+", else built-in defaults)")
	root.AddCommand(
		newServe(), newInit(), newDemo(), newClassify(), newCheck(), newPolicy(), newLog(), newPIN(), newVersion(),
	)
	return root
}

// load reads the configuration that --config names.
func load(cmd *cobra.Command) (config.Config, error) {
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		return config.Config{}, err
	}
	return config.Load(path)
}
