package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/dialplan"
	"github.com/dialwarden/dialwarden/internal/speech"
)

// logging looks whether Asterisk writes typed digits into its own log.
func (v *visit) logging(ctx context.Context) []Finding {
	if !v.up {
		return nil
	}
	channels, err := v.asterisk.LogChannels(ctx)
	if err != nil {
		return unasked("where it writes its log", err)
	}
	var all []Finding
	for _, c := range channels {
		name := path.Base(c.Name)
		remedy := func(level string) []string {
			return []string{
				fmt.Sprintf("logger.conf, [logfiles], the line that begins with %q: take out %s; where it says *, write notice,warning,error,verbose instead", strings.ToLower(name), level),
				"asterisk -rx 'logger reload'",
				fmt.Sprintf("If logger.conf has no such line, it was added while Asterisk ran: asterisk -rx 'logger remove channel %s'", name),
			}
		}
		switch {
		case slices.Contains(c.Levels, "DTMF") || slices.Contains(c.Levels, "*"):
			all = append(all, found(Wrong, fmt.Sprintf("Asterisk writes every key that a caller presses to %s: PINs and tokens stand there in clear.", c.Name),
				append(remedy("dtmf"), "Remove the old log and its copies, and give new PINs to those who have typed theirs meanwhile")...))
		case slices.Contains(c.Levels, "DEBUG") || slices.Contains(c.Levels, "TRACE"):
			all = append(all, found(Warning, fmt.Sprintf("Asterisk writes debug messages to %s: as soon as somebody switches debugging on, typed digits can stand there.", c.Name), remedy("debug and trace")...))
		}
	}
	if all == nil {
		return fine("Asterisk's log channels (%d) do not take typed digits.", len(channels))
	}
	return all
}

var playback = regexp.MustCompile(`Playback\(([^,)$]+[^/,)$])[,)]`)

// spoken lists the sound files that the daemon and the dialplan play.
func spoken() ([]string, error) {
	text, err := fs.ReadFile(dialplan.FS, "extensions_dialwarden.conf")
	if err != nil {
		return nil, err
	}
	files := speech.Files()
	for _, m := range playback.FindAllStringSubmatch(string(text), -1) {
		files = append(files, strings.Split(m[1], "&")...)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// sounds looks whether what callers should hear is there, in the language of channels and in that of the site.
func (v *visit) sounds(ctx context.Context) []Finding {
	if !v.up {
		return nil
	}
	files, err := spoken()
	if err != nil {
		return only(Unknown, sentence(err.Error()))
	}
	installed, err := v.asterisk.Sounds(ctx)
	if err != nil {
		return only(Unknown, fmt.Sprintf("Which sounds are installed cannot be seen: %v", err), "asterisk -rx 'module load res_ari_sounds.so', then run doctor again")
	}
	var all []Finding
	for _, lang := range slices.Compact([]string{v.about.Language, v.Config.Site.Language}) {
		missing := slices.DeleteFunc(slices.Clone(files), func(f string) bool { return speaks(installed[f], lang) })
		if len(missing) == 0 {
			continue
		}
		state, what := Warning, "phones with language="+lang+" hear nothing in their place"
		if lang == v.about.Language {
			state, what = Wrong, "callers hear nothing in their place"
		}
		remedy := []string{"asterisk -rx 'module reload sounds'   # and run doctor again: Asterisk may only not know of them yet"}
		if slices.ContainsFunc(missing, func(f string) bool { return strings.HasPrefix(f, "dialwarden/") }) {
			remedy = append(remedy, fmt.Sprintf("Copy dialplan/sounds/%s to %s/dialwarden in Asterisk's sounds directory (/var/lib/asterisk/sounds or /usr/share/asterisk/sounds)", lang, lang))
		}
		if slices.ContainsFunc(missing, func(f string) bool { return !strings.HasPrefix(f, "dialwarden/") }) {
			remedy = append(remedy, "Install Asterisk's core sounds in that language, or record the files yourself")
		}
		all = append(all, found(state, fmt.Sprintf("Of %d sounds, %d are not there in language %s (%s): %s.", len(files), len(missing), lang, some(missing), what), remedy...))
	}
	if all == nil {
		return fine("All %d sounds are there, in language %s.", len(files), v.about.Language)
	}
	return all
}

// speaks reports whether a sound is there for a language, as Asterisk looks for it: zh_CN is served by zh, and every
// language by a file without one.
func speaks(installed []string, lang string) bool {
	general, _, _ := strings.Cut(lang, "_")
	return slices.ContainsFunc(installed, func(l string) bool { return l == lang || l == general || l == "" })
}

// isExtension is what endpoints of phones are usually called.
var isExtension = regexp.MustCompile(`^[0-9]{2,}$`)

// phones compares the directory with the endpoints.
func (v *visit) phones(ctx context.Context) []Finding {
	if !v.up || len(v.Policy.Directory) == 0 {
		return nil
	}
	endpoints, err := v.known(ctx)
	if err != nil {
		return unasked("its endpoints", err)
	}
	there := map[string]bool{}
	var strangers []string
	for _, e := range endpoints {
		there[e.Resource] = true
		if _, listed := v.Policy.Directory[e.Resource]; !listed && isExtension.MatchString(e.Resource) {
			strangers = append(strangers, e.Resource)
		}
	}
	all := slices.Sorted(maps.Keys(v.Policy.Directory))
	missing := slices.DeleteFunc(slices.Clone(all), func(e string) bool { return there[e] })
	file := path.Join(v.Config.Policy.Dir, "data/directory.yaml")
	var out []Finding
	switch {
	case len(missing) == len(all) && len(strangers) == 0:
		out = append(out, found(Warning, fmt.Sprintf("None of the %d phones in the directory is the name of an endpoint.", len(all)),
			"pjsip.conf, at each phone: set_var = DIALWARDEN_CALLER=its extension (docs/dialplan.md, who is calling)"))
	case len(missing) > 0:
		out = append(out, found(Warning, fmt.Sprintf("%d of %d phones in the directory have no endpoint of that name: %s.", len(missing), len(all), some(missing)),
			"If they are phones that are gone: take them out of "+file))
	}
	if len(strangers) > 0 {
		slices.Sort(strangers)
		out = append(out, found(Warning, fmt.Sprintf("%d endpoints are not in the directory, and may call nobody but emergency numbers: %s.", len(strangers), some(strangers)),
			"If they are phones: add them to "+file))
	}
	if out == nil {
		return fine("All %d phones of the directory are endpoints.", len(all))
	}
	return out
}

// clockPatience is how far Asterisk's clock, read in whole seconds, may be from ours.
const clockPatience = 3 * time.Second

func (v *visit) clock(ctx context.Context) []Finding {
	if !v.up {
		return nil
	}
	theirs, err := v.asterisk.Clock(ctx)
	if err != nil {
		return unasked("its time", err)
	}
	return apart(time.Since(theirs))
}

// apart judges how far our clock is ahead of Asterisk's.
func apart(d time.Duration) []Finding {
	if d.Abs() <= clockPatience {
		return fine("Asterisk's clock and ours agree.")
	}
	which := "behind"
	if d < 0 {
		which = "ahead of"
	}
	return only(Warning, fmt.Sprintf("Asterisk's clock is %v %s ours: office hours and the times in the log follow ours, those in CDRs follow Asterisk's.", d.Abs().Round(time.Second), which),
		"timedatectl   # on both machines: it must say that the clock is set by NTP")
}

// byHand names what nobody can see over the REST interface.
func (v *visit) byHand(context.Context) []Finding {
	if !v.up {
		return nil
	}
	return only(Note, "What cannot be seen from here. These can write typed digits to a log or to a console, and should be off; the commands switch them off:",
		"asterisk -rx 'core set debug 0'",
		"asterisk -rx 'pjsip set logger off'        # SIP INFO carries digits",
		"asterisk -rx 'pjsip set history off'",
		"asterisk -rx 'rtp set debug off'",
		"asterisk -rx 'agi set debug off'",
		"asterisk -rx 'ari set debug all off'",
		"http.conf, [general]: sessionlimit = 512   # the default of 100 is too low for a busy hour")
}

// some names a few of many.
func some(names []string) string {
	const few = 8
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
