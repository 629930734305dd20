# SPDX-License-Identifier: Apache-2.0
"""A web server (ccm-agent-probe) and its agent in a place of their own."""

import os
import pathlib
import queue
import shutil
import subprocess
import threading

from lab import place, processes
from lab.waiting import wait_until


class Server:
    """One running probe with its agent: kill() is the death of the server, close() its reload."""

    def __init__(self, settings, error_log):
        self.error_log = error_log
        self.process = subprocess.Popen(
            [place.program("ccm-agent-probe"), place.program("ccm-agent"), str(settings), str(error_log)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            # A secret in the server's environment must not travel on.
            env={**os.environ, "HUAWEICLOUD_SDK_SK": "sk-of-the-environment"})
        self.served = {}
        self.history = []
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.monitor = int(self._lines.get(timeout=30).split()[1])

    def _read(self):
        for line in self.process.stdout:
            words = line.split()
            if words[0] == "served":
                self.served[words[1]] = (words[2], words[3])
                self.history.append((words[1], words[2], words[3]))
            else:
                self._lines.put(line)

    def family(self):
        """Everything that was started for the server and lives."""
        return [pid for pid in processes.pids()
                if processes.session(pid) == self.monitor and processes.is_alive(pid)]

    def member(self, command):
        """The pid of the one of them with this name, or None."""
        ours = set(self.family()) & set(processes.named(command))
        # The program's own name, until the monitor has given itself another.
        return next(iter(ours - {self.monitor} if command == "ccm-agent" else ours), None)

    def agent(self):
        """The pid of the agent proper, or None."""
        return self.member("ccm-agent")

    def wait_for_agent(self, but_not=None):
        return wait_until(lambda: (self.agent() != but_not) and self.agent(), "an agent")

    def serial(self, name):
        """The serial of the real certificate that is served, or None."""
        serial, kind = self.served.get(name, (None, None))
        return serial if kind == "certificate" else None

    def wait_for_certificate(self, name, but_not=None):
        try:
            return wait_until(lambda: self.serial(name) != but_not and self.serial(name),
                              f"a certificate for {name}")
        except AssertionError as error:
            raise AssertionError(f"{error}; log:\n{self.log()}") from None

    def log(self):
        return pathlib.Path(self.error_log).read_text(encoding="utf-8")

    def wait_for_log(self, text, timeout=30.0):
        return wait_until(lambda: text in self.log() and self.log(), f"{text!r} in the log", timeout)

    def close(self):
        """Until its monitor has ended, and with it the agent: nobody leads by then."""
        self.process.stdin.close()
        self.process.wait(timeout=20)
        wait_until(lambda: not self.family(), "the end of the monitor")

    def kill_family(self):
        """Kills everything that was started for the server, which goes on."""
        ours = self.family()
        for pid in ours:
            processes.kill(pid)
        wait_until(lambda: not any(map(processes.is_alive, ours)), "the end of monitor and agent")

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=20)


class Place:
    """A directory with settings, credentials and store; servers are started in it."""

    def __init__(self, path, facts, user=None):
        self.path = path
        self.facts = facts
        self.state = path / "state"
        self.credentials = path / "credentials"
        self.user = user
        self.servers = []
        self._certificates = []
        shutil.copy(facts["credentials_file"], self.credentials)
        self.credentials.chmod(0o600)

    def add_certificate(self, name, *directives):
        self._certificates.append((name, directives))

    def remove_certificate(self, name):
        self._certificates = [each for each in self._certificates if each[0] != name]

    def settings(self):
        lines = [
            f"state_path {self.state}",
            f"credentials file={self.credentials}",
            f"scm_endpoint {self.facts['scm']}",
            f"pca_endpoint {self.facts['pca']}",
            f"iam_endpoint {self.facts['iam']}",
            f"ssl_trusted_certificate {self.facts['ca_file']}",
            "check_interval 1h",
        ]
        if self.user:
            lines.append(f"user {self.user}")
        for name, directives in self._certificates:
            lines.append(f"certificate {name}")
            lines.extend(f"  {directive}" for directive in directives)
        return "\n".join(lines) + "\n"

    def settings_file(self):
        """What the agent of the newest server has left for ccmctl; None before."""
        files = [path for path in self.state.glob("settings-nginx-*") if ".tmp-" not in path.name]
        return max(files, key=lambda path: path.stat().st_mtime_ns, default=None)

    def start(self):
        number = len(self.servers)
        settings = self.path / f"settings-{number}"
        settings.write_text(self.settings(), encoding="utf-8")
        error_log = self.path / f"error-{number}.log"
        error_log.touch()
        self.servers.append(Server(settings, error_log))
        return self.servers[-1]

    def stop(self):
        for server in self.servers:
            if server.process.poll() is None:
                server.kill()
