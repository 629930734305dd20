# SPDX-License-Identifier: Apache-2.0
"""What only nginx has: binary upgrade, stream, rejected handshakes, reloads of a single process."""

import os
import pathlib
import shutil
import signal

import pytest
from conftest import PRIVATE
from lab import processes, tls
from lab.load import Load
from lab.net import free_port
from lab.nginx import Nginx, workers_of
from lab.server import Site
from lab.waiting import wait_until


def test_a_binary_upgrade_loses_no_handshake_and_leaves_one_agent(
        make_server, settings, cloud, intranet, private):
    nginx = make_server(Nginx)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    nginx.start()
    serial = nginx.wait_for_certificate(private, cloud.trust())
    old = nginx.master_pid()
    with Load([(private.name, private.port)], cloud.trust(), threads=1, pause=0.01) as load:
        nginx.send(signal.SIGUSR2)
        wait_until(lambda: nginx.master_pid() not in (None, old) and nginx.workers(), "a new master")
        wait_until(lambda: len(nginx.agents()) == 2, "an agent of each")
        os.kill(old, signal.SIGWINCH)
        wait_until(lambda: not workers_of(old), "the end of the old workers")
        os.kill(old, signal.SIGQUIT)
        wait_until(lambda: not processes.is_alive(old), "the end of the old master")
        wait_until(lambda: len(nginx.agents()) == 1, "one agent")
        # The one that remains has the lead.
        cloud.revoke_issued()
        nginx.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    assert not load.failures, load.failures[:3]


def modules_of(process):
    """The files of the module that a process has loaded: (device and inode, path)."""
    lines = pathlib.Path(f"/proc/{process}/maps").read_text().splitlines()
    return {tuple(line.split(maxsplit=5)[3:]) for line in lines if "ngx_ccm_module" in line}


def test_a_newer_module_is_loaded_by_a_binary_upgrade_and_not_by_a_reload(
        make_server, settings, cloud, intranet, private):
    nginx = make_server(Nginx, own_module=True)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    nginx.start()
    serial = nginx.wait_for_certificate(private, cloud.trust())
    old = nginx.master_pid()
    # As a package manager does: a new file takes the place of the old one in one step.
    module = nginx.module()
    shutil.copy(module, f"{module}.new")
    os.rename(f"{module}.new", module)
    nginx.reload()
    assert {path.endswith("(deleted)") for _, _, path in modules_of(old)} == {True}
    with Load([(private.name, private.port)], cloud.trust(), threads=1, pause=0.01) as load:
        nginx.send(signal.SIGUSR2)
        wait_until(lambda: nginx.master_pid() not in (None, old) and nginx.workers(), "a new master")
        os.kill(old, signal.SIGQUIT)
        wait_until(lambda: not processes.is_alive(old), "the end of the old master")
    assert not load.failures, load.failures[:3]
    for process in (nginx.master_pid(), *nginx.workers()):
        assert {path for _, _, path in modules_of(process)} == {str(module)}
        assert {int(inode) for _, inode, _ in modules_of(process)} == {module.stat().st_ino}
    assert nginx.show(private).serial == serial
    cloud.revoke_issued()
    nginx.wait_for_certificate(private, cloud.trust(), but_not=[serial])


def test_a_single_process_starts_a_new_agent_at_a_reload(make_server, settings, cloud, intranet, private):
    nginx = make_server(Nginx, single=True)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    nginx.start()
    nginx.wait_for_certificate(private, cloud.trust())
    agent = nginx.wait_for_agent()
    # It loses its TLS listeners at a reload, with static certificates as well.
    nginx.reload_now()
    nginx.wait_for_agent(but_not=[agent])
    nginx.stop_gracefully()
    wait_until(lambda: not nginx.monitors(), "the end of the monitor", timeout=20)


def test_a_signal_to_load_a_wrong_configuration_changes_nothing(
        make_server, settings, cloud, intranet, private):
    nginx = make_server(Nginx)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    nginx.allow("unknown certificate")
    nginx.start()
    serial = nginx.wait_for_certificate(private, cloud.trust())
    workers, agent = nginx.workers(), nginx.wait_for_agent()
    private.certificates = ("nowhere",)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    mark = nginx.log_size()
    nginx.reload_now()
    nginx.wait_for_log(r'\[emerg\].*unknown certificate "nowhere"', since=mark)
    assert (nginx.workers(), nginx.agents()) == (workers, [agent])
    assert nginx.show(private).serial == serial


def test_stream_servers(make_server, settings, cloud, intranet):
    nginx = make_server(Nginx, load_stream=True)
    site = Site(free_port(), (PRIVATE,), ("intranet",), stream=True)
    nginx.configure(settings=settings, certificates=[intranet], sites=[site])
    nginx.start()
    serial = nginx.wait_for_certificate(site, cloud.trust())
    cloud.revoke_issued()
    nginx.wait_for_certificate(site, cloud.trust(), but_not=[serial])


def test_rejected_handshakes_stay_rejected(make_server, settings, cloud, intranet, private):
    nginx = make_server(Nginx)
    stranger = Site(private.port, ("_",), (), default=True, extra="ssl_reject_handshake on;")
    nginx.configure(settings=settings, certificates=[intranet], sites=[private, stranger])
    nginx.start()
    nginx.wait_for_certificate(private, cloud.trust())
    with pytest.raises(tls.HandshakeFailure, match="(?i)unrecognized.name"):
        nginx.show(private, name="stranger.example.org")
