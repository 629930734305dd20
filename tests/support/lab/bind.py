# SPDX-License-Identifier: Apache-2.0
"""A name server of one zone: BIND from Debian, on a port of its own."""

import base64
import re
import secrets
import shutil
import subprocess

from . import place
from .net import free_port
from .waiting import wait_until

PROGRAMS = ("named", "nsupdate", "dig")
CONFIGURATION = """
options {{
    directory "{directory}";
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file none; session-keyfile none; recursion no; dnssec-validation no; notify no;
}};
controls {{ }};
include "{key}";
zone "{zone}" {{ type primary; file "{zone}.zone"; update-policy {{ grant ccm zonesub TXT CNAME; }}; }};
"""
ZONE = "$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\nns1 A 127.0.0.1\n"


def lacking():
    """The programs that are not installed."""
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    return [name for name in PROGRAMS if shutil.which(name, path=path) is None]


class Bind:
    def __init__(self, directory, zone="example.com"):
        self.zone, self.port = zone, free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.key = directory / "dns.key"
        directory.mkdir()
        self.key.write_text('key "ccm" { algorithm hmac-sha256; secret "%s"; };\n' % base64.b64encode(secrets.token_bytes(32)).decode())
        (directory / f"{zone}.zone").write_text(ZONE)
        self._configuration = directory / "named.conf"
        self._configuration.write_text(CONFIGURATION.format(
            directory=directory, port=self.port, key=self.key, zone=zone))
        self._log = directory / "named.log"
        self._process = None

    def __enter__(self):
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                ["named", "-g", "-n", "1", "-c", str(self._configuration)], stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT)
        wait_until(lambda: self.records(self.zone, "NS"), "the name server", timeout=20)
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(timeout=20)

    def records(self, name, kind="TXT"):
        """What the server says, as dig prints it."""
        done = subprocess.run(["dig", "+short", "+tries=1", "+time=1", "-p", str(self.port), "@127.0.0.1", name, kind],
                              capture_output=True, text=True, timeout=10, check=False)
        return sorted(done.stdout.split("\n")[:-1]) if done.returncode == 0 else []

    def add(self, name, value):
        """A record that somebody has left there."""
        commands = f'server 127.0.0.1 {self.port}\nupdate add {name} 60 TXT "{value}"\nsend\n'
        subprocess.run(["nsupdate", "-k", str(self.key)], input=commands, text=True, timeout=10, check=True)


def documented_hook(path):
    """Writes the program that the manual shows for nsupdate."""
    page = (place.ROOT / "docs/how-to/run-programs.md").read_text()
    script = re.search(r"cat > /usr/local/lib/ccm/dns <<'EOF'\n(.*?)^EOF$", page, re.S | re.M)[1]
    path.write_text(script)
    path.chmod(0o755)
    return path
