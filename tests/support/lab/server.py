"""What every web server of the lab can do: be given certificates and sites, live, be looked at.

A test says which certificates and sites it wants and never a server's own directives; the adapter of
each server (lab.nginx) writes its configuration from them.
"""

import dataclasses
import re

from . import processes, tls
from .waiting import wait_until


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


@dataclasses.dataclass
class Site:
    """A virtual host; `certificates` are names of blocks, or short forms such as "source=scm"."""

    port: int
    names: tuple
    certificates: tuple = ()
    default: bool = False
    http2: bool = False
    stream: bool = False
    extra: str = ""  # in the server's own language

    @property
    def name(self):
        return self.names[0]


class Server:
    """The part that is the same for all servers. `settings` is the ccm block's global part."""

    unwanted = re.compile(r"\[(emerg|alert|crit|error)\]")
    # Lines that clients cause by going away or by refusing our placeholder; no fault of the server.
    ordinary = re.compile(r"(?!)")

    def __init__(self, directory):
        self.directory = directory
        self.error_log = directory / "error.log"
        self.allowed = []

    # -- for the adapters ------------------------------------------------------------------------

    def master_pid(self):
        raise NotImplementedError

    def workers(self):
        raise NotImplementedError

    # -- the processes ---------------------------------------------------------------------------

    def monitors(self):
        """The monitors whose standard error is this server's error log."""
        return [pid for pid in processes.named("ccm-monitor")
                if processes.descriptor(pid, 2).startswith(str(self.directory) + "/")]

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
