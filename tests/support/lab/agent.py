# SPDX-License-Identifier: Apache-2.0
"""`ccmctl agent`: an agent without a web server, in a directory of its own."""

import pathlib
import signal
import ssl
import subprocess

from . import place, processes, tls
from .server import each_of
from .waiting import wait_until


def words_of(names):
    return ", ".join(f'"{name}"' for name in names)


def toml_of(settings, certificates):
    lines = [f'{key} = "{value}"' for key, value in each_of(settings)]
    for certificate in certificates:
        lines += [f'[certificate."{certificate.name}"]', f'source = "{certificate.source}"',
                  f"names = [{words_of(certificate.names)}]"]
        lines += [f'{key} = "{value}"' for key, value in certificate.settings.items()]
    return "\n".join(lines) + "\n"


class Agent:
    """The part of a lab's server that an agent alone has."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(exist_ok=True)
        self.directory.chmod(0o711)
        self.file, self.log = self.directory / "agent.toml", self.directory / "agent.log"
        self.state = None
        self.process = None

    def configure(self, *, settings, certificates):
        self.state = pathlib.Path(settings["state_path"])
        self.file.write_text(toml_of(settings, certificates))

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([place.program("ccmctl"), "agent", "--config", self.file],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        return self

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=20)
            self.process = None

    def kill(self):
        """All of its processes at once, as when the machine has lost its power."""
        for pid in self.pids():
            processes.kill(pid)
        self.process.wait(timeout=20)
        self.process = None

    def pids(self):
        """The whole tree, parents first."""
        found = [self.process.pid] if self.process is not None and self.process.poll() is None else []
        for pid in found:
            found += processes.children(pid)
        return found

    def agents(self):
        return sorted(set(self.pids()) & set(processes.named("ccm-agent")))

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def serial(self, name):
        """Of the certificate that programs of this host read; None while there is none."""
        try:
            pem = (self.state / "certificates" / name / "current" / "cert.pem").read_text()
        except OSError:
            return None
        return tls.serial_of(ssl.PEM_cert_to_DER_cert(pem))

    def wait_for_serial(self, name, but_not=(), timeout=40.0):
        def found():
            serial = self.serial(name)
            return serial if serial not in (None, *but_not) else None

        return wait_until(found, f"certificate {name} in {self.state}", timeout)
