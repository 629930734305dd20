# SPDX-License-Identifier: Apache-2.0
"""ccmctl as a person or a script runs it."""

import json
import os
import subprocess

from lab import place


class Ended:
    def __init__(self, process):
        self.status = process.returncode
        self.out = process.stdout.decode()
        self.err = process.stderr.decode()

    @property
    def json(self):
        assert self.status == 0, self
        return json.loads(self.out)

    def __repr__(self):
        return f"exit status {self.status}\n{self.out}\n{self.err}"


def run(*words, data=None, cwd=None, environment=None):
    """ccmctl with these arguments and nothing of ours in its environment."""
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(environment or {})}
    return Ended(subprocess.run(
        [place.program("ccmctl"), *map(str, words)], input=data or b"", env=clean, cwd=cwd,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, timeout=120,
        check=False))


class Ctl:
    def __init__(self, facts, state):
        self.options = ["--state-dir", state, "--credentials", facts["credentials_file"],
                        "--region", facts["project_name"], "--ca-file", facts["ca_file"]]
        for service in ("iam", "scm", "pca", "sts"):
            self.options += [f"--{service}-endpoint", facts[service]]
        self.options += ["--apig-endpoint", facts.get("apig", facts["scm"])]

    def __call__(self, *words, **more):
        # What a test says itself comes last and wins.
        return run(*self.options, *words, **more)

    def json(self, *words, **more):
        return self("--json", *words, **more).json

    def ok(self, *words, **more):
        ended = self(*words, **more)
        assert ended.status == 0, ended
        return ended
