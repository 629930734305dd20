# SPDX-License-Identifier: Apache-2.0
"""The vendor's SDK for Node, installed from the versions pinned in tests/support/vendor-sdk."""

import configparser
import json
import os
import subprocess

from . import npm

SENDER = npm.SUPPORT / "vendor-sdk" / "send_requests.js"


def install():
    """Directory whose node_modules holds the SDK."""
    return npm.install("vendor-sdk")


def ask(home, facts, wishes):
    """The answers to `wishes` (method, path, query, pathParams, headers, data), which the SDK below `home` signs
    and sends to the SCM of the emulator with these facts."""
    filled = [{"query": {}, "pathParams": {}, "headers": {}, "data": {}, **wish} for wish in wishes]
    profile = configparser.ConfigParser()
    profile.read(facts["credentials_file"])
    command = ["node", str(SENDER), str(home), facts["scm"],
               profile["global"]["ak"], profile["global"]["sk"], facts["domain_id"]]
    done = subprocess.run(
        command, input="".join(json.dumps(wish) + "\n" for wish in filled), text=True, timeout=240,
        capture_output=True, check=False, env={**os.environ, "NODE_EXTRA_CA_CERTS": facts["ca_file"]})
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(answers) == len(wishes), done.stdout[-2000:]
    return answers
