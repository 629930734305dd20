"""A real nginx from the distribution's package, with the module loaded, in a directory of its own."""

import os
import pathlib
import re
import shutil
import signal
import subprocess

from . import place, processes
from .server import Server
from .waiting import wait_until

NGINX = "/usr/sbin/nginx"
STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"
# Debian's nginx offers no TLS 1.3 unless told to.
TLS = "ssl_protocols TLSv1.2 TLSv1.3;"


class Nginx(Server):
    """nginx as the lab's server. `user` makes the whole server, master included, run as that user."""

    # What nginx itself says about clients that go away or refuse our placeholder; no fault of ours.
    ordinary = re.compile(
        r"SSL_do_handshake\(\) failed|peer closed connection|"
        r"client prematurely closed|Connection reset by peer|open\(\) \".*favicon")

    def __init__(self, directory, *, workers=2, log_level="info", daemon=True, master=True,
                 load_stream=False, user=None):
        super().__init__(pathlib.Path(directory))
        self.directory.mkdir(exist_ok=True)
        self.directory.chmod(0o711)
        if user is not None:
            shutil.chown(self.directory, user)
        self.user = user
        self.workers_wanted = workers
        self.log_level = log_level
        self.daemon = daemon
        self.master = master
        self.load_stream = load_stream
        self.process = None
        self.conf = self.directory / "nginx.conf"
        self.pid_file = self.directory / "nginx.pid"

    # -- configuration ---------------------------------------------------------------------------

    def configure(self, main="", http="", stream="", events="", *,
                  settings=None, certificates=(), sites=()):
        """Texts for nginx's levels, and before them what the server-neutral arguments ask for."""
        if settings is not None:
            main += ccm_block(settings, certificates)
        http += "".join(http_server(site) for site in sites if not site.stream)
        stream += "".join(stream_server(site) for site in sites if site.stream)
        load = f"load_module {self._module()};\n"
        if self.load_stream or stream:
            load = f"load_module {STREAM_MODULE};\n" + load
        temp = "".join(
            f"    {kind}_temp_path {self.directory}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        text = (
            f"{load}worker_processes {self.workers_wanted};\npid {self.pid_file};\n"
            f"error_log {self.error_log} {self.log_level};\n"
            f"daemon {'on' if self.daemon else 'off'};\n"
            f"{'' if self.master else 'master_process off;'}\n"
            f"{main}\nevents {{ worker_connections 1024; {events} }}\n"
            f"http {{\n    access_log off;\n{temp}{http}\n}}\n")
        if stream:
            text += f"stream {{\n{stream}\n}}\n"
        self.conf.write_text(text)

    def _module(self):
        """The module's path; for another user a copy, with the agent's, that the user can get at."""
        module = place.module("ngx_ccm_module.so")
        if self.user is None:
            return module
        for kind, path in (("modules", module), ("bin", place.program("ccm-agent"))):
            (self.directory / kind).mkdir(mode=0o755, exist_ok=True)
            shutil.copy(path, self.directory / kind)
        return self.directory / "modules" / pathlib.Path(module).name

    def command(self, *arguments):
        command = [NGINX, "-p", str(self.directory), "-c", str(self.conf), *arguments]
        if self.user is not None:
            command = ["setpriv", "--reuid", self.user, "--regid", self.user, "--clear-groups",
                       *command]
        return command

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
        has_workers = self.daemon and self.master
        wait_until(lambda: self.master_pid() and (self.workers() or not has_workers),
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
        if not self.master:
            return [master]
        return workers_of(master)

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


def workers_of(master):
    return sorted(pid for pid in processes.children(master)
                  if processes.command_line(pid) == "nginx: worker process")


def ccm_block(settings, certificates):
    lines = [f"    {key} {value};" for key, value in settings.items()]
    for certificate in certificates:
        inside = " ".join(f"{key} {value};" for key, value in certificate.directives().items())
        lines.append(f"    certificate {certificate.name} {{ {inside} }}")
    return "ccm {\n" + "\n".join(lines) + "\n}\n"


def _certificates(site):
    return " ".join(f"ccm_certificate {certificate};" for certificate in site.certificates)


def http_server(site):
    options = " http2" * site.http2 + " default_server" * site.default
    return (f"    server {{ listen 127.0.0.1:{site.port} ssl{options};"
            f" server_name {' '.join(site.names)}; {TLS} {_certificates(site)}"
            f' location = /worker {{ return 200 "$pid"; }} {site.extra} }}\n')


def stream_server(site):
    return (f"    server {{ listen 127.0.0.1:{site.port} ssl; {TLS} {_certificates(site)}"
            f' return "$pid"; {site.extra} }}\n')
