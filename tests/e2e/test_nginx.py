# SPDX-License-Identifier: Apache-2.0
"""What only nginx has: binary upgrade, stream, rejected handshakes, reloads of a single process."""

import os
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
    wait_until(lambda: not nginx.monitors(), "the end of the monitor", timeout=5)


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
