# SPDX-License-Identifier: Apache-2.0
"""How the tests of `ccmctl doctor` run it and read its findings."""

import json
import subprocess

import ccmctl
from lab.waiting import wait_until


def findings(ended):
    return json.loads(ended.out)["findings"]


def found(ended, subject, part=""):
    """The one finding about this whose sentence has this in it."""
    fitting = [each for each in findings(ended) if each["subject"] == subject and part in each["finding"]]
    assert len(fitting) == 1, (subject, part, ended)
    return fitting[0]


def sh(command):
    subprocess.run(["sh", "-c", command], check=True, timeout=60)


def write(path, content=b"x", mode=0o600):
    for parent in reversed(path.parents):
        if not parent.exists():
            parent.mkdir(mode=0o700)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def doctor(place, *words):
    return ccmctl.run("--state-dir", place.state, "--json", "doctor", *words)


def start(place):
    server = place.start()
    for name in ("www", "app"):
        server.wait_for_certificate(name)
    wait_until(lambda: "2 of 2" in doctor(place, "--offline").out, "both to be well")
    return server
