#!/bin/sh
# Puts the site's own files and Dialwarden's fragments together in Asterisk's directory, readable by Asterisk only (one
# holds a password), and its prompts among Asterisk's sounds, and becomes Asterisk.
set -eu
etc=${ETC:-/etc/asterisk}
own=${OWN:-/own}
fragments=${FRAGMENTS:-/site/dialplan}
sounds=${SOUNDS:-/usr/share/asterisk/sounds}
if [ ! -e "$fragments/ari_dialwarden.conf" ]; then
	echo "no Dialwarden fragments in $fragments: run the service \"init\" first (see docker/README.md)" >&2
	exit 1
fi
cp "$own"/*.conf "$fragments"/*.conf "$etc/"
chown -R asterisk:asterisk "$etc"
chmod 0600 "$etc"/*.conf
for language in en zh; do
	mkdir -p "$sounds/$language"
	cp -r "$fragments/sounds/$language/dialwarden" "$sounds/$language/"
	chmod -R a+rX "$sounds/$language/dialwarden"
done
exec asterisk -f -U asterisk -G asterisk -C "$etc/asterisk.conf"
