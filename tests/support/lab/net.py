# SPDX-License-Identifier: Apache-2.0
"""Free loopback ports that no other test of this machine takes at the same time."""

import random
import socket

# Below Linux's ephemeral range, so that no outgoing connection sits on a port we picked.
_FIRST, _LAST = 20000, 32000
_held = []


def free_port():
    """A port that is free and stays ours: an abstract socket of its name is held till we exit."""
    while True:
        port = random.randint(_FIRST, _LAST)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0ccm-lab-port-{port}")
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _held.append(claim)
        return port
