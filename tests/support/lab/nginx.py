# SPDX-License-Identifier: Apache-2.0
"""A real nginx, with the module loaded, in a directory of its own: the distribution's package, or another one
that the environment names (place.nginx)."""

import functools
import os
import pathlib
import re
import signal
import subprocess

from . import place, processes
from .server import Server, each_of, replace_text
from .waiting import wait_until

# Debian's nginx offers no TLS 1.3 unless told to.
TLS = "ssl_protocols TLSv1.2 TLSv1.3;"
# Angie, say, has a name of its own there, and a number behind it.
WORKER = re.compile(r"\w+: worker process( #\d+)?")


class Nginx(Server):
    """nginx as the lab's server."""

    module_name = "ngx_ccm_module.so"
    most_verbose = "debug"
    # What nginx itself says about clients that go away or refuse our placeholder; no fault of ours.
    ordinary = re.compile(
        r"SSL_do_handshake\(\) failed|peer closed connection|"
        r"client prematurely closed|client closed connection|Connection reset by peer|open\(\) \".*favicon")
    reload_signal, graceful_stop_signal, reopen_signal = signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1
    killed_worker = r"worker process \d+ exited on signal 9"

    def __init__(self, directory, *, workers=2, log_level="info", daemon=True, single=False,
                 load_stream=False, user=None, own_module=False):
        # A module from elsewhere has no agent beside it.
        own_module = own_module or "CCM_NGINX_MODULE" in os.environ
        super().__init__(pathlib.Path(directory), user=user, own_module=own_module)
        self.workers_wanted = workers
        self.log_level = log_level
        self.daemon = daemon
        self.single = single
        self.load_stream = load_stream
        self.conf = self.directory / "nginx.conf"

    # -- configuration ---------------------------------------------------------------------------

    def configure(self, main="", http="", stream="", events="", *,
                  settings=None, certificates=(), sites=(), inherited=()):
        """Texts for nginx's levels, and before them what the server-neutral arguments ask for."""
        if settings is not None:
            main += ccm_block(settings, certificates)
        http += _certificates(inherited) + "\n"
        http += "".join(http_server(site) for site in sites if not site.stream)
        stream += "".join(stream_server(site) for site in sites if site.stream)
        load = f"load_module {self.module()};\n"
        if place.nginx_stream_module() and (self.load_stream or stream):
            load = f"load_module {place.nginx_stream_module()};\n" + load
        temp = "".join(
            f"    {kind}_temp_path {self.directory}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        text = (
            f"{load}worker_processes {self.workers_wanted};\npid {self.pid_file};\n"
            f"error_log {self.error_log} {self.log_level};\n"
            f"daemon {'on' if self.daemon else 'off'};\n"
            f"{'master_process off;' if self.single else ''}\n"
            f"{main}\nevents {{ worker_connections 1024; {events} }}\n"
            f"http {{\n    access_log off;\n{temp}{http}\n}}\n")
        if stream:
            text += f"stream {{\n{stream}\n}}\n"
        replace_text(self.conf, text)

    def built_module(self):
        return pathlib.Path(place.nginx_module())

    def command(self, *arguments):
        return self.as_user([place.nginx(), *place.nginx_arguments(), "-p", str(self.directory),
                             "-c", str(self.conf), *arguments])

    def run(self, *arguments):
        """nginx's own command line: (success, what it printed)."""
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=60)
        return done.returncode == 0, done.stderr

    def test(self):
        return self.run("-t")

    # -- life ------------------------------------------------------------------------------------

    def start(self):
        with open(self.directory / "stderr", "ab") as stderr:
            if self.daemon:
                done = subprocess.run(self.command(), stderr=stderr, timeout=60)
                if done.returncode != 0:
                    raise RuntimeError(f"nginx did not start: {self.log_text()[-2000:]}")
            else:
                self.process = subprocess.Popen(self.command(), stderr=stderr)
        has_workers = self.daemon and not self.single
        wait_until(lambda: self.master_pid() and (self.workers() or not has_workers),
                   "nginx with its workers")
        return self

    def _workers_of(self, master):
        return workers_of(master)

    def try_reload(self):
        return self.run("-s", "reload")


def workers_of(master):
    return sorted(pid for pid in processes.children(master)
                  if WORKER.fullmatch(processes.command_line(pid)))


def ccm_block(settings, certificates):
    lines = [f"    {key} {value};" for key, value in each_of(settings)]
    for certificate in certificates:
        inside = " ".join(f"{key} {value};" for key, value in certificate.directives().items())
        lines.append(f"    certificate {certificate.name} {{ {inside} }}")
    return "ccm {\n" + "\n".join(lines) + "\n}\n"


def _certificates(names):
    return " ".join(f"ccm_certificate {name};" for name in names)


def _own_certificates(site):
    static = "ssl_certificate {}; ssl_certificate_key {}; ".format(*site.static) if site.static else ""
    return static + _certificates(site.certificates)


@functools.cache
def has_directive(name):
    """Whether this nginx has a directive of a server in http."""
    with place.Scratch("probe") as directory:
        conf = directory / "nginx.conf"
        conf.write_text(f"error_log stderr; pid {directory}/pid; events {{}} http {{ server {{ {name}; }} }}\n")
        done = subprocess.run([place.nginx(), *place.nginx_arguments(), "-t", "-p", directory, "-c", conf],
                              capture_output=True, text=True, timeout=60, check=False)
    return "unknown directive" not in done.stderr


@functools.cache
def was_built_with(option):
    """Whether nginx's own configure was called with it."""
    said = subprocess.run([place.nginx(), "-V"], capture_output=True, text=True, timeout=60, check=True).stderr
    return option in said.split()


def has_quic():
    return was_built_with("--with-http_v3_module")


def _listeners(site):
    """nginx 1.25.1 made a directive of `http2`, which was an option."""
    as_directive = site.http2 and has_directive("http2")
    options = " http2" * (site.http2 and not as_directive) + " default_server" * site.default
    tcp = f"listen 127.0.0.1:{site.port} ssl{options}; " * site.tcp
    udp = f"listen 127.0.0.1:{site.port} quic{' default_server' * site.default}; " * site.quic
    return tcp + udp + "http2 on; " * as_directive


def http_server(site):
    return (f"    server {{ {_listeners(site)}server_name {' '.join(site.names)}; {TLS} {_own_certificates(site)}"
            f' location = /worker {{ return 200 "$pid"; }} {site.extra} }}\n')


def stream_server(site):
    return (f"    server {{ listen 127.0.0.1:{site.port} ssl; {TLS} {_own_certificates(site)}"
            f' return "$pid"; {site.extra} }}\n')
