# SPDX-License-Identifier: Apache-2.0
"""A real etcd of several members on free loopback ports, and what a test asks it."""

import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import urllib.request

from .authority import Authority
from .links import CUT, OPEN, Link
from .net import free_port
from .waiting import wait_until

PROGRAM = pathlib.Path("/usr/bin/etcd")
CONTROL = pathlib.Path("/usr/bin/etcdctl")
MEMORY = "/dev/shm"


def port_of(url):
    return int(url.rsplit(":", 1)[1])


def decoded(page):
    return {base64.b64decode(item["key"]).decode(): base64.b64decode(item.get("value", ""))
            for item in page.get("kvs", [])}


class Etcd:
    def __init__(self, directory, members=3):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        # In memory: a busy disk would look like a member that has gone.
        in_memory = MEMORY if os.access(MEMORY, os.W_OK) else None
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="ccm-etcd-", dir=in_memory))
        self.endpoints = [f"http://127.0.0.1:{free_port()}" for _ in range(members)]
        self.peers = [f"http://127.0.0.1:{free_port()}" for _ in range(members)]
        self.found_at = self.peers  # where the other members look for each
        self.members = [None] * members
        self.options = []  # of every member

    def __enter__(self):
        try:
            return self.start()
        except BaseException:  # whoever interrupts it gets no __exit__
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def start(self):
        for member in range(len(self.members)):
            self.start_member(member)
        wait_until(self.answers, "an etcd that answers")
        return self

    def stop(self):
        for member in range(len(self.members)):
            self.kill_member(member)

    def start_member(self, member):
        cluster = ",".join(f"m{number}={peer}" for number, peer in enumerate(self.found_at))
        command = [PROGRAM, "--name", f"m{member}", "--data-dir", self.data / f"m{member}",
                   "--listen-client-urls", self.endpoints[member], "--advertise-client-urls", self.endpoints[member],
                   "--listen-peer-urls", self.peers[member], "--initial-advertise-peer-urls", self.found_at[member],
                   "--initial-cluster", cluster, "--initial-cluster-token", self.directory.parent.name,
                   "--unsafe-no-fsync", "--heartbeat-interval", "50", "--election-timeout", "500",
                   "--logger", "zap", "--log-level", "fatal", *self.options]
        with open(self.directory / f"m{member}.log", "ab") as log:
            self.members[member] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill_member(self, member):
        process, self.members[member] = self.members[member], None
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=20)

    def pause_member(self, member):
        """It keeps its connections and says nothing until it goes on."""
        self.members[member].send_signal(signal.SIGSTOP)

    def resume_member(self, member):
        self.members[member].send_signal(signal.SIGCONT)

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
        return decoded(self.call("kv/range", {"key": "AA==", "range_end": "AA=="}))

    def put(self, key, value):
        """As somebody who may write to it."""
        self.call("kv/put", {"key": base64.b64encode(key.encode()).decode(),
                             "value": base64.b64encode(value).decode()})

    def delete(self, key):
        self.call("kv/deleterange", {"key": base64.b64encode(key.encode()).decode()})


class SecureEtcd(Etcd):
    """One with certificates on both sides, and with users from lock() on. The test writes `files` for its clients."""

    def __init__(self, directory, members=3):
        super().__init__(directory, members)
        self.endpoints = [url.replace("http:", "https:") for url in self.endpoints]
        authority = Authority()
        self.files = {"ca": authority.trust(), "login": "fleet:s3cret\n"}
        for who in ("etcd", "client"):
            issued = authority.issue_for_etcd()
            self.files[who] = (issued.pem() + issued.chain_pem()).decode()
            self.files[f"{who}.key"] = issued.key_pem().decode()
        for name, text in self.files.items():
            path = self.directory / name
            path.touch(mode=0o600)
            path.write_text(text)
        # A cheap hash of the passwords: each log-in costs one.
        self.options = ["--cert-file", self.directory / "etcd", "--key-file", self.directory / "etcd.key",
                        "--client-cert-auth", "--trusted-ca-file", self.directory / "ca", "--bcrypt-cost", "4"]

    def words(self):
        """How clients are told, in a configuration or on a command line."""
        names = {"ca": "ca", "certificate": "client", "certificate_key": "client.key", "login": "login"}
        return {word: self.directory / name for word, name in names.items()}

    def control(self, *words, user="root:root", text=""):
        """What etcdctl says, given `text` to read; False when it fails."""
        login = ["--user", user] if self.is_locked else []
        command = [CONTROL, "--endpoints", ",".join(self.endpoints), "--cacert", self.directory / "ca",
                   "--cert", self.directory / "client", "--key", self.directory / "client.key", *login, *words]
        try:
            done = subprocess.run(command, env={"ETCDCTL_API": "3", "PATH": "/usr/bin:/bin"}, input=text,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=15, check=False)
        except subprocess.TimeoutExpired:  # a log-in waits for as long as a member does not answer
            return False
        return done.returncode == 0 and done.stdout

    is_locked = False

    def answers(self):
        return self.control("get", "x") is not False

    def values(self):
        said = self.control("get", "", "--from-key", "-w", "json")
        assert said is not False, "etcd does not tell what it has"
        return decoded(json.loads(said))

    def lock(self, prefix):
        """Turns the authentication on; the fleet's user may only what begins with `prefix`."""
        for words in (("user", "add", "root:root"), ("role", "add", "root"), ("user", "grant-role", "root", "root"),
                      ("user", "add", "fleet:s3cret"), ("role", "add", "fleet"),
                      ("role", "grant-permission", "fleet", "--prefix=true", "readwrite", prefix),
                      ("user", "grant-role", "fleet", "fleet"), ("auth", "enable")):
            assert self.control(*words) is not False, words
        self.is_locked = True


class PartedEtcd(SecureEtcd):
    """One whose members reach each other through links, so that a network can part them."""

    def __init__(self, directory, members=3):
        super().__init__(directory, members)
        self.links = [Link(port_of(url)) for url in self.peers]
        self.found_at = [f"http://127.0.0.1:{link.port}" for link in self.links]

    def close(self):
        super().close()
        for link in self.links:
            link.close()

    def part(self, member):
        """Nothing of the other members reaches it, and nothing of its own reaches them."""
        pid = self.members[member].pid
        for number, link in enumerate(self.links):
            link.set(CUT) if number == member else link.set(OPEN, refused=pid)

    def join(self):
        for link in self.links:
            link.set(OPEN)
