#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: packages.sh FOLDER
# The life of the packages in FOLDER on a bare system that is nobody else's, without a network: installed beside the
# stock servers, upgraded, removed, purged. Everything that apt needs is in its archives already. Ends at the first thing
# that is not as it should be.
set -euo pipefail
folder=$1
tests=$(dirname "$0")/../../packaging/debian/tests
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

step() { printf '\n### %s\n' "$*"; }
is() { [[ $1 == "$2" ]] || { echo "is: $1" >&2; echo "not: $2" >&2; exit 1; }; }
has() { grep -qE -- "$2" <<<"$1" || { printf '%s\n' "$1" >&2; echo "lacks: $2" >&2; exit 1; }; }
gone() { [[ ! -e $1 && ! -L $1 ]] || { echo "$1 is still there" >&2; exit 1; }; }
apt() { apt-get -q -y --no-install-recommends "$@" 2>&1 | tr -d '\r'; }
get() { apt install "$@"; } # no --no-download: apt cannot do that with files
newest() { for name in "${@:2}"; do echo "$1"/"${name}"_[0-9]*.deb; done; }
shown() {
    openssl s_client -connect 127.0.0.1:443 -servername app.intra.example -CAfile /etc/ccm/pca-root.pem \
        -verify_return_error </dev/null 2>/dev/null | openssl x509 -noout -serial
}
loaded() { grep -h "$2" /proc/"$(pgrep -o -x "$1")"/maps | sed 's,.* /,/,' | sort -u; }

# Without an init system Debian's scripts touch no service unless they are told that they may.
printf '#!/bin/sh\nexit 0\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d

step "the packages again, with a higher version"
newer=$(mktemp -d)
chmod 755 "$newer"
for package in "$folder"/*.deb; do
    [[ $package != *-dbgsym_* ]] || continue
    tree=$newer/tree
    dpkg-deb -R "$package" "$tree"
    version=$(sed -n 's/^Version: //p' "$tree/DEBIAN/control")
    sed -i "s/$version/$version.1/" "$tree/DEBIAN/control"
    dpkg-deb -Zxz -z1 --root-owner-group -b "$tree" "$newer/$(basename "${package/_$version/_$version.1}")" >/dev/null
    rm -r "$tree"
done

step "nginx"
get nginx
# shellcheck disable=SC2046 # several words each
get $(newest "$folder" ccm-agent ccmctl ccm-emulator libnginx-mod-ccm)
is "$(getent passwd ccm | cut -d: -f6,7)" /nonexistent:/usr/sbin/nologin
is "$(stat -c '%a %U %G' /var/lib/ccm)" "700 ccm ccm"
is "$(readlink /etc/nginx/modules-enabled/50-mod-ccm.conf)" /usr/share/nginx/modules-available/mod-ccm.conf
nginx -t
"$tests/command-line"
ccm-emulator --data /var/tmp/cloud >/var/tmp/cloud.ready &
export CCM_CLOUD=/var/tmp/cloud.ready
"$tests/serve" nginx
before=$(shown)

step "nginx: upgrade"
# shellcheck disable=SC2046
said=$(get $(newest "$newer" ccm-agent ccmctl ccm-emulator libnginx-mod-ccm))
has "$said" 'nginx still runs the old module'
has "$said" '/etc/init.d/nginx upgrade'
has "$(loaded nginx ngx_ccm_module)" 'deleted'
is "$(shown)" "$before"
old=$(pgrep -o -x nginx)
/etc/init.d/nginx upgrade
for _ in {1..100}; do [[ -e /proc/$old ]] || break; sleep 0.1; done
is "$(loaded nginx ngx_ccm_module)" /usr/lib/nginx/modules/ngx_ccm_module.so
is "$(shown)" "$before"
ccmctl renew intranet
before=$(shown)

step "nginx: removal"
said=$(apt remove libnginx-mod-ccm)
has "$said" 'nginx does not start without this module while there are ccm directives in'
has "$said" '^  /etc/nginx/modules-enabled/60-ccm.conf$'
has "$said" '^  /etc/nginx/conf.d/app.conf$'
has "$(nginx -t 2>&1 || true)" 'unknown directive "ccm"'
gone /etc/nginx/modules-enabled/50-mod-ccm.conf
rm /etc/nginx/modules-enabled/60-ccm.conf /etc/nginx/conf.d/app.conf
nginx -t
service nginx stop

step "Apache"
get apache2
# shellcheck disable=SC2046
get $(newest "$folder" libapache2-mod-ccm) --allow-downgrades $(newest "$folder" ccm-agent ccmctl)
has "$(a2query -m ccm)" enabled
has "$(a2query -m ssl)" enabled
apache2ctl configtest
"$tests/serve" apache2
before=$(shown)

step "Apache: upgrade"
# shellcheck disable=SC2046
get $(newest "$newer" ccm-agent ccmctl libapache2-mod-ccm)
for _ in {1..100}; do [[ $(shown) != "$before" ]] || break; sleep 0.1; done
is "$(shown)" "$before"
is "$(loaded apache2 mod_ccm)" /usr/lib/apache2/modules/mod_ccm.so

step "Apache: removal"
said=$(apt remove libapache2-mod-ccm)
has "$said" 'httpd does not start without this module while there are CCM directives in'
has "$said" '^  /etc/apache2/sites-enabled/app.conf$'
a2disconf ccm
a2dissite app
apache2ctl configtest
service apache2 stop

step "removal of all"
apt remove 'libnginx-mod-ccm' ccmctl ccm-agent
[[ -n $(ls /var/lib/ccm/certificates/intranet/current/privkey.pem) ]]
gone /usr/libexec/ccm

step "purge: keys stay when nobody was asked"
said=$(apt purge ccmctl ccm-agent libnginx-mod-ccm libapache2-mod-ccm)
has "$said" '/var/lib/ccm stays, because it holds private keys. To delete them: rm -r /var/lib/ccm'
[[ -n $(ls /var/lib/ccm/certificates/intranet/current/privkey.pem) ]]
gone /etc/apparmor.d/ccm-agent
gone /etc/nginx/modules-enabled/50-mod-ccm.conf.removed
gone /etc/apache2/mods-available/ccm.load
gone /etc/apache2/mods-enabled/ccm.load
nginx -t
apache2ctl configtest

step "purge: keys go when somebody said so"
# shellcheck disable=SC2046
get $(newest "$folder" ccm-agent)
is "$(stat -c '%a %U %G' /var/lib/ccm)" "700 ccm ccm"
echo 'ccm-agent ccm-agent/remove-store boolean true' | debconf-set-selections
apt purge ccm-agent
gone /var/lib/ccm

step "purge: an empty state directory goes"
# shellcheck disable=SC2046
get $(newest "$folder" ccm-agent)
apt purge ccm-agent
gone /var/lib/ccm

step "all is as it should be"
kill %1
