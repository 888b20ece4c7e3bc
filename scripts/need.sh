#!/usr/bin/env bash
# Installs the Debian packages that are missing: scripts/need.sh gcc git …
# Says nothing when everything is there. Needs apt and root only when something is missing.
set -euo pipefail

# present PACKAGE: is what we want of the package there, from wherever it came?
present() {
	case $1 in
	libc6-dev) [ -e /usr/include/stdio.h ] ;;
	ca-certificates) [ -s /etc/ssl/certs/ca-certificates.crt ] || [ -n "${SSL_CERT_FILE:-}" ] ;;
	debian-archive-keyring) [ -s /usr/share/keyrings/debian-archive-keyring.gpg ] ;;
	debootstrap) command -v debootstrap >/dev/null || [ -x /usr/sbin/debootstrap ] ;;
	util-linux) command -v flock >/dev/null && command -v setsid >/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

missing=()
for package in "$@"; do
	present "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "need.sh: missing: ${missing[*]}; there is no apt-get here, so please install them by hand" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "need.sh: missing: ${missing[*]}; run as root: apt-get install ${missing[*]}" >&2
	exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -q -o DPkg::Lock::Timeout=600 -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3)

echo "installing ${missing[*]} with apt-get …" >&2
if ! { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
	echo "need.sh: apt-get could not install ${missing[*]}; its last lines:" >&2
	tail -n 20 "$log" >&2
	exit 1
fi
for package in "${missing[@]}"; do
	present "$package" || { echo "need.sh: $package was installed, but what it should bring is still missing" >&2; exit 1; }
done
echo "installed ${missing[*]}" >&2
