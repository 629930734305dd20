# SPDX-License-Identifier: Apache-2.0
"""`cmake --install` on the running system."""

import os
import subprocess

import pytest
from lab import place

# On a system whose /etc forgets everything, so that the account and what is put there stay here.
SCRIPT = """
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc
sed -i /^ccm:/d /etc/passwd /etc/shadow /etc/group /etc/gshadow
! getent passwd ccm
cmake --install "$2" --prefix "$1/prefix" >/dev/null
getent passwd ccm
test -x "$1/prefix/lib/ccm/ccm-agent"
grep '^u ccm ' "$1/prefix/lib/sysusers.d/ccm.conf" >/dev/null
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes accounts")
def test_installing_makes_the_account_of_the_agent(scratch):
    done = subprocess.run(["unshare", "--mount", "--propagation", "private",
                           "sh", "-ec", SCRIPT, "sh", scratch, place.build_directory()],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    name, _, user, _, _, home, shell = done.stdout.strip().split(":")
    assert (name, home, shell) == ("ccm", "/nonexistent", "/usr/sbin/nologin") and int(user) < 1000
