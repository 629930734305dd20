# SPDX-License-Identifier: Apache-2.0
"""The vendor's SDK core as a client that stays connected: one request a line, one answer a line."""

import json
import os
import subprocess

from lab import vendor_sdk


class VendorClient:
    def __init__(self, cloud):
        command = ["node", str(vendor_sdk.SENDER), str(vendor_sdk.install()), cloud.facts["scm"],
                   *cloud.credentials(), cloud.facts["domain_id"]]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "NODE_EXTRA_CA_CERTS": cloud.facts["ca_file"]})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()

    def send(self, wish):
        """(status, body); the body of a refusal has its code and message."""
        known = ("method", "path", "pathParams", "query", "headers")
        data = {} if wish["data"] is None else wish["data"]
        line = json.dumps({**{name: wish[name] for name in known}, "data": data})
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = ""
        while not answer.startswith("{"):
            answer = self.process.stdout.readline()
            assert answer, "the vendor's client ended"
        parsed = json.loads(answer)
        return parsed.get("status"), parsed.get("body") or parsed
