#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The first process of a sandbox, in namespaces of its own: makes the host's file system and network,
# starts the cloud in a network beside it, says "ready" and waits until its standard input is closed.
# Usage: host.sh ROOM LAYER EMULATOR ADDRESS NAME...
# ROOM holds root/ (the host, when this is done), talk/ (seen by the host as /run/page) and cloud/; LAYER what is
# different from this machine.
set -eu
room=$1 layer=$2 emulator=$3 address=$4
shift 4

mount --make-rprivate /
root=$room/root
mount -t tmpfs tmpfs "$root"
mkdir "$root/.changes" "$root/proc" "$root/dev"
overlay() { # folder, what it shows
    mkdir -p "$root/$1" "$root/.changes/$1/new" "$root/.changes/$1/work"
    mount -t overlay overlay "$root/$1" \
        -o "lowerdir=$2,upperdir=$root/.changes/$1/new,workdir=$root/.changes/$1/work"
}
overlay etc "$layer/etc:/etc"
overlay usr "$layer/usr:/usr"
overlay var /var
for each in bin sbin lib lib32 lib64 libx32; do
    if [ -L "/$each" ]; then cp -P "/$each" "$root/"; fi
done
for each in tmp run root home srv opt var/tmp; do
    mkdir -p "$root/$each"
    mount -t tmpfs tmpfs "$root/$each"
done
chmod 1777 "$root/tmp" "$root/var/tmp"
chmod 700 "$root/root"
chmod 755 "$root" "$root/run"
mkdir -m 1777 "$root/run/lock"
mkdir "$root/run/page"
mount --bind "$room/talk" "$root/run/page"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
rm -rf "$root/etc/ccm" "$root/var/lib/ccm" "$root/var/log/nginx" "$root/var/log/apache2"
install -d -m 755 "$root/var/log/nginx"
install -d -m 750 "$root/var/log/apache2"

ip link set lo up
ip link add eth0 type veth peer name cloud0
ip address add 203.0.113.1/24 dev eth0
ip link set eth0 up
for name in "$@"; do names="${names:-} --name $name"; done
# shellcheck disable=SC2086,SC2016 # the names are words; the inner shell is to expand its own
unshare --net sh -euc '
    ip link set lo up
    echo > "$1/namespace"
    until ip link show cloud0 > /dev/null 2>&1; do sleep 0.02; done
    ip address add "$3/24" dev cloud0
    ip address add 169.254.169.254/32 dev cloud0
    ip link set cloud0 up
    data=$1/cloud emulator=$2 address=$3
    shift 3
    exec "$emulator" --data "$data" --listen "$address:443" --listen 169.254.169.254:80 "$@"
' sh "$room" "$emulator" "$address" ${names:-} > "$room/cloud.json" 2> "$room/cloud.log" < /dev/null &
until [ -e "$room/namespace" ]; do sleep 0.02; done
ip link set cloud0 netns $!
until [ -s "$room/cloud.json" ]; do
    kill -0 $! || { cat "$room/cloud.log" >&2; exit 1; }
    sleep 0.02
done
echo ready
# Whoever is left to us is buried by the kernel; a shell does not ignore this signal although it is told to.
exec env --ignore-signal=CHLD cat > /dev/null
