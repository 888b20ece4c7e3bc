package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/site"
)

func newInit() *cobra.Command {
	return &cobra.Command{
		Use:   "init DIR",
		Short: "Write a configuration, a policy and the Asterisk files to start from",
		Long: `Write into DIR what is needed to start: dialwarden.yaml, the shipped policy (rules, data,
number plans), the Asterisk fragments and prompts, a password for Asterisk's REST interface and a key
for Dialwarden's own API, both made up for this site. A file that exists already is never touched.`,
		Args:              exactly("DIR"),
		ValidArgsFunction: completeDir,
		RunE: func(cmd *cobra.Command, args []string) error {
			w := cmd.OutOrStdout()
			dir := args[0]
			if err := site.Write(dir, site.Asterisk{}); err != nil {
				return err
			}
			_, err := fmt.Fprintf(w, `Written to %[1]s:
  dialwarden.yaml   the configuration
  policy/           the rules, and the data that they look at (begin with data/directory.yaml)
  dialplan/         the fragments for Asterisk; each says in its first lines what to do with it
  dialplan/sounds/  the prompts, in English and Chinese; prompts.txt says what they say
  ari.secret        the password for Asterisk's REST interface
  api.secret        the key of the JSON API (web.listen)

Next:
  1. #include the files of dialplan/ in Asterisk's extensions.conf, ari.conf and http.conf, as each says
  2. copy what callers hear into Asterisk's data directory, which "asterisk -rx 'core show settings'" names:
     mkdir -p DATA/sounds/en DATA/sounds/zh
     cp -r %[1]s/dialplan/sounds/en/dialwarden DATA/sounds/en/
     cp -r %[1]s/dialplan/sounds/zh/dialwarden DATA/sounds/zh/
  3. dialwarden check --config %[1]s/dialwarden.yaml --from 101 --to 962345678
  4. dialwarden serve --config %[1]s/dialwarden.yaml
`, dir)
			return err
		},
	}
}
