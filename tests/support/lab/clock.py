# SPDX-License-Identifier: Apache-2.0
"""A wall clock of its own for the agent of a host, and for all that the agent's monitor forks."""

import pathlib
import shlex
import struct

from . import place


class HostClock:
    """`agent_path` is an agent that has this clock."""

    def __init__(self, directory):
        directory = pathlib.Path(directory)
        directory.mkdir(exist_ok=True)
        directory.chmod(0o711)
        self.file = directory / "clock"
        self.set(0)
        self.file.chmod(0o644)
        library, agent = place.program("ccm-shifted-clock.so"), place.program("ccm-agent")
        self.agent_path = directory / "agent"
        self.agent_path.write_text(f"#!/bin/sh\nexport LD_PRELOAD={shlex.quote(library)} "
                                   f"CCM_CLOCK_SHIFT={shlex.quote(str(self.file))}\n"
                                   f'exec {shlex.quote(agent)} "$@"\n')
        self.agent_path.chmod(0o755)

    def set(self, seconds):
        """By so many seconds it is ahead from now on. In place: the agents have the file mapped."""
        with open(self.file, "r+b" if self.file.exists() else "wb") as file:
            file.write(struct.pack("q", seconds))
