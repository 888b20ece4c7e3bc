package doctor

import (
	"context"
	"fmt"
	"net"
	"net/url"
)

// agiPort is where Asterisk connects if the address names no port.
const agiPort = "4573"

// fastAGIModules are those without which nobody is asked over FastAGI, or told the end.
var fastAGIModules = []string{"res_agi", "app_originate"}

// fastAGI looks whether somebody is there where the dialplan asks when ARI is away.
func (v *visit) fastAGI(ctx context.Context) []Finding {
	if !v.up {
		return nil
	}
	way, failed := v.global(ctx, "DIALWARDEN_WAY")
	if failed != nil {
		return failed
	}
	var all []Finding
	asked := false
	for _, name := range []string{"DIALWARDEN_AGI", "DIALWARDEN_AGI_2"} {
		value, failed := v.global(ctx, name)
		switch {
		case failed != nil:
			return failed
		case value != "":
			asked = asked || name == "DIALWARDEN_AGI"
			all = append(all, v.answers(ctx, name, value))
		}
	}
	switch {
	case !asked && way == "agi":
		return only(Wrong, "DIALWARDEN_WAY=agi, and DIALWARDEN_AGI is not set: nobody is asked, and all calls but emergency calls are refused.",
			setGlobal("DIALWARDEN_AGI", "agi://"+v.agiAddress())...)
	case !asked && len(all) > 0:
		return only(Wrong, "DIALWARDEN_AGI_2 is set and DIALWARDEN_AGI is not: FastAGI is not used.", setGlobal("DIALWARDEN_AGI", "agi://"+v.agiAddress())...)
	case !asked:
		return fine("DIALWARDEN_AGI is not set: FastAGI is not used.")
	}
	running, err := v.asterisk.Modules(ctx)
	if err != nil {
		return append(unasked("its modules", err), all...)
	}
	for _, m := range fastAGIModules {
		if !running[m] {
			all = append(all, found(Wrong, fmt.Sprintf("Asterisk has not loaded %s, needed for FastAGI, and DIALWARDEN_AGI is set.", m),
				fmt.Sprintf("asterisk -rx 'module load %s.so'", m), "modules.conf: take out the noload line that names it, or add load = "+m+".so where it says autoload = no"))
		}
	}
	return all
}

// agiAddress is where the daemon of this configuration serves FastAGI, or would by default.
func (v *visit) agiAddress() string {
	if a := v.Config.AGI.Listen; a != "" {
		return a
	}
	return "127.0.0.1:" + agiPort
}

// answers looks whether a connection can be had at the address that a variable of [globals] holds. Nothing is sent over it.
func (v *visit) answers(ctx context.Context, name, value string) Finding {
	u, err := url.Parse(value)
	if err == nil && u.Scheme == "hagi" {
		return found(Note, fmt.Sprintf("%s=%s: DNS says where that is, and it is not tried.", name, value), "dig +short SRV _agi._tcp."+u.Hostname())
	}
	if err != nil || u.Scheme != "agi" || u.Hostname() == "" || value != "agi://"+u.Host {
		return found(Wrong, fmt.Sprintf("%s=%s is not agi://HOST:PORT: nobody is asked over FastAGI.", name, value), setGlobal(name, "agi://"+v.agiAddress())...)
	}
	port := u.Port()
	if port == "" {
		port = agiPort
	}
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return found(Wrong, fmt.Sprintf("%s=%s, and nobody answers there: %v. With ARI away, or with DIALWARDEN_WAY=agi, all calls but emergency calls are refused.", name, value, err),
			append([]string{"Is the daemon of that address running? journalctl -u dialwarden | grep -i fastagi", fmt.Sprintf("%s: agi.listen, which is %q, and the variable must name the same address", v.Config.File, v.Config.AGI.Listen)},
				setGlobal(name, "agi://"+v.agiAddress())...)...)
	}
	_ = conn.Close()
	return found(OK, fmt.Sprintf("%s=%s, and somebody answers there.", name, value))
}
