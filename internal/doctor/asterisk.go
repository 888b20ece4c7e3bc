package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/dialwarden/dialwarden/internal/ari"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
)

// reach asks Asterisk for the first time, and tells why it does not answer as it should.
func (v *visit) reach(ctx context.Context) []Finding {
	a := v.Config.Asterisk
	password, err := a.Password()
	if err != nil {
		return only(Unknown, "Asterisk is not asked anything, because its password cannot be read.")
	}
	v.asterisk, err = ari.NewInspector(ari.Config{URL: a.URL, Username: a.Username, Password: password, Application: a.Application})
	if err != nil {
		return only(Wrong, sentence(err.Error()))
	}
	if v.about, err = v.asterisk.About(ctx); err != nil {
		return []Finding{unreached(a, err)}
	}
	v.up = true
	u, err := url.Parse(a.URL)
	if err == nil && u.Scheme == "http" && !isLocal(u.Hostname()) {
		return only(Warning, fmt.Sprintf("Asterisk answers on %s, and the password crosses the network unencrypted.", a.URL),
			"Let the daemon run beside Asterisk, or give http.conf tlsenable = yes and asterisk.url https://")
	}
	return fine("Asterisk answers on %s, and takes the password of user %q.", a.URL, a.Username)
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// unreached explains the error of the first question.
func unreached(a config.Asterisk, err error) Finding {
	u, _ := url.Parse(a.URL) // it has been read before
	address := u.Host
	status := "asterisk -rx 'http show status'   # wanted: Server Enabled and Bound to " + address
	var dns *net.DNSError
	var connection *url.Error
	switch {
	case errors.Is(err, ari.ErrLogin):
		return found(Wrong, fmt.Sprintf("Asterisk refuses user %q with the password in %s.", a.Username, a.PasswordFile),
			fmt.Sprintf("asterisk -rx 'ari show users'   # is there a user %q? If not: #include ari_dialwarden.conf at the end of ari.conf", a.Username),
			fmt.Sprintf("Make the line password = … of [%s] in ari_dialwarden.conf the same as the first line of %s", a.Username, a.PasswordFile),
			"asterisk -rx 'module reload res_ari.so'")
	case errors.Is(err, ari.ErrForbidden):
		return found(Wrong, "Asterisk forbids this address its REST interface.", "ari.conf and http.conf: look for deny = and restrict lines; asterisk -rx 'module reload res_ari.so'")
	case errors.Is(err, call.ErrGone):
		return found(Wrong, fmt.Sprintf("A web server answers on %s, but there is no REST interface at %s.", address, a.URL),
			"ari.conf, [general]: enabled = yes; then asterisk -rx 'module reload res_ari.so'",
			"asterisk -rx 'module show like res_ari.so'   # if it is not loaded: asterisk -rx 'module load res_ari.so'",
			"asterisk -rx 'http show status'   # if Prefix is not empty, say, /pbx, then asterisk.url must be http://"+address+"/pbx/ari",
			"If it is not Asterisk that listens on "+address+": asterisk.url names the wrong port")
	case errors.Is(err, syscall.ECONNREFUSED):
		return found(Wrong, fmt.Sprintf("Nobody listens on %s: Asterisk does not run, or its HTTP server is off or listens elsewhere.", address),
			"systemctl status asterisk", status,
			fmt.Sprintf("http.conf, in its first [general]: enabled = yes, bindaddr = %s, bindport = %s; then asterisk -rx 'module reload http'", u.Hostname(), cmp.Or(u.Port(), "80")),
			"If it listens elsewhere: write that address into asterisk.url")
	case errors.As(err, &dns):
		return found(Wrong, fmt.Sprintf("The name of %s cannot be found: %v", address, err), "Write Asterisk's address into asterisk.url as a number")
	case errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &connection) && connection.Timeout():
		return found(Wrong, fmt.Sprintf("%s does not answer in time: it hangs, or a firewall swallows what is sent there.", address),
			status, "If Asterisk itself answers to that, but nobody over HTTP: systemctl restart asterisk (it ends all calls)")
	case errors.As(err, &connection):
		return found(Wrong, fmt.Sprintf("Asterisk cannot be reached: %v", err), status, "asterisk.url: is it http:// or https://, and is it the right port?")
	}
	return found(Wrong, fmt.Sprintf("What answers at %s is not Asterisk's REST interface: %v", a.URL, err), "asterisk.url: "+status)
}

// oldest is the oldest Asterisk that will do.
const oldest = 18

var majorVersion = regexp.MustCompile(`(?:^|/)(\d+)\.`) // 22.10.1, certified/18.9-cert5

func (v *visit) version(context.Context) []Finding {
	if !v.up {
		return nil
	}
	found := majorVersion.FindStringSubmatch(v.about.Version)
	if found == nil {
		return only(Warning, fmt.Sprintf("Asterisk calls itself %q: whether it is %d or newer cannot be seen.", v.about.Version, oldest))
	}
	if major, _ := strconv.Atoi(found[1]); major < oldest {
		return only(Wrong, fmt.Sprintf("This is Asterisk %s, which is too old.", v.about.Version), fmt.Sprintf("Use Asterisk %d or newer; 22 is what Dialwarden is tested with.", oldest))
	}
	return fine("Asterisk %s.", v.about.Version)
}

// neededModules are those without which calls go wrong, with what each is for.
var neededModules = []struct{ what, names string }{
	{"the REST interface", "res_ari res_ari_applications res_ari_asterisk res_ari_channels res_ari_events res_ari_playbacks res_http_websocket"},
	{"calls that wait for a decision", "res_stasis res_stasis_answer res_stasis_playback app_stasis"},
	{"our dialplan", "pbx_config app_dial app_exec app_playback app_stack app_userevent app_verbose " +
		"func_callerid func_cdr func_channel func_cut func_export func_global func_holdintercept func_logic func_rand func_strings func_timeout"},
	{"the warning before a cut: without it nobody is warned", "bridge_builtin_interval_features"},
	{"talking", "bridge_simple"},
}

func (v *visit) modules(ctx context.Context) []Finding {
	if !v.up {
		return nil
	}
	running, err := v.asterisk.Modules(ctx)
	if err != nil {
		return unasked("its modules", err)
	}
	var all []Finding
	n := 0
	for _, m := range neededModules {
		var missing, load []string
		for name := range strings.FieldsSeq(m.names) {
			n++
			if !running[name] {
				missing = append(missing, name)
				load = append(load, fmt.Sprintf("asterisk -rx 'module load %s.so'", name))
			}
		}
		if missing != nil {
			all = append(all, found(Wrong, fmt.Sprintf("Asterisk has not loaded %s, needed for %s.", strings.Join(missing, ", "), m.what),
				append(load, "modules.conf: take out noload lines that name them, and add load = "+missing[0]+".so where it says autoload = no")...))
		}
	}
	if all == nil {
		return fine("All %d modules that are needed are running.", n)
	}
	v.lacking = true
	return all
}

// application looks who gets the calls that the dialplan sends to be decided.
func (v *visit) application(ctx context.Context) []Finding {
	if !v.up {
		return nil
	}
	name, usual := v.Config.Asterisk.Application, config.Default().Asterisk.Application
	if name != usual {
		return only(Warning, fmt.Sprintf("asterisk.application is %q, and the dialplan as it comes says Stasis(%s,…).", name, usual),
			fmt.Sprintf("asterisk.application: %s, or the other name in extensions_dialwarden.conf", usual))
	}
	registered, err := v.asterisk.Registered(ctx)
	switch timeout := (*url.Error)(nil); {
	case errors.As(err, &timeout) && timeout.Timeout():
		return only(Wrong, "Asterisk answers, but not when asked for its applications: it has locked itself up (asterisk/asterisk#2170). No call can be decided.",
			"systemctl restart asterisk   # ends all calls; nothing less helps")
	case err != nil:
		return unasked("its applications", err)
	}
	connected := v.health != nil && v.health.AsteriskConnected
	switch {
	case registered && (connected || v.daemon != nil && v.health == nil):
		return fine("The daemon has registered the application %q.", name)
	case registered && v.hidden:
		return fine("A daemon has registered the application %q.", name)
	case registered:
		return only(Wrong, fmt.Sprintf("Another program has registered the application %q: it gets the calls, and not the daemon of this configuration.", name),
			"Look for a second daemon, also on other machines: asterisk -rx 'http show status', ss -tnp | grep "+strings.TrimPrefix(v.Config.Asterisk.URL, "http://"),
			"Stop it, or start the daemon of this configuration and no other")
	case v.daemon != nil:
		return only(Wrong, fmt.Sprintf("The daemon runs, but has not registered the application %q: all calls but emergency calls are refused.", name),
			"journalctl -u dialwarden -n 20", "systemctl restart dialwarden   # if it was started with another password or address")
	}
	return nil // that the daemon does not run has been told
}

// known returns all endpoints; they are asked for once.
func (v *visit) known(ctx context.Context) ([]ari.Endpoint, error) {
	if v.endpoints == nil {
		all, err := v.asterisk.Endpoints(ctx)
		if err != nil {
			return nil, err
		}
		v.endpoints = append([]ari.Endpoint{}, all...)
	}
	return v.endpoints, nil
}
