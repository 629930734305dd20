# SPDX-License-Identifier: Apache-2.0
"""A real etcd of several members on free loopback ports, and what a test asks it."""

import base64
import json
import pathlib
import signal
import subprocess
import urllib.request

from .net import free_port
from .waiting import wait_until

PROGRAM = pathlib.Path("/usr/bin/etcd")


class Etcd:
    def __init__(self, directory, members=3):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self.endpoints = [f"http://127.0.0.1:{free_port()}" for _ in range(members)]
        self.peers = [f"http://127.0.0.1:{free_port()}" for _ in range(members)]
        self.members = [None] * members

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        for member in range(len(self.members)):
            self.start_member(member)
        wait_until(self.answers, "an etcd that answers")
        return self

    def stop(self):
        for member in range(len(self.members)):
            self.kill_member(member)

    def start_member(self, member):
        cluster = ",".join(f"m{number}={peer}" for number, peer in enumerate(self.peers))
        command = [PROGRAM, "--name", f"m{member}", "--data-dir", self.directory / f"m{member}",
                   "--listen-client-urls", self.endpoints[member], "--advertise-client-urls", self.endpoints[member],
                   "--listen-peer-urls", self.peers[member], "--initial-advertise-peer-urls", self.peers[member],
                   "--initial-cluster", cluster, "--initial-cluster-token", self.directory.parent.name,
                   "--unsafe-no-fsync", "--heartbeat-interval", "50", "--election-timeout", "500",
                   "--logger", "zap", "--log-level", "fatal"]
        with open(self.directory / f"m{member}.log", "ab") as log:
            self.members[member] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill_member(self, member):
        process, self.members[member] = self.members[member], None
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=20)

    def call(self, path, body):
        """What the first member that runs answers."""
        endpoint = next(url for url, process in zip(self.endpoints, self.members) if process)
        request = urllib.request.Request(f"{endpoint}/v3/{path}", data=json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def answers(self):
        try:
            return self.call("kv/range", {"key": base64.b64encode(b"x").decode()})
        except (OSError, StopIteration):
            return None

    def values(self):
        """Everything, by key."""
        whole = self.call("kv/range", {"key": "AA==", "range_end": "AA=="})
        return {base64.b64decode(item["key"]).decode(): base64.b64decode(item.get("value", ""))
                for item in whole.get("kvs", [])}
