# SPDX-License-Identifier: Apache-2.0
"""Certificates that no server block names, chosen by the name that a client asks for."""

import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile

import pytest
from conftest import SERVERS
from lab import place, processes, tls
from lab.authority import DAY, Authority
from lab.net import free_port
from lab.server import Site
from lab.status import with_status
from lab.waiting import wait_until

COUNT = 200
DOMAIN = "catalogue.example"


def ctl(state, *arguments):
    done = subprocess.run([place.program("ccmctl"), "--state-dir", state, *map(str, arguments)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(name="state")
def fixture_state(scratch):
    return scratch / "state"


@pytest.fixture(scope="module", name="many")
def fixture_many():
    """A store of COUNT certificates, to be copied, and the root in PEM."""
    # Not among what tests must leave empty.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ccm-catalogue-", dir=os.environ.get("TMPDIR", "/tmp")))
    yield folder / "state", fill(folder / "state", COUNT)
    shutil.rmtree(folder)


def fill(state, count, *key):
    """Stores certificates for s0.catalogue.example and so on; gives the root in PEM."""
    state.mkdir(mode=0o700, exist_ok=True)
    return subprocess.run([place.program("ccm-catalogue-probe"), state, str(count), *key],
                          capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.fixture(name="edge")
def fixture_edge():
    return Site(free_port(), ("edge.example",), ("catalogue=edge",), default=True)


@pytest.fixture(name="catalogued")
def fixture_catalogued(server, state, edge):
    """A server with one site, whose catalogue has everything in the store; it has no cloud."""
    server.configure(settings={"state_path": state, "catalogue": "edge source=store"}, sites=[edge])
    return server


def shows(site, name, trust=None):
    """The certificate shown for a name; None when the handshake fails."""
    try:
        return tls.handshake(site.port, name, tls.context(trust))
    except tls.HandshakeFailure:
        return None


def put(state, scratch, entry, issued):
    files = {"cert.pem": issued.pem(), "chain.pem": issued.chain_pem(), "privkey.pem": issued.key_pem()}
    folder = scratch / f"import-{entry}"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return ctl(state, "import", entry, "--directory", folder)


def all_workers(server):
    wait_until(lambda: len(server.workers()) == server.workers_wanted, "all workers")
    return server.workers()


@pytest.mark.xdist_group("catalogue")
def test_each_of_many_certificates_is_served_by_its_name(catalogued, state, edge, many):
    stored, trust = many
    shutil.copytree(stored, state, symlinks=True)
    catalogued.start()
    workers = all_workers(catalogued)
    context = tls.context(trust)
    seen = {tls.handshake(edge.port, f"s{i}.{DOMAIN}", context).serial for i in range(COUNT)}
    assert len(seen) == COUNT
    catalogued.wait_for_log(rf'catalogue "edge": {COUNT} certificates are shown for {COUNT} names')
    assert catalogued.log_text().count("is shown, version") == 0, "a line for each certificate"
    # A name that nobody has, in any case, and in other letters.
    assert shows(edge, f"s{COUNT}.{DOMAIN}") is None and shows(edge, "edge.example") is None
    assert shows(edge, "S7.CATALOGUE.example", trust) is not None
    assert catalogued.workers() == workers


def test_certificates_come_and_go_without_a_reload(catalogued, state, edge, scratch):
    catalogued.start()
    workers = all_workers(catalogued)
    catalogued.wait_for_agent()
    authority = Authority()
    trust = authority.trust()
    assert shows(edge, "new.example") is None
    wait_until(lambda: list(state.glob("settings-*")), "the server's settings")
    first = authority.issue("new.example", "*.wild.example")
    said = put(state, scratch, "new", first)
    assert said.count("\n") <= 1
    wait_until(lambda: shows(edge, "new.example", trust), "the imported certificate")
    assert shows(edge, "any.wild.example", trust).serial == first.serial
    assert shows(edge, "wild.example") is None and shows(edge, "a.b.wild.example") is None
    # The exact name comes before the wildcard, and what ends later before what ends sooner.
    exact = authority.issue("one.wild.example")
    put(state, scratch, "one", exact)
    wait_until(lambda: shows(edge, "one.wild.example", trust).serial == exact.serial, "the exact name")
    later = authority.issue("new.example", lasts=95 * DAY)
    put(state, scratch, "later", later)
    wait_until(lambda: shows(edge, "new.example", trust).serial == later.serial, "the later end")
    ctl(state, "forget", "later", "--yes")
    wait_until(lambda: shows(edge, "new.example", trust).serial == first.serial, "the one before")
    ctl(state, "forget", "new", "--keep-versions")
    wait_until(lambda: shows(edge, "new.example") is None, "the end of the name")
    assert shows(edge, "one.wild.example", trust) is not None
    assert catalogued.workers() == workers


def test_the_status_tells_of_a_catalogue_and_of_what_it_lacks(server, state, edge):
    fill(state, 3)
    status = with_status(server, settings={"state_path": state, "catalogue": "edge source=store"}, sites=[edge])
    server.start()
    wait_until(lambda: shows(edge, f"s0.{DOMAIN}"), "the catalogue")
    for _ in range(2):
        assert shows(edge, f"nobody.{DOMAIN}") is None

    def told():
        metrics = status.metrics()
        return metrics['ccm_catalogue_misses_total{asked="unknown_name"}'] == 2 and metrics

    metrics = wait_until(told, "both misses")
    assert metrics['ccm_catalogue_certificates{catalogue="edge"}'] == 3
    assert metrics['ccm_catalogue_names{catalogue="edge"}'] == 3
    assert metrics['ccm_catalogue_misses_total{asked="no_name"}'] == 0
    assert status.json()["catalogues"] == [{"name": "edge", "certificates": 3, "names": 3}]
    page = status.ask()[1]
    assert "its certificates are those of catalogues" in page
    assert "<dt>edge</dt><dd>3 certificates for 3 names</dd><dt>Misses</dt><dd>2 with an unknown name" in page


def test_ccmctl_knows_what_a_catalogue_shows(catalogued, state):
    fill(state, 2)
    catalogued.start()
    wait_until(lambda: list(state.glob("settings-*")), "the server's settings")
    said = ctl(state, "status")
    assert len(re.findall(r"^s[01]-P-256 +import +valid +by catalogue", said, re.MULTILINE)) == 2, said
    assert "In no server's configuration" not in said and "certificates: 2" not in said
    said = ctl(state, "doctor")
    assert re.search(r"ok +cloud +no certificate of this host comes from it", said), said
    assert re.search(r"settings of \w+ +0 certificates, and a catalogue", said), said


def test_check_asks_for_what_only_a_catalogue_shows(catalogued, state, edge, scratch):
    trust = fill(state, 2)
    catalogued.start()
    wait_until(lambda: shows(edge, f"s1.{DOMAIN}", trust), "the catalogue")

    def check(*words):
        done = subprocess.run([place.program("ccmctl"), "--state-dir", state, "check", *words],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout

    # Clients of this machine trust neither the served nor the stored chain.
    wait_until(lambda: check()[0] == 0, "nothing to complain of")
    assert re.match(r"CCM OK - 2 certificates, s[01]-P-256 expires in ", check()[1]), check()
    assert re.match(r"CCM OK - 1 certificate, s1-P-256 expires in ", check("s1-P-256")[1]), check("s1-P-256")
    code, line = check("--warning", "9000d")
    assert code == 1 and "asked for s0.catalogue.example, shows a certificate that ends in" in line, line
    # Only one of the two for this name can be shown.
    put(state, scratch, "another", Authority().issue(f"s0.{DOMAIN}"))
    wait_until(lambda: check()[1].startswith("CCM OK - 3 certificates"), "both certificates of one name")
    # The one that is shown is judged like any other.
    checked = [check(name, "--warning", "9000d") for name in ("s0-P-256", "another")]
    assert all(code == 1 and "shows a certificate that ends in" in line for code, line in checked), checked
    assert sum("(it is " in line for _, line in checked) == 1, checked
    code, line = check("nosuch")
    assert code == 3 and "no server of this host shows a certificate" in line, line


def test_a_catalogue_in_stream(make_server, state, edge):
    trust = fill(state, 1)
    edge.stream = True
    server = make_server(SERVERS["nginx"])
    server.configure(settings={"state_path": state, "catalogue": "edge source=store"}, sites=[edge])
    server.start()
    assert shows(edge, f"s0.{DOMAIN}", trust) is not None and shows(edge, "other.example") is None


def test_an_rsa_and_an_ecdsa_certificate_of_one_name(catalogued, state, edge):
    trusts = {"ECDSA": fill(state, 1), "RSA": fill(state, 1, "RSA-2048")}
    catalogued.start()
    for kind, trust in trusts.items():
        context = tls.context(trust, ssl.TLSVersion.TLSv1_2, f"ECDHE-{kind}-AES128-GCM-SHA256")
        assert kind in tls.handshake(edge.port, f"s0.{DOMAIN}", context).cipher


def test_without_an_agent_a_reload_and_a_restart_serve_it_still(catalogued, state, edge, scratch):
    trust = fill(state, 3)
    catalogued.start()
    catalogued.stop()
    broken = state / "certificates" / "s1-P-256"
    for key in broken.glob("*/*/privkey.pem"):
        key.write_bytes(b"damaged")
    # Where the agent had the time to keep a copy of it, that would be shown.
    (state / "snapshot").unlink(missing_ok=True)
    catalogued.allow(r"s1-P-256")
    catalogued.allow(r"agent")
    # An agent program that does nothing: what is there is the master's own work.
    lame = scratch / "lame"
    lame.write_text("#!/bin/sh\nexit 0\n")
    lame.chmod(0o755)
    catalogued.configure(settings={"state_path": state, "catalogue": "edge source=store", "agent_path": lame},
                         sites=[edge])
    catalogued.start()
    for _ in range(2):
        assert [bool(shows(edge, f"s{i}.{DOMAIN}", trust)) for i in range(3)] == [True, False, True]
        catalogued.reload()


def test_what_the_store_has_lost_as_a_whole_is_shown_still(catalogued, state, edge, scratch):
    trust = fill(state, 3)
    catalogued.allow("has lost (all )?certificates")
    catalogued.start()
    snapshot, folder, away = state / "snapshot", state / "certificates", scratch / "away"
    wait_until(lambda: snapshot.exists() and all(f"s{i}-P-256".encode() in snapshot.read_bytes() for i in range(3)),
               "all of them in the snapshot")

    def shown():
        return [bool(shows(edge, f"s{i}.{DOMAIN}", trust)) for i in range(3)]

    folder.rename(away)
    for step in (catalogued.reload, catalogued.stop, catalogued.start, catalogued.reload):
        step()
        if step != catalogued.stop:
            assert shown() == [True] * 3, step
    catalogued.wait_for_log("has lost all certificates")
    catalogued.stop()
    shutil.rmtree(folder)
    away.rename(folder)
    catalogued.start()
    assert shown() == [True] * 3


def test_the_copy_of_a_damaged_entry_is_shown_at_a_start_and_put_back(catalogued, state, edge):
    trust = fill(state, 3)
    catalogued.allow('"s1-P-256": ')
    catalogued.start()
    snapshot = state / "snapshot"
    wait_until(lambda: snapshot.exists() and all(f"s{i}-P-256".encode() in snapshot.read_bytes() for i in range(3)),
               "all of them in the snapshot")
    catalogued.stop()
    key = state / "certificates/s1-P-256/current/privkey.pem"
    whole = key.read_bytes()
    key.write_bytes(b"x")
    catalogued.start()
    assert [bool(shows(edge, f"s{i}.{DOMAIN}", trust)) for i in range(3)] == [True] * 3
    catalogued.wait_for_log('"s1-P-256": .*privkey.pem was altered')
    catalogued.wait_for_log('"s1-P-256": .*; the last copy is installed again as version 2')
    wait_until(lambda: key.read_bytes() == whole, "the key in the store")


@pytest.mark.parametrize("kind", ["nginx"], indirect=True)
def test_the_death_of_its_agent_is_seen_although_no_certificate_is_named(server, state, edge):
    fill(state, 1)
    status = with_status(server, settings={"state_path": state, "catalogue": "edge source=store"}, sites=[edge])
    server.allow(r"unknown process \d+ exited on signal 9|no agent has given a sign of life")
    server.start()
    server.wait_for_agent()
    wait_until(lambda: status.metrics()["ccm_agent_up"] == 1, "a sign of life")
    sessions = {processes.session(pid) for pid in server.monitors()}
    wait_until(lambda: any(processes.session(pid) in sessions for pid in processes.named("ccm-guard")), "the guard")
    for name in ("ccm-monitor", "ccm-guard", "ccm-agent"):
        for pid in processes.named(name):
            if processes.session(pid) in sessions:
                processes.kill(pid)
    # What the alert rule CcmAgentDead looks at, and what the check of a monitoring system says.
    wait_until(lambda: status.metrics()["ccm_agent_up"] == 0, "the alarm")
    assert status.json()["server"]["level"] == "bad"
    done = subprocess.run([place.program("ccmctl"), "--state-dir", state, "check"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and re.match(r"CCM CRITICAL - nginx: agent dead since ", done.stdout), done.stdout


def test_a_name_that_the_catalogue_lacks_gets_the_default_certificate(catalogued, state, edge, static):
    trust = fill(state, 1)
    edge.static = static.static
    catalogued.configure(settings={"state_path": state, "catalogue": "edge source=store"}, sites=[edge])
    catalogued.start()
    default = static.static[0].read_text()
    assert shows(edge, f"s0.{DOMAIN}", trust) is not None
    assert shows(edge, f"s0.{DOMAIN}").der != ssl.PEM_cert_to_DER_cert(default)
    assert shows(edge, "other.example").der == ssl.PEM_cert_to_DER_cert(default)


def test_sessions_are_resumed(catalogued, state, edge):
    fill(state, 1)
    catalogued.start()
    context = tls.context(version=ssl.TLSVersion.TLSv1_2)
    session = resumable(edge, context)
    assert tls.handshake(edge.port, f"s0.{DOMAIN}", context, session=session).resumed


def resumable(site, context):
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as raw:
        with context.wrap_socket(raw, server_hostname=f"s0.{DOMAIN}") as stream:
            return stream.session


def test_a_killed_agent_leaves_a_catalogue_that_works(catalogued, state, edge):
    trust = fill(state, 20)
    catalogued.allow(r"agent")
    catalogued.start()
    for _ in range(3):
        agent = catalogued.wait_for_agent()
        processes.kill(agent)
        assert all(shows(edge, f"s{i}.{DOMAIN}", trust) for i in range(20))
        catalogued.wait_for_agent(but_not=[agent])


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("catalogue, use, complaint", [
    ("edge source=store", "catalogue=egde", r'unknown catalogue "egde"; did you mean "edge"'),
    ("edge source=files", "catalogue=edge", r'"files" is not where a catalogue can come from; write source=store'),
    ("edge", "catalogue=edge", r"write (CCMCatalogue|catalogue) NAME source=store"),
    ("edge source=store", "catalogue=edge name=x", r'"name=x" follows the catalogue "edge"'),
])
def test_a_wrong_catalogue_is_refused_with_a_sentence(make_server, state, edge, name, catalogue, use, complaint):
    server = make_server(SERVERS[name])
    edge.certificates = (use,)
    server.configure(settings={"state_path": state, "catalogue": catalogue}, sites=[edge])
    good, said = server.test()
    assert not good
    assert re.search(complaint, said), said
