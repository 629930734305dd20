# SPDX-License-Identifier: Apache-2.0
"""A host for one page: a fresh Debian with nginx, apache2 and CCM TLS, beside a cloud of its own.

Root only. The host is a set of namespaces: the machine's files with everything that is changed kept in
memory, a network with one neighbour, which is the emulator under the cloud's real names, and processes
that end with the first one, which ends with us. Nothing of it outlives the test or is seen outside.
"""

import contextlib
import json
import pathlib
import select
import shutil
import socket
import sqlite3
import subprocess
import tempfile

from lab import place
from lab.emulator import Emulator

HERE = pathlib.Path(__file__).resolve().parent
CLOUD = "203.0.113.10"
REGIONS = ("ap-southeast-1", "ap-southeast-3", "cn-north-4")
PRIVATE_CLOUD = "*.cloud.example.net"  # what a page may call it in a network of one's own
SERVICES = ("iam", "scm", "ccm", "sts", "apig")
# What the pages write where a reader puts in something of their own.
ACCESS_KEY, SECRET_KEY = "YOUR_ACCESS_KEY", "YOUR_SECRET_KEY"
ISSUER = "2cb2878b-6cd1-460d-bd25-afe655159bdc"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
               "LANG": "C.UTF-8", "TERM": "dumb", "USER": "root", "EDITOR": "/bin/true"}
BLOCK_SECONDS = 120


def prepare_cloud(data):
    """The data of a cloud that knows the pages' access key and whose private CA has the pages' id."""
    with Emulator(data) as cloud:
        cloud.admin("POST", "/accounts/demo/keys", {"ak": ACCESS_KEY, "sk": SECRET_KEY})
        issuer, trust = cloud.facts["issuer_id"], pathlib.Path(cloud.facts["ca_file"]).read_bytes()
        public = pathlib.Path(cloud.facts["scm_root_file"]).read_bytes()
    with contextlib.closing(sqlite3.connect(data / database_in(data))) as database, database:
        database.execute("UPDATE documents SET id = replace(id, ?, ?), body = replace(body, ?, ?)",
                         (issuer, ISSUER, issuer, ISSUER))
    return trust + public


def database_in(data):
    return next(path.name for path in data.iterdir()
                if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3")


def prepare_layer(layer, trust):
    """The files in which the page's host differs from this machine: it has CCM TLS and knows the cloud."""
    installed = subprocess.run(
        ["cmake", "--install", place.build_directory(), "--prefix", "/usr"],
        env={**ENVIRONMENT, "DESTDIR": str(layer)}, capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    for folder in ("etc/ssl/certs", "usr/local/sbin"):
        (layer / folder).mkdir(parents=True)
    certificates = pathlib.Path("/etc/ssl/certs/ca-certificates.crt").read_bytes()
    (layer / "etc/ssl/certs/ca-certificates.crt").write_bytes(certificates + trust)
    names = [f"{CLOUD} {host}\n" for host in cloud_hosts()]
    local = f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {socket.gethostname()}\n"
    (layer / "etc/hosts").write_text(local + "".join(names))
    (layer / "etc/resolv.conf").write_text("")
    shutil.copy(HERE / "systemctl", layer / "usr/local/sbin")
    shutil.copy(place.program("ccm-emulator"), layer / "usr/local/sbin")


def cloud_hosts():
    regional = [f"{service}.{region}.myhuaweicloud.com" for service in SERVICES for region in REGIONS]
    return ["iam.myhuaweicloud.com", *regional]


class Sandbox:
    def __init__(self, layer, cloud_data):
        self.room = pathlib.Path(tempfile.mkdtemp(prefix="ccm-docs-"))
        self.room.chmod(0o711)
        self.layer = layer
        self.root = self.room / "root"
        self.talk = self.room / "talk"
        for folder in (self.root, self.talk):
            folder.mkdir()
        shutil.copytree(cloud_data, self.room / "cloud")
        self.first = None
        self.shell = None
        self.blocks = 0

    def __enter__(self):
        names = [*(f"*.{region}.myhuaweicloud.com" for region in REGIONS), "iam.myhuaweicloud.com",
                 PRIVATE_CLOUD]
        self.first = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child",
             HERE / "host.sh", self.room, self.layer, place.program("ccm-emulator"), CLOUD, *names],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ready, _, _ = select.select([self.first.stdout], [], [], 60)
        if not ready or self.first.stdout.readline() != b"ready\n":
            self.first.kill()
            said = self.first.stderr.read().decode()
            self.__exit__()
            raise RuntimeError(f"no sandbox: {said}")
        self.facts = json.loads((self.room / "cloud.json").read_text())
        return self

    def __exit__(self, *_):
        if self.shell is not None:
            self.shell.kill()
            self.shell.wait()
            self.shell.stdin.close()
            self.shell.stdout.close()
        self.first.stdin.close()
        self.first.wait(timeout=30)
        self.first.stdout.close()
        self.first.stderr.close()
        shutil.rmtree(self.room, ignore_errors=True)

    # -- the cloud -------------------------------------------------------------------------------

    def admin(self, method, path, body=None):
        """One call of the emulator's admin side, its path without the leading /admin."""
        data = [] if body is None else ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        done = subprocess.run(
            [*self._enter("--net"), "curl", "-sS", "--fail-with-body", "--max-time", "20", "-X", method,
             *data, f"{self.facts['admin']}/admin{path}"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"admin {method} {path}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout else None

    def issue(self, names, **fields):
        """An issued certificate in SCM, as Emulator.issue makes it."""
        return self.admin("POST", "/scm/certificates", {"names": list(names), "key": "EC256", **fields})

    # -- the host --------------------------------------------------------------------------------

    def _enter(self, *namespaces):
        children = pathlib.Path(f"/proc/{self.first.pid}/task/{self.first.pid}/children").read_text()
        return ["nsenter", f"--target={children.split()[0]}", *namespaces, "--"]

    def _on_host(self, *command):
        variables = [f"{key}={value}" for key, value in ENVIRONMENT.items()]
        return [*self._enter("--mount", "--net", "--pid"), "chroot", self.root, "env", "-i", "-C", "/root",
                *variables, *command]

    def run(self, script):
        """A script of the runner's own, not of the page, on the host; what it printed."""
        done = subprocess.run(self._on_host("bash", "-euo", "pipefail", "-c", script), text=True,
                              capture_output=True, timeout=BLOCK_SECONDS, check=False)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def write(self, path, text, mode=None):
        """A file on the host, in a folder that is there; one that exists keeps owner and mode."""
        done = subprocess.run(self._on_host("sh", "-c", 'cat > "$1"', "sh", path), input=text, text=True,
                              capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        if mode is not None:
            self.run(f"chmod {mode:o} {path}")

    def trust(self, file):
        """The CA in this PEM file, one of the runner's, joins those that the host trusts."""
        self.run(f"cat >> /etc/ssl/certs/ca-certificates.crt << 'END'\n{pathlib.Path(file).read_text()}END\n")

    def block(self, script, apart=False):
        """A block of the page in the page's shell: (status, output). `apart`: in a subshell, so that the
        shell outlives a failure; after another one there is no shell any more."""
        if self.shell is None:
            self.shell = subprocess.Popen(self._on_host("bash", "-euo", "pipefail"), text=True,
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.blocks += 1
        inside, output = f"/run/page/{self.blocks}", self.talk / f"{self.blocks}.out"
        (self.talk / f"{self.blocks}.sh").write_text(script)
        line = f". {inside}.sh < /dev/null > {inside}.out 2>&1"
        if apart:
            line = f"set +e; (set -e; {line}); status=$?; set -e"
        else:
            line += "; status=0"
        self.shell.stdin.write(line + "\necho $status\n")
        self.shell.stdin.flush()
        ready, _, _ = select.select([self.shell.stdout], [], [], BLOCK_SECONDS)
        assert ready, f"not finished after {BLOCK_SECONDS} s; it said:\n{output.read_text()}"
        said = self.shell.stdout.readline()
        status = int(said) if said else self.shell.wait() or 1
        return status, output.read_text(errors="replace") if output.exists() else ""

    def logs(self):
        """The ends of the servers' error logs, for a person who looks at a failure."""
        return self.run("tail -n 40 /var/log/nginx/error.log /var/log/apache2/error.log 2>/dev/null || true")
