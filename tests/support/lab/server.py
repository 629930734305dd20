# SPDX-License-Identifier: Apache-2.0
"""What every web server of the lab can do: be given certificates and sites, live, be looked at.

A test says which certificates and sites it wants and never a server's own directives; the adapter of
each server (lab.nginx, lab.apache) writes its configuration from them.
"""

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import signal

from . import place, processes, tls
from .waiting import wait_until


def replace_text(path, text):
    """As a whole or not at all: a server may be reading the file for the reload before."""
    written = path.with_name(path.name + ".new")
    written.write_text(text)
    written.replace(path)


def each_of(settings):
    """Key and value of every line; a directive that is given several times has a list of values."""
    for key, values in settings.items():
        for value in values if isinstance(values, list) else [values]:
            yield key, value


@dataclasses.dataclass
class Certificate:
    """A certificate block: `source` as in the configuration, and further directives by name."""

    name: str
    source: str
    names: tuple = ()
    settings: dict = dataclasses.field(default_factory=dict)

    def directives(self):
        given = {"source": self.source, **self.settings}
        if self.names:
            given["names"] = " ".join(self.names)
        return given


# Settings of a certificate of PCA that is due a second after it was issued, and again after each renewal.
ALWAYS_DUE = {"validity": "1h", "renew_before": "3599s"}


@dataclasses.dataclass
class Site:
    """A virtual host; `certificates` are names of blocks, or short forms such as "source=scm"."""

    port: int
    names: tuple
    certificates: tuple = ()
    default: bool = False
    http2: bool = False
    tcp: bool = True
    quic: bool = False  # HTTP/3, on the UDP port of that number; nginx only
    stream: bool = False
    static: tuple = ()  # files of a certificate and its key, instead of `certificates` or beside a catalogue
    extra: str = ""  # in the server's own language

    @property
    def name(self):
        return self.names[0]


def line_of(levels):
    """A pattern for the level of a line in any server's error log: `[error]`, `[ccm:error]`."""
    return rf"\[(?:\w+:)?(?:{levels})\]"


class Server:
    """The part that is the same for all servers. `user` runs the whole server, its master included.

    `own_module` gives the server files of its own, module and agent, which a test may replace.
    """

    unwanted = re.compile(line_of("emerg|alert|crit|error"))
    # Lines that clients cause by going away or by refusing our placeholder; no fault of the server.
    ordinary = re.compile(r"(?!)")
    # What the adapters say: the module's file name, the level that logs most, and the server's words
    # for a worker that was killed.
    module_name = most_verbose = killed_worker = ""
    reload_signal = graceful_stop_signal = reopen_signal = None

    def __init__(self, directory, *, user=None, own_module=False):
        self.directory = directory
        self.directory.mkdir(exist_ok=True)
        self.directory.chmod(0o711)
        if user is not None:
            shutil.chown(self.directory, user)
        self.user = user
        self.launcher = []  # a command before the server's, such as one that takes rights away
        self.own_module = own_module or user is not None
        self.documents = directory / "html"
        self.documents.mkdir(mode=0o755, exist_ok=True)
        self.error_log = directory / "error.log"
        self.pid_file = directory / "server.pid"
        self.process = None  # when it does not become a daemon
        self.workers_wanted = 1
        self.single = False  # the master serves, alone
        self._last_master = None
        # Who revokes for a test may be faster than the first question about the certificate.
        self.allowed = [re.compile(r"says that version \d+ was revoked")]

    # -- for the adapters ------------------------------------------------------------------------

    def built_module(self):
        return pathlib.Path(place.module(self.module_name))

    def module(self):
        """The module's path; for another user a copy, with the agent's, that the user can get at."""
        module = self.built_module()
        if not self.own_module:
            return module
        own = self.directory / "modules" / module.name
        if not own.exists():
            for folder, path in (("modules", module), ("bin", place.program("ccm-agent"))):
                (self.directory / folder).mkdir(mode=0o755)
                shutil.copy(path, self.directory / folder)
        return own

    def as_user(self, command):
        if self.user is not None:
            command = ["setpriv", "--reuid", self.user, "--regid", self.user, "--clear-groups", *command]
        return [*self.launcher, *command]

    def _replace_workers(self, number):
        before = set(self.workers())
        self.send(number)

        def replaced():
            now = set(self.workers())
            return len(now) >= self.workers_wanted and not before & now

        wait_until(replaced, "a new set of workers", timeout=60)

    def _end(self, number):
        master = self.master_pid() or self._last_master
        if master is None or str(self.directory) not in processes.command_line(master):
            return

        def has_ended():
            if self.process is not None:
                self.process.poll()
            return not processes.is_alive(master)

        # httpd forgets a signal that comes while it clears away its last configuration.
        for _ in range(4):
            processes.kill(master, number)
            with contextlib.suppress(AssertionError):
                wait_until(has_ended, "the end of the server", timeout=15)
        assert has_ended(), "the server does not end"

    # -- the processes ---------------------------------------------------------------------------

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        self.stop()
        if kind is None:
            self.check_log()

    def start(self):
        raise NotImplementedError

    def stop(self):
        """Ends the server at once."""
        self._end(signal.SIGTERM)

    def kill(self):
        """Kills the master, and its workers once monitor and agent have found out by themselves."""
        ours, workers, master = self.monitors() + self.agents(), self.workers(), self.master_pid()
        processes.kill(master)
        wait_until(lambda: not any(map(processes.is_alive, ours)), "the end of monitor and agent", timeout=20)
        # Workers go on without their master; that is the server's own affair.
        for worker in workers:
            processes.kill(worker)
        wait_until(lambda: not any(map(processes.is_alive, [master, *workers])), "the end of the server")

    def stop_gracefully(self):
        """Ends the server when its connections have ended, and waits for that."""
        self._end(self.graceful_stop_signal)

    def stop_gracefully_now(self):
        """Tells the server to end when its connections have ended, without waiting for anything."""
        self.send(self.graceful_stop_signal)

    def reload_now(self):
        """Asks the server to load its configuration anew, without waiting for anything."""
        self.send(self.reload_signal)

    def reload(self):
        """Loads the configuration anew, and waits until a new set of workers has taken over."""
        self._replace_workers(self.reload_signal)

    def reopen_log(self):
        """Has the server write to a new error log after the old one was renamed."""
        self.send(self.reopen_signal)
        wait_until(self.error_log.exists, "the new error log")

    def try_reload(self):
        """What an operator types, which looks at the configuration first: (success, what it said)."""
        raise NotImplementedError

    def send(self, number):
        os.kill(self.master_pid(), number)

    def master_pid(self):
        try:
            pid = int(self.pid_file.read_text())
        except (OSError, ValueError):
            return None
        if not processes.is_alive(pid):
            return None
        self._last_master = pid
        return pid

    def workers(self):
        """The worker processes that are not on their way out."""
        master = self.master_pid()
        if master is None:
            return []
        return [master] if self.single else self._workers_of(master)

    def _workers_of(self, master):
        raise NotImplementedError

    def monitors(self):
        """The master's monitors, and orphans whose standard error is this server's error log."""
        master, ours = self.master_pid(), str(self.directory) + "/"
        return [pid for pid in processes.named("ccm-monitor")
                if processes.parent(pid) == master or processes.descriptor(pid, 2).startswith(ours)]

    def agents(self):
        """The agents of this server's monitors."""
        monitors = self.monitors()
        return [pid for pid in processes.named("ccm-agent") if processes.parent(pid) in monitors]

    def wait_for_agent(self, but_not=()):
        """The one agent, once there is exactly one and it is none of `but_not`."""

        def single():
            agents = self.agents()
            return agents[0] if len(agents) == 1 and agents[0] not in but_not else None

        return wait_until(single, "a single agent")

    # -- what clients see ------------------------------------------------------------------------

    @staticmethod
    def show(site, context=None, name=None, **options):
        return tls.handshake(site.port, name or site.name, context, **options)

    def wait_for_certificate(self, site, trust, but_not=(), timeout=40.0):
        """The serial shown once a client that trusts `trust` accepts it and it is not `but_not`."""
        context = tls.context(trust)

        def shown():
            try:
                serial = self.show(site, context).serial
            except tls.HandshakeFailure:
                return None
            return serial if serial not in but_not else None

        return wait_until(shown, f"a trusted certificate for {site.name}", timeout)

    # -- the log as oracle -----------------------------------------------------------------------

    def log_text(self, since=0):
        try:
            with open(self.error_log, "rb") as log:
                log.seek(since)
                return log.read().decode(errors="replace")
        except OSError:
            return ""

    def log_size(self):
        """A mark for log_text and wait_for_log."""
        return self.error_log.stat().st_size if self.error_log.exists() else 0

    def wait_for_log(self, pattern, timeout=30.0, since=0, times=1):
        def seen():
            found = re.findall(pattern, self.log_text(since))
            return len(found) >= times and re.search(pattern, self.log_text(since))

        return wait_until(seen, f"{pattern!r} {times} times in the error log", timeout)

    def allow(self, pattern):
        """This test expects error lines that match the pattern."""
        self.allowed.append(re.compile(pattern))

    def unexpected_lines(self):
        return [line for line in self.log_text().splitlines()
                if self.unwanted.search(line) and not self.ordinary.search(line)
                and not any(pattern.search(line) for pattern in self.allowed)]

    def check_log(self):
        lines = self.unexpected_lines()
        assert not lines, "unexpected in the error log:\n" + "\n".join(lines[:20])
