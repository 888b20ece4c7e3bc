#!/usr/bin/env bash
# Makes a file tree with a real Asterisk 22 in it, for the demo, the tests and the benchmark, and prints its path as
# the last line of standard output. Progress goes to standard error. A second run finds the tree and is instant.
#
#   ASTERISK_ROOT=DIR   use the Asterisk in this tree instead (/ for the one installed on this machine): it is only
#                       checked, never changed. It must be Asterisk 18 or newer with the modules of
#                       internal/lab/modules.txt.
#   XDG_CACHE_HOME      where the tree goes: $XDG_CACHE_HOME/dialwarden/asterisk-22 (default ~/.cache)
#   DEBIAN_MIRROR       the mirror to install from; by default the one that apt uses already
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
modules=$here/../internal/lab/modules.txt
suite=forky # the Debian release that has Asterisk 22
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dialwarden
dir=$cache/asterisk-22
log=$cache/asterisk-root.log
began=$SECONDS
PATH=$PATH:/usr/sbin:/sbin

say() { printf '%s\n' "asterisk-root: $*" >&2; }
die() { say "$*"; exit 1; }

# enter ROOT COMMAND…: runs the command inside the tree.
enter() {
	local root=$1
	shift
	if [ "$root" = / ]; then "$@"; else chroot "$root" "$@"; fi
}

# module_dir ROOT: prints where the tree keeps Asterisk's modules.
module_dir() {
	local configured found
	configured=$(sed -n 's/^[[:space:]]*astmoddir[[:space:]]*=>*[[:space:]]*\([^[:space:];]*\).*/\1/p' \
		"$1/etc/asterisk/asterisk.conf" 2>/dev/null | tail -n 1)
	for found in "${configured:+$1$configured}" "$1"/usr/lib/*/asterisk/modules "$1"/usr/lib/asterisk/modules \
		"$1"/usr/lib64/asterisk/modules "$1"/usr/local/lib/asterisk/modules; do
		if [ -n "$found" ] && [ -e "$found/pbx_config.so" ]; then
			echo "$found"
			return
		fi
	done
	return 1
}

# check ROOT: says what keeps us from using the tree, or nothing.
check() {
	local root=$1 version major mods missing=() module kind
	[ -d "$root" ] || { echo "there is no directory $root"; return; }
	[ "$root" = / ] || [ "$(id -u)" = 0 ] || { echo "only root may chroot into $root"; return; }
	version=$(enter "$root" /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin asterisk -V 2>/dev/null) ||
		{ echo "there is no runnable asterisk in $root"; return; }
	major=$(grep -oE '[0-9]+' <<<"$version" | head -n 1)
	[ "${major:-0}" -ge 18 ] || { echo "$version in $root is too old: 18 or newer is needed"; return; }
	mods=$(module_dir "${root%/}") || { echo "Asterisk's module directory was not found in $root"; return; }
	while read -r module kind; do
		[ "$kind" = needed ] || continue
		[ -e "$mods/$module.so" ] || missing+=("$module.so")
	done < <(sed 's/#.*//' "$modules")
	[ ${#missing[@]} = 0 ] || echo "$version in $root lacks modules that Dialwarden needs: ${missing[*]} (looked in $mods)"
}

# mirror: prints the address of the Debian mirror that apt uses here. apt itself reads its sources, so that both
# formats, options, folded lines and disabled entries are understood.
mirror() {
	local codename uri release component origin label file
	[ -z "${DEBIAN_MIRROR:-}" ] || { echo "$DEBIAN_MIRROR"; return; }
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	while IFS='|' read -r uri release component origin label; do
		[ "$component" = main ] && [ "$label" != Debian-Security ] || continue
		case $release in "$codename" | oldstable | stable | testing | unstable | sid) ;; *) continue ;; esac
		[ -z "$origin" ] || [ "$origin" = Debian ] || continue
		case $uri in mirror+file:*) # a list of mirrors, best first
			file=${uri#mirror+file:} file=${file%/}
			uri=$(sed 's/[[:space:]#].*//; /^$/d' "/${file##/}" | head -n 1) ;;
		esac
		echo "${uri%/}"
		return
	done < <(apt-get indextargets --format '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(LABEL)' 'Created-By: Packages')
	return 1
}

# step TITLE COMMAND…: runs the command with its output in the log, showing that it is alive; on failure shows the
# end of the log and stops.
child=
step() {
	local title=$1 start=$SECONDS shown=0 spent
	shift
	printf '\n== %s: %s\n' "$title" "$*" >>"$log"
	say "$title …"
	setsid "$@" >>"$log" 2>&1 </dev/null &
	child=$!
	while kill -0 "$child" 2>/dev/null; do
		sleep 0.5
		spent=$((SECONDS - start))
		if [ -t 2 ]; then
			printf '\r\033[K  %3d s  %.100s' "$spent" "$(tail -n 1 "$log" | tr -dc '[:print:]')" >&2
		elif [ $((spent - shown)) -ge 10 ]; then
			shown=$spent
			say "  $spent s: $(tail -n 1 "$log" | tr -dc '[:print:]' | cut -c 1-100)"
		fi
	done
	[ ! -t 2 ] || printf '\r\033[K' >&2
	if ! wait "$child"; then
		child=
		say "failed: $title. The end of $log:"
		tail -n 25 "$log" >&2
		exit 1
	fi
	child=
	say "  done in $((SECONDS - start)) s"
}

# discard DIR: removes a half-made tree and whatever a cut-off run left mounted in it.
discard() {
	local mounted
	[ -e "$1" ] || return 0
	while read -r mounted; do
		umount -l "$mounted" || die "cannot unmount $mounted, left by a run that was cut off"
	done < <(awk -v dir="$1/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort -r)
	rm -rf --one-file-system "$1"
}

build() {
	local tmp=$dir.tmp url script=/usr/share/debootstrap/scripts/$suite in_tree include=
	: >"$log"
	discard "$tmp"
	step "Reading the package lists" apt-get -q -o DPkg::Lock::Timeout=600 -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3 update
	"$here/need.sh" debootstrap debian-archive-keyring util-linux
	url=$(mirror) || die "apt's sources name no Debian mirror; set DEBIAN_MIRROR to one that has $suite"
	[ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid # an older debootstrap does not know the name
	eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
	export http_proxy https_proxy
	case $url in https:*) include=--include=ca-certificates ;; esac

	step "Installing a minimal Debian $suite (about 20 s)" \
		debootstrap --variant=minbase $include "$suite" "$tmp" "$url" "$script"
	printf '#!/bin/sh\nexit 101\n' >"$tmp/usr/sbin/policy-rc.d" # start no services
	chmod 755 "$tmp/usr/sbin/policy-rc.d"
	cp /etc/resolv.conf /etc/hosts "$tmp/etc/"
	if [ -n "$include" ]; then cp -L /etc/ssl/certs/ca-certificates.crt "$tmp/etc/ssl/certs/"; fi
	in_tree=(chroot "$tmp" /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive
		apt-get -q -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3)
	step "Reading the package lists of $suite" "${in_tree[@]}" update
	step "Installing Asterisk and its English prompts (about 10 s)" \
		"${in_tree[@]}" install -y --no-install-recommends asterisk asterisk-core-sounds-en
	step "Cleaning up" "${in_tree[@]}" clean
	rm -rf "$tmp"/var/lib/apt/lists/*

	# Without a name server that answers, Asterisk's calls freeze for seconds: let it ask none, and know itself.
	: >"$tmp/etc/resolv.conf"
	printf '127.0.0.1 localhost %s\n' "$(hostname)" >"$tmp/etc/hosts"

	local fault
	fault=$(check "$tmp")
	[ -z "$fault" ] || die "the tree was made, but cannot be used: $fault"
	mv -T "$tmp" "$dir"
}

if [ -n "${ASTERISK_ROOT:-}" ]; then
	fault=$(check "$ASTERISK_ROOT")
	[ -z "$fault" ] || die "ASTERISK_ROOT: $fault"
	echo "$ASTERISK_ROOT"
	exit 0
fi
if [ -d "$dir" ]; then
	echo "$dir"
	exit 0
fi
command -v apt-get >/dev/null ||
	die "this needs Debian's apt-get; with Asterisk 18 or newer installed here, say ASTERISK_ROOT=/ instead"
[ "$(id -u)" = 0 ] || die "run this as root: it makes a chroot in $dir; or say ASTERISK_ROOT=/ to use an installed Asterisk"
"$here/need.sh" util-linux
mkdir -p "$cache"
trap '[ -z "$child" ] || kill -TERM -- "-$child" 2>/dev/null' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

exec 9>"$cache/asterisk-root.lock"
if ! flock -n 9; then
	say "another run is making the tree; waiting for it"
	flock 9
fi
if [ ! -d "$dir" ]; then
	build
	say "Asterisk is ready: $(chroot "$dir" asterisk -V), $((SECONDS - began)) s in all"
fi
echo "$dir"
