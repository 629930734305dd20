# SPDX-License-Identifier: Apache-2.0
"""Hosts that share their certificates through an etcd. Each has a state directory and a key of its own."""

import dataclasses
import pathlib
import shutil

from . import ctl
from .agent import Agent
from .clock import HostClock
from .etcd import SecureEtcd
from .net import free_port
from .server import Certificate, Site
from .status import Status, with_status


@dataclasses.dataclass(eq=False)
class Host:
    """A machine of the fleet; without a web server when it has no site."""

    name: str
    server: object
    state: pathlib.Path
    certificate: Certificate
    site: Site | None = None
    key: pathlib.Path | None = None  # of a host that was let in
    status: Status | None = None  # of its web server
    clock: HostClock | None = None  # of its agent, where it is not the machine's

    def __str__(self):
        return self.name

    def says_it_leads(self):
        """As far as it has heard."""
        try:
            return "leads: 1" in (self.state / "fleet").read_text()
        except OSError:
            return False

    def serial(self, cloud, but_not=()):
        if self.site is None:
            return self.server.wait_for_serial(self.certificate.name, but_not)
        return self.server.wait_for_certificate(self.site, cloud.trust(), but_not=but_not)


class Fleet:
    """The fleet `web`, whose hosts name one certificate unless told otherwise. `make_server` makes a server of a class
    in a directory of that name."""

    def __init__(self, scratch, cloud, etcd, certificate, make_server=None):
        self.scratch, self.cloud, self.etcd = scratch, cloud, etcd
        self.certificate = certificate
        self.make_server = make_server or (lambda kind, name: kind(scratch / name))
        self.key_id = None

    def secured(self):
        """The words of `store` that say how clients are let in."""
        return self.etcd.words() if isinstance(self.etcd, SecureEtcd) else {}

    def place(self, key):
        """How ccmctl is told where the fleet is, on a host that no server was started on."""
        words = [word for url in self.etcd.endpoints for word in ("--endpoint", url)]
        options = {"ca": "--etcd-ca", "certificate_key": "--certificate-key"}
        secured = [word for name, path in self.secured().items() for word in (options.get(name, f"--{name}"), path)]
        return [*words, "--fleet", "web", "--key", key, *secured]

    def ctl(self, host_key, command, *words):
        return ctl.run(self.scratch, "fleet", command, *words, *self.place(host_key)).splitlines()[-1]

    def let_in(self, name):
        """The file with the key of a host that is in the fleet from now on."""
        key = self.scratch / f"{name}.key"
        if self.key_id is None:
            self.first_key = key
            self.key_id = self.ctl(key, "init", "--name", name).split()[-1]
        else:
            request = self.ctl(key, "join", "--name", name, "--fleet-key", self.key_id)
            assert self.ctl(self.first_key, "admit", request) == self.key_id
        return key

    def store(self, key, endpoints=None):
        """The value of the setting."""
        words = [f"{name}={path}" for name, path in {"fleet": "web", "key": key, **self.secured()}.items()]
        return " ".join(["etcd", *(endpoints or self.etcd.endpoints), *words])

    def host(self, kind, name, endpoints=None, certificate=None, **settings):
        """Let in, configured, and not started yet. `endpoints`: its own ways to etcd."""
        host = self.outsider(kind, name, certificate, **settings)
        self.join(host, endpoints, **settings)
        return host

    def outsider(self, kind, name, certificate=None, **settings):
        """Configured as a host of its own, and not started yet."""
        certificate = certificate or self.certificate
        site = None
        if kind is not Agent:
            site = Site(free_port(), certificate.names, (certificate.name,), default=True)
        host = Host(name, self.make_server(kind, name), self.scratch / f"state-{name}", certificate, site)
        self.configure(host, **settings)
        return host

    def configure(self, host, **settings):
        told = self.cloud.settings(host.state, **{"check_interval": "1s", **settings})
        # Each host has credentials in a file of its own.
        own = shutil.copy(self.cloud.facts["credentials_file"], self.scratch / f"{host.name}.credentials")
        told["credentials"] = f"file={own}"
        if host.site is None:
            host.server.configure(settings=told, certificates=[host.certificate])
            return
        host.status = with_status(host.server, settings=told, certificates=[host.certificate], sites=[host.site])

    def join(self, host, endpoints=None, **settings):
        """Let in, and configured so."""
        host.key = host.key or self.let_in(host.name)
        self.configure(host, store=self.store(host.key, endpoints), **settings)

    def leader(self):
        """The name of the host that leads, if any."""
        value = self.etcd.values().get("/cl/web/leader")
        return value.decode().split()[1] if value else None
