# SPDX-License-Identifier: Apache-2.0
"""ccmctl on a configured host."""

import os
import subprocess

from . import place


def run(state, *words, status=0):
    """Runs ccmctl and returns both outputs; the test fails unless it ends with this status (None: with any)."""
    done = subprocess.run([place.program("ccmctl"), "--state-dir", str(state), *map(str, words)],
                          env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    assert status is None or done.returncode == status, done.stdout
    return done.stdout
