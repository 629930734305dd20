# SPDX-License-Identifier: Apache-2.0
"""Copies of a store that is in use."""

import shutil
import subprocess

from .waiting import wait_until


def copy(source, target):
    """With owners and modes. A file may go while it is copied, as those do that the agent is writing: then anew."""

    def is_copied():
        if target.exists():
            shutil.rmtree(target)
        return subprocess.run(["cp", "--archive", source, target], capture_output=True, check=False).returncode == 0

    wait_until(is_copied, f"a copy of {source}")
