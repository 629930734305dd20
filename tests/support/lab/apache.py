# SPDX-License-Identifier: Apache-2.0
"""A real Apache httpd from the distribution's package, with the module loaded, in a directory of its own."""

import pathlib
import re
import signal
import subprocess

from . import processes
from .server import Server, each_of, replace_text
from .waiting import wait_until

APACHE = "/usr/sbin/apache2"
MODULES = "/usr/lib/apache2/modules"
TLS = "SSLProtocol -all +TLSv1.2 +TLSv1.3"
# Enough for the clients of one test, and little enough to start quickly.
THREADS = 16

# Debian's httpd has no module that tells who answers; the process's own name in /proc does.
WORKER_LUA = """function handle(r)
    local status = io.open("/proc/self/stat")
    r:puts(status:read("*n"))
    status:close()
    return apache2.OK
end
"""

# How the directives are spelled that do not follow the rule.
SPELLINGS = {"state_path": "CCMStateDir", "ssl_trusted_certificate": "CCMCACertificateFile"}


class Apache(Server):
    """httpd as the lab's server. `user` makes the whole server, parent included, run as that user."""

    module_name = "mod_ccm.so"
    most_verbose = "trace8"
    # What httpd says when no more children are allowed than there are, and, told to stop, of a connection that it
    # closes while a worker still lingers on it; no fault of ours.
    ordinary = re.compile(r"AH(00161|00286|00287|00484|00485|10159): |\(9\)Bad file descriptor: AH0309[23]: ")
    reload_signal, graceful_stop_signal, reopen_signal = signal.SIGUSR1, signal.SIGWINCH, signal.SIGUSR1
    killed_worker = r"AH00052: child pid \d+ exit signal Killed"

    def __init__(self, directory, *, mpm="event", workers=2, log_level="info", daemon=True, single=False,
                 user=None, own_module=False):
        super().__init__(pathlib.Path(directory), user=user, own_module=own_module)
        self.mpm = mpm
        self.workers_wanted = 1 if single else workers
        self.log_level = log_level
        self.daemon = daemon and not single
        self.single = single
        self.conf = self.directory / "httpd.conf"
        self.ports = ()

    # -- configuration ---------------------------------------------------------------------------

    def configure(self, main="", *, settings=None, certificates=(), sites=(), inherited=(),
                  modules=("ssl", "ccm"), ports=()):
        """A text of httpd's own for the main server, and what the server-neutral arguments ask for.

        `ports`: what the text listens on.
        """
        # The first virtual host of an address is its default.
        sites = sorted(sites, key=lambda site: not site.default)
        listening = sorted({site.port for site in sites})
        self.ports = [*listening, *ports]
        if any(site.http2 for site in sites):
            modules = (*modules, "http2")
        replace_text(self.directory / "worker.lua", WORKER_LUA)
        replace_text(
            self.conf, self._modules(modules) + self._process_model() + self._basics() +
            "".join(f"Listen 127.0.0.1:{port} https\n" for port in listening) +
            ("" if settings is None else global_part(settings, certificates)) +
            "".join(f"CCMCertificate {certificate}\n" for certificate in inherited) + main + "\n" +
            "".join(map(virtual_host, sites)))

    def _modules(self, modules):
        files = {name: f"{MODULES}/mod_{name}.so"
                 for name in (f"mpm_{self.mpm}", "authz_core", "socache_shmcb", "lua", *modules)}
        if "ccm" in files:
            files["ccm"] = self.module()
        return "".join(f"LoadModule {name}_module {path}\n" for name, path in files.items())

    def _process_model(self):
        """As many children as wanted: all at once, none more, and each replaced when it dies."""
        count, common = self.workers_wanted, "MaxConnectionsPerChild 0\n"
        if self.mpm == "prefork":
            return (f"StartServers {count}\nMinSpareServers {count}\nMaxSpareServers {count + 1}\n"
                    f"MaxRequestWorkers {count}\n{common}")
        return (f"ServerLimit 16\nThreadsPerChild {THREADS}\nStartServers {count}\n"
                f"MaxRequestWorkers {count * THREADS}\n"
                f"MinSpareThreads {(count - 1) * THREADS + 1}\nMaxSpareThreads {4 * count * THREADS}\n"
                f"{common}")

    def _basics(self):
        return (f"ServerRoot {self.directory}\nDefaultRuntimeDir {self.directory}\n"
                f"ServerName lab.invalid\nPidFile {self.pid_file}\n"
                f"ErrorLog {self.error_log}\nLogLevel {self.log_level}\n"
                f"User www-data\nGroup www-data\nDocumentRoot {self.documents}\n"
                f"<IfModule ssl_module>\n"
                f"    SSLSessionCache shmcb:{self.directory}/sessions(512000)\n"
                # One line for each connection is too much for tests that wait for a line.
                f"    {'LogLevel ssl:notice' if self.log_level == 'info' else ''}\n</IfModule>\n"
                f"LuaScope thread\nLuaMapHandler /worker {self.directory}/worker.lua\n")

    def command(self, *arguments):
        return self.as_user([APACHE, "-d", str(self.directory), "-f", str(self.conf), *arguments])

    def run(self, *arguments):
        """httpd's own command line: (success, what it printed)."""
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=60)
        return done.returncode == 0, done.stderr + done.stdout

    def test(self):
        return self.run("-t")

    # -- life ------------------------------------------------------------------------------------

    def start(self):
        if self.master_pid() is None:
            # httpd takes a killed process that nobody has reaped yet for a running one.
            self.pid_file.unlink(missing_ok=True)
        with open(self.directory / "stderr", "ab") as stderr:
            if self.daemon:
                done = subprocess.run(self.command("-k", "start"), stderr=stderr, timeout=60)
                if done.returncode != 0:
                    said = (self.directory / "stderr").read_text()
                    raise RuntimeError(f"httpd did not start: {said[-2000:]}")
            else:
                mode = "-X" if self.single else "-DFOREGROUND"
                self.process = subprocess.Popen(self.command(mode), stderr=stderr)
        wait_until(lambda: len(self.workers()) >= self.workers_wanted, "httpd with its children")
        return self

    def _workers_of(self, master):
        # A child on its way out has closed the sockets that it listened on.
        listening = processes.listening_sockets(self.ports)
        return sorted(pid for pid in processes.children(master)
                      if listening & set(processes.descriptors(pid).values()))

    def try_reload(self):
        return self.run("-k", "graceful")

    def restart(self):
        """SIGHUP: the children end at once. Waits for the new ones."""
        self._replace_workers(signal.SIGHUP)


def directive(key, value):
    camel_case = "".join(word.capitalize() for word in key.split("_"))
    return f"{SPELLINGS.get(key, 'CCM' + camel_case)} {value}\n"


def global_part(settings, certificates):
    text = "".join(directive(key, value) for key, value in each_of(settings))
    for certificate in certificates:
        inside = "".join("    " + directive(key, value)
                         for key, value in certificate.directives().items())
        text += f"<CCMCertificate {certificate.name}>\n{inside}</CCMCertificate>\n"
    return text


def virtual_host(site):
    lines = [f"ServerName {site.name}", "SSLEngine on", TLS, *site.extra.splitlines()]
    if len(site.names) > 1:
        lines.append("ServerAlias " + " ".join(site.names[1:]))
    if site.http2:
        lines.append("Protocols h2 http/1.1")
    if site.static:
        lines.append("SSLCertificateFile {}\nSSLCertificateKeyFile {}".format(*site.static))
    lines += [f"CCMCertificate {certificate}" for certificate in site.certificates]
    inside = "".join(f"    {line}\n" for line in lines)
    return f"<VirtualHost 127.0.0.1:{site.port}>\n{inside}</VirtualHost>\n"
