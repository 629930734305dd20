"""A real nginx from the distribution's package, with the module loaded, in a directory of its own."""

import os
import pathlib
import re
import signal
import subprocess

from . import place, processes
from .waiting import wait_until

NGINX = "/usr/sbin/nginx"
STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"
_UNWANTED = re.compile(r"\[(emerg|alert|crit|error)\]")
# What nginx itself says about clients that go away or refuse our placeholder; no fault of ours.
_ORDINARY = re.compile(
    r"SSL_do_handshake\(\) failed|peer closed connection|"
    r"client prematurely closed|Connection reset by peer|open\(\) \".*favicon")


class Nginx:
    """`main`, `http` and `stream` are configuration texts for those levels."""

    def __init__(self, directory, *, workers=2, log_level="info", daemon=True, load_stream=False):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(exist_ok=True)
        self.directory.chmod(0o711)
        self.workers_wanted = workers
        self.log_level = log_level
        self.daemon = daemon
        self.load_stream = load_stream
        self.allowed = []
        self.process = None
        self.error_log = self.directory / "error.log"
        self.conf = self.directory / "nginx.conf"
        self.pid_file = self.directory / "nginx.pid"

    # -- configuration ---------------------------------------------------------------------------

    def configure(self, main="", http="", stream="", events=""):
        load = f"load_module {place.module('ngx_ccm_module.so')};\n"
        if self.load_stream or stream:
            load = f"load_module {STREAM_MODULE};\n" + load
        temp = "".join(
            f"    {kind}_temp_path {self.directory}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        text = (
            f"{load}worker_processes {self.workers_wanted};\npid {self.pid_file};\n"
            f"error_log {self.error_log} {self.log_level};\n"
            f"daemon {'on' if self.daemon else 'off'};\n"
            f"{main}\nevents {{ worker_connections 1024; {events} }}\n"
            f"http {{\n    access_log off;\n{temp}{http}\n}}\n")
        if stream:
            text += f"stream {{\n{stream}\n}}\n"
        self.conf.write_text(text)

    def command(self, *arguments):
        return [NGINX, "-p", str(self.directory), "-c", str(self.conf), *arguments]

    def test(self):
        """nginx -t: (success, what it printed)."""
        done = subprocess.run(self.command("-t"), capture_output=True, text=True, timeout=60)
        return done.returncode == 0, done.stderr

    # -- life ------------------------------------------------------------------------------------

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        self.stop()
        if kind is None:
            self.check_log()

    def start(self):
        with open(self.directory / "stderr", "ab") as stderr:
            if self.daemon:
                done = subprocess.run(self.command(), stderr=stderr, timeout=60)
                if done.returncode != 0:
                    raise RuntimeError(f"nginx did not start: {self.log_text()[-2000:]}")
            else:
                self.process = subprocess.Popen(self.command(), stderr=stderr)
        wait_until(lambda: self.master_pid() and (self.workers() or not self.daemon),
                   "nginx with its workers")
        return self

    def master_pid(self):
        try:
            pid = int(self.pid_file.read_text())
        except (OSError, ValueError):
            return None
        return pid if processes.is_alive(pid) else None

    def workers(self):
        """The worker processes that are not on their way out."""
        master = self.master_pid()
        if master is None:
            return []
        return sorted(pid for pid in processes.children(master)
                      if processes.command_line(pid) == "nginx: worker process")

    def monitors(self):
        """The monitors whose standard error is this server's error log."""
        return [pid for pid in processes.named("ccm-monitor")
                if processes.descriptor(pid, 2).startswith(str(self.directory) + "/")]

    def agents(self):
        """The agents of this server's monitors."""
        monitors = self.monitors()
        return [pid for pid in processes.named("ccm-agent") if processes.parent(pid) in monitors]

    def send(self, number):
        os.kill(self.master_pid(), number)

    def reload(self):
        """SIGHUP, and waits until a new set of workers has taken over."""
        before = set(self.workers())
        self.send(signal.SIGHUP)
        wait_until(lambda: self.workers() and not before & set(self.workers()),
                   "new workers after a reload")

    def stop(self, number=signal.SIGTERM):
        master = self.master_pid()
        if master is None:
            return
        os.kill(master, number)
        if self.process is not None:
            self.process.wait(timeout=30)
        wait_until(lambda: not processes.is_alive(master), "the end of nginx")

    # -- the log as oracle -----------------------------------------------------------------------

    def log_text(self):
        try:
            return self.error_log.read_text(errors="replace")
        except OSError:
            return ""

    def wait_for_log(self, pattern, timeout=30.0):
        return wait_until(lambda: re.search(pattern, self.log_text()),
                          f"{pattern!r} in the error log", timeout)

    def allow(self, pattern):
        """This test expects error lines that match the pattern."""
        self.allowed.append(re.compile(pattern))

    def unexpected_lines(self):
        return [line for line in self.log_text().splitlines()
                if _UNWANTED.search(line) and not _ORDINARY.search(line)
                and not any(pattern.search(line) for pattern in self.allowed)]

    def check_log(self):
        lines = self.unexpected_lines()
        assert not lines, "unexpected in the error log:\n" + "\n".join(lines[:20])
