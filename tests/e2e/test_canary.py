# SPDX-License-Identifier: Apache-2.0
"""A new certificate that is tried out with a share of the handshakes: how many, how it ends, and what ends it early."""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import signal
import ssl
import subprocess

import pytest
from lab import place, tls
from lab.apache import Apache
from lab.clock import HostClock
from lab.net import free_port
from lab.nginx import Nginx
from lab.server import Certificate
from lab.status import with_status
from lab.waiting import wait_until


@pytest.fixture(name="status")
def fixture_status(server, settings, cloud, public):
    cloud.issue(public.names, days=100)
    return configured(server, settings, public, "10s 50%")


def configured(server, settings, public, canary):
    return with_status(server, settings={**settings, "canary": canary}, sites=[public])


def ctl(settings, *words):
    return subprocess.run([place.program("ccmctl"), "--state-dir", settings["state_path"], *map(str, words)],
                          capture_output=True, text=True, timeout=60, check=False)


def newest(cloud):
    return max(cloud.admin("GET", "/scm/certificates")["certificates"], key=lambda each: each["id"])["id"]


def told(status):
    return status.json()["certificates"][0]


def first_and_canary(server, status, cloud, public):
    """The first certificate (DER), once its successor is tried out."""
    server.start()
    server.wait_for_certificate(public, cloud.trust())
    der = server.show(public).der
    wait_until(lambda: told(status)["state"] == "valid", "a status of it")
    cloud.renew(newest(cloud), days=300)
    wait_until(lambda: told(status)["canary"], "a canary")
    # The workers have it a moment later than it is told.
    wait_until(lambda: server.show(public).der != der, "the new certificate in a handshake")
    return der


def pinned(der):
    """A client that believes in this one certificate and nothing else."""
    context = tls.context(ssl.DER_cert_to_PEM_cert(der))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def test_a_share_of_the_handshakes_then_everybody(server, status, settings, cloud, public):
    old = first_and_canary(server, status, cloud, public)
    shown = [server.show(public).der for _ in range(60)]
    # Half of them, give or take more than four standard deviations.
    assert 13 <= sum(der != old for der in shown) <= 47
    now = wait_until(lambda: (canary := told(status)["canary"])
                     and canary["current"]["shown"] + canary["candidate"]["shown"] >= 60 and canary, "its counts")
    assert now["version"] == 2 and now["percent"] == 50
    assert now["current"]["failed"] == 0 and now["candidate"]["failed"] == 0
    name = told(status)["name"]
    metrics = status.metrics()
    assert metrics[f'ccm_canary_handshakes{{certificate="{name}",version="candidate"}}'] >= 13
    assert metrics[f'ccm_canary_failures{{certificate="{name}",version="candidate"}}'] == 0
    assert "is tried out with 50% of the handshakes" in status.ask("?format=html")[1]
    assert "canary, version 2 in " in ctl(settings, "status").stdout
    assert "version 2 with 50% of the handshakes" in ctl(settings, "show", name).stdout
    asked = json.loads(ctl(settings, "--json", "show", name).stdout)
    assert asked["canary"]["candidate"]["shown"] >= 13
    wait_until(lambda: told(status)["stored"]["version"] == 2, "the end of the canary")
    wait_until(lambda: told(status)["served"]["is_what_is_stored"], "the new one in the server")
    assert all(server.show(public).der != old for _ in range(20))
    assert told(status)["canary"] is None and told(status)["refused_canary"] is None
    wait_until(lambda: not list(pathlib.Path(settings["state_path"]).glob("canary-*")), "nothing that is left of it")


def test_what_clients_refuse_is_taken_back(server, settings, cloud, public):
    cloud.issue(public.names, days=100)
    status = configured(server, settings, public, "1h 50%")
    server.allow("was tried out and is taken back")
    old = first_and_canary(server, status, cloud, public)
    client = pinned(old)
    refused = 0

    def is_back():
        nonlocal refused
        try:
            server.show(public, client)
        except tls.HandshakeFailure:
            refused += 1
        return told(status)["refused_canary"] == 2

    wait_until(is_back, "the end of the canary", timeout=60)
    assert refused >= 5
    assert told(status)["state"] == "held" and told(status)["stored"]["version"] == 1
    server.wait_for_log(r"version 2 was tried out and is taken back: \d+ of \d+ handshakes with it failed")
    # Everybody is shown the first one again, and a client that believes in it has no failure any more.
    wait_until(lambda: all(server.show(public).der == old for _ in range(20)), "the first one")
    for _ in range(20):
        server.show(public, client)
    events = ctl(settings, "events").stdout
    assert "rolled-back" in events
    assert "because handshakes failed with version 2" in ctl(settings, "show", told(status)["name"]).stdout
    # It is held: looks at the cloud go on every second, and bring it back neither now nor after a load.
    server.reload()
    wait_until(lambda: told(status)["refused_canary"] == 2, "the hold after a load")
    assert server.show(public).der == old


def test_it_goes_on_after_a_kill_and_a_load(server, settings, cloud, public):
    cloud.issue(public.names, days=100)
    status = configured(server, settings, public, "1h 50%")
    old = first_and_canary(server, status, cloud, public)
    for _ in range(20):
        server.show(public)
    begun = wait_until(lambda: (canary := told(status)["canary"]) and canary["candidate"]["shown"] >= 3 and canary,
                       "its counts")
    agents = server.agents()
    os.kill(agents[0], signal.SIGKILL)
    server.wait_for_agent(but_not=agents)
    server.reload()

    def goes_on():
        canary = told(status)["canary"]
        return canary and canary["candidate"]["shown"] >= begun["candidate"]["shown"] and canary

    after = wait_until(goes_on, "the canary after it")
    assert after["since"] == begun["since"] and after["until"] == begun["until"]
    wait_until(lambda: len({server.show(public).der for _ in range(10)}) == 2, "both certificates")
    # An operator does not wait for its end.
    renewed = ctl(settings, "renew", told(status)["name"])
    assert renewed.returncode == 0, renewed.stderr
    wait_until(lambda: all(server.show(public).der != old for _ in range(10)), "the new one")


def test_a_clock_that_was_ahead_does_not_make_it_longer(server, settings, cloud, public, scratch):
    """By ten minutes: further ahead, the cloud would refuse the agent's signatures."""
    clock = HostClock(scratch / "clock")
    cloud.issue(public.names, days=100)
    status = configured(server, {**settings, "agent_path": clock.agent_path}, public, "10s 50%")
    clock.set(600)
    first_and_canary(server, status, cloud, public)
    mark = server.log_size()
    clock.set(0)
    server.wait_for_log("version 2 is tried out from now on", since=mark)
    server.wait_for_log("version 2 is current", since=mark, timeout=60)
    wait_until(lambda: not told(status)["canary"] and told(status)["stored"]["version"] == 2, "the end of the canary")


def test_a_stream_server_of_nginx_tries_it_out(make_server, settings, cloud, public):
    cloud.issue(public.names, days=100)
    # A server of stream has no name of its own in every nginx.
    public.stream, public.certificates = True, ("www",)
    server = make_server(Nginx, load_stream=True)
    status = with_status(server, settings={**settings, "canary": "1h 50%"}, sites=[public],
                         certificates=[Certificate("www", "scm", public.names)])
    old = first_and_canary(server, status, cloud, public)
    shown = [server.show(public).der for _ in range(60)]
    assert 13 <= sum(der != old for der in shown) <= 47
    wait_until(lambda: (canary := told(status)["canary"])
               and canary["current"]["shown"] + canary["candidate"]["shown"] >= 60, "its counts")


def test_two_servers_of_a_store_try_it_out_and_take_it_back_together(make_server, settings, cloud, public):
    cloud.issue(public.names, days=100)
    nginx, apache = make_server(Nginx, "nginx"), make_server(Apache, "apache")
    theirs = dataclasses.replace(public, port=free_port())
    apache.configure(settings={**settings, "canary": "1h 50%"}, sites=[theirs])
    apache.start()
    apache.wait_for_certificate(theirs, cloud.trust())
    status = configured(nginx, settings, public, "1h 50%")
    for server in (nginx, apache):
        server.allow("was tried out and is taken back")
    old = first_and_canary(nginx, status, cloud, public)
    wait_until(lambda: len({apache.show(theirs).der for _ in range(10)}) == 2, "both certificates at the other server")
    client = pinned(old)

    # The clients of one server refuse it, and the agent of the other may be the one that leads.
    def is_back():
        with contextlib.suppress(tls.HandshakeFailure):
            nginx.show(public, client)
        return told(status)["refused_canary"] == 2

    wait_until(is_back, "the end of the canary", timeout=60)
    for server, site in ((nginx, public), (apache, theirs)):
        wait_until(lambda: all(server.show(site).der == old for _ in range(20)), "the first one at both")


@pytest.mark.parametrize(("canary", "sentence"), [
    ("5s", r'"5s" is no time for a canary; write 10s to 7d'),
    ("5min 60%", r'"60%" is no share of the handshakes; write 1% to 50%'),
])
def test_a_bad_canary_is_one_sentence(server, settings, public, canary, sentence):
    configured(server, settings, public, canary)
    works, said = server.test()
    assert not works
    assert re.search(sentence, said + server.log_text()), said
