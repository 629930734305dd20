#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Keeps the place of a bare system: a directory, and namespaces (mounts, processes) whose first process waits.
# Prints "DIRECTORY PID" and holds both until its standard input is closed, which also happens when the process
# that started it is killed. Then everything goes: processes, mounts, directory.
# Usage: keeper.sh FOLDER   (in which the directory is made)
set -u
directory=$(mktemp -d "$1/ccm-platform.XXXXXX") || exit
mkdir "$directory/root"
holder=

clear_away() {
    trap '' EXIT HUP INT TERM
    # The first process takes all others of its namespace along, and with the last one the mounts end.
    { [[ ! -s $directory/first ]] || kill -KILL "$(<"$directory/first")"; } 2>/dev/null
    [[ -z $holder ]] || wait "$holder" 2>/dev/null
    # A process that ends has its files open for a moment longer.
    for _ in {1..50}; do
        rm -rf "$directory" 2>/dev/null && break
        sleep 0.1
    done
}
trap clear_away EXIT
trap 'exit 143' HUP INT TERM

# Those who enter mount what they need; outside nobody sees that.
# shellcheck disable=SC2016 # the inner shell is to expand its own
unshare --mount --pid --fork --kill-child sh -euc '
    mount --make-rprivate /
    read -r pid rest < /proc/self/stat # of the namespace around
    echo "$pid" > "$1/first"
    exec env --ignore-signal=CHLD sleep infinity
' sh "$directory" </dev/null >/dev/null 2>"$directory/said" &
holder=$!
until [[ -s $directory/first ]]; do
    kill -0 "$holder" 2>/dev/null || { cat "$directory/said" >&2; exit 1; }
    sleep 0.05
done
echo "$directory $(<"$directory/first")"
while read -r _; do :; done
