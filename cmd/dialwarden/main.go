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
	"strings"
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
	root := group("dialwarden", "Decide every outbound call of an Asterisk PBX by policy",
		`Dialwarden decides every outbound call of an Asterisk PBX by rules that you write.

Begin with "dialwarden demo" to see it work, or with "dialwarden init DIR" to get a
configuration, a policy and the Asterisk files to start from.

The exit status is 0 if it was done, 1 if the answer is no (a call that would be refused, a
failed test), 2 if it could not be done. "dialwarden completion bash" prints what makes the
tab key complete verbs, flags and extensions; zsh, fish and powershell are there, too.`)
	root.SilenceUsage, root.SilenceErrors = true, true
	root.Version = version
	root.SetVersionTemplate("dialwarden {{.Version}}\n")
	root.SetUsageTemplate(usage.Replace(root.UsageTemplate()))
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; %q tells more", err, cmd.CommandPath()+" --help")
	})
	root.PersistentFlags().String("config", "", "configuration `FILE` (default "+config.DefaultPath+", else built-in defaults)")
	root.AddCommand(
		newServe(), newInit(), newDoctor(), newDemo(), newClassify(), newCheck(), newPolicy(), newLog(), newBackup(), newRestore(), newPIN(), newToken(), newAllowance(), newApproval(), newLine(), newCall(), newAlert(), newSanction(), newVersion(),
	)
	root.SetHelpCommand(newHelp(root))
	root.InitDefaultCompletionCmd()
	completion := child(root, "completion")
	alone := group("completion", "Print what makes the tab key of your shell complete", completion.Long)
	completion.Short, completion.Args, completion.RunE = alone.Short, alone.Args, alone.RunE
	return root
}

// usage words cobra's help like the rest.
var usage = strings.NewReplacer(
	"{{if .HasAvailableSubCommands}}\n  {{.CommandPath}} [command]{{end}}", "",
	"Available Commands:", "Verbs:", "[command] --help", "VERB --help", "about a command", "about a verb",
	"Global Flags:", "Flags of all verbs:",
)

// load reads the configuration that --config names.
func load(cmd *cobra.Command) (config.Config, error) {
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		return config.Config{}, err
	}
	return config.Load(path)
}
