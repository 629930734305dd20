# SPDX-License-Identifier: Apache-2.0
"""The server's own life: its modes, users, stops, inherited and static certificates, rotated logs."""

import json
import os
import re
import shutil
import socket
import ssl

import pytest
from conftest import PRIVATE
from lab import files, processes, tls
from lab.net import free_port
from lab.server import Site
from lab.waiting import wait_until

MODES = {"foreground": {"daemon": False}, "single_process": {"daemon": False, "single": True}}


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES.keys())
def test_every_process_mode(kind, make_server, settings, cloud, intranet, private, mode):
    server = make_server(kind, **mode)
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    serial = server.wait_for_certificate(private, cloud.trust())
    agent = server.wait_for_agent()
    cloud.revoke_issued()
    serial = server.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    if not server.single:
        server.reload()
        server.wait_for_agent(but_not=[agent])
        assert server.show(private).serial == serial
    server.stop()
    wait_until(lambda: not server.monitors(), "the end of the monitor", timeout=20)


def test_a_master_without_privileges_as_in_a_container(
        kind, make_server, settings, cloud, intranet, private, scratch):
    if os.geteuid() != 0:
        pytest.skip("the whole suite runs without privileges")
    user = "www-data"
    server = make_server(kind, user=user)
    home = scratch / "home"
    home.mkdir()
    credentials = home / "credentials"
    shutil.copy(cloud.facts["credentials_file"], credentials)
    trusted = home / "ca.pem"
    shutil.copy(cloud.facts["ca_file"], trusted)
    trusted.chmod(0o644)
    for path in (home, credentials):
        shutil.chown(path, user, user)
    settings.update(state_path=home / "state", credentials=f"file={credentials}",
                    ssl_trusted_certificate=trusted)
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    serial = server.wait_for_certificate(private, cloud.trust())
    owner = (home / "state").stat().st_uid
    assert owner == credentials.stat().st_uid == processes.user_id(server.wait_for_agent())
    assert {facts.st_uid for _, facts in files.below(home / "state")} == {owner}
    server.reload()
    assert server.show(private).serial == serial


def test_a_graceful_stop_ends_the_agent_and_finishes_what_was_begun(both, cloud, private):
    size = 32 << 20  # more than fits into the buffers of both sides
    with open(both.documents / "file", "wb") as file:
        file.truncate(size)
    both.start()
    both.wait_for_certificate(private, cloud.trust())
    agent, master = both.wait_for_agent(), both.master_pid()
    with socket.create_connection(("127.0.0.1", private.port), timeout=60) as raw:
        with tls.context().wrap_socket(raw, server_hostname=PRIVATE) as client:
            client.sendall(tls.request_for(PRIVATE, "/file"))
            received = len(client.recv(65536))
            both.stop_gracefully_now()
            wait_until(lambda: not both.workers(), "the end of listening")
            assert processes.is_alive(master) and processes.is_alive(agent)
            while piece := client.recv(1 << 20):
                received += len(piece)
    assert received > size
    wait_until(lambda: not processes.is_alive(master), "the end of the server")
    wait_until(lambda: not processes.is_alive(agent), "the end of the agent", timeout=20)


def test_a_certificate_for_all_servers_and_an_own_one_for_one(server, settings, cloud, intranet, private):
    own = cloud.issue(["www.example.com"])
    other = Site(free_port(), ("www.example.com",), ("source=scm",))
    private.certificates = ()
    server.configure(settings=settings, certificates=[intranet], sites=[private, other],
                     inherited=("intranet",))
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    assert server.wait_for_certificate(other, cloud.trust()) == own["serial"]


def test_a_static_certificate_beside_a_live_one(server, settings, cloud, intranet, private, static):
    server.configure(settings=settings, certificates=[intranet], sites=[private, static])
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    assert server.show(static).der == ssl.PEM_cert_to_DER_cert(static.static[0].read_text())


def test_the_agents_lines_are_objects_when_asked_for(server, settings, cloud, intranet, private):
    settings["log_format"] = "json"
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    serial = server.wait_for_certificate(private, cloud.trust())
    server.wait_for_log("is now served")
    agent = server.wait_for_agent()
    processes.kill(agent)
    server.wait_for_log("was killed by signal 9; starting it again")
    # nginx and httpd, their workers included, write their own lines in their own form.
    lines = [json.loads(line) for line in server.log_text().splitlines() if line.startswith("{")]
    assert all(set(line) == {"time", "level", "process", "message"} for line in lines)
    served = next(line for line in lines if "is now served" in line["message"])
    assert served["level"] == "notice" and served["process"] == agent
    start = f'certificate "intranet": version 1 is now served (serial {serial}, valid until '
    assert served["message"].startswith(start)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", served["time"])
    assert {line["level"] for line in lines if "starting it again" in line["message"]} == {"warn"}
    others = [line for line in server.log_text().splitlines() if not line.startswith("{")]
    assert not [line for line in others if "is now served" in line or "installed version" in line], "no second form"


def test_the_agent_follows_the_log_when_it_is_rotated(both, cloud, private):
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    rotated = both.directory / "error.log.1"
    both.error_log.rename(rotated)
    both.reopen_log()
    cloud.revoke_issued()
    new = both.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    both.wait_for_log(rf'certificate "intranet": version 2 is now served \(serial {new}')
    assert new not in rotated.read_text()
    processes.kill(both.wait_for_agent())
    both.wait_for_log("was killed by signal 9; starting it again")
