# SPDX-License-Identifier: Apache-2.0
"""A catalogue of every certificate that SCM has issued for an account."""

import re
import shutil
import subprocess

import pytest
from conftest import SERVERS
from lab import place, tls
from lab.net import free_port
from lab.server import Certificate, Site
from lab.status import with_status
from lab.waiting import wait_until

MANY = 400


def ctl(state, *arguments, code=0):
    """What it printed, once it has ended with that status; None: with whatever status."""
    done = subprocess.run([place.program("ccmctl"), "--state-dir", state, *map(str, arguments)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(name="state")
def fixture_state(scratch):
    return scratch / "state"


@pytest.fixture(name="edge")
def fixture_edge():
    return Site(free_port(), ("edge.example",), ("catalogue=edge",), default=True)


@pytest.fixture(name="nginx")
def fixture_nginx(make_server):
    return make_server(SERVERS["nginx"])


def configure(server, settings, edge, catalogue="edge source=scm", **more):
    server.configure(settings={**settings, "catalogue": catalogue}, sites=[edge], **more)


def tag(cloud, state, record, words, action="create"):
    """Tags a certificate as an operator does."""
    ctl(state, "--credentials", cloud.facts["credentials_file"], "--ca-file", cloud.facts["ca_file"],
        "--scm-endpoint", cloud.facts["scm"], "certificates", "change-tags", record["id"], "--action", action, "--tags", words)


def serial_for(site, name, trust):
    """The serial of the trusted certificate shown for a name; None when the handshake fails."""
    try:
        return tls.handshake(site.port, name, tls.context(trust)).serial
    except tls.HandshakeFailure:
        return None


def wait_for(site, record, trust, timeout=40):
    for name in record["names"]:
        asked = name.replace("*", "any")
        wait_until(lambda name=asked: serial_for(site, name, trust) == record["serial"], f"{name} to be served",
                   timeout=timeout)


def exports(cloud):
    return [entry["resource"] for entry in cloud.requests() if entry["operation"] == "ExportCertificate"]


def test_what_is_issued_is_served_by_its_name_and_goes_when_it_is_gone(server, cloud, settings, state, edge):
    first = cloud.issue(["one.example", "*.wild.example"])
    revoked = cloud.issue(["revoked.example"])
    gone = cloud.issue(["gone.example"])
    kept = cloud.issue(["kept.example"])
    upload = cloud.issue(["upload.example"], status="UPLOAD")
    configure(server, settings, edge)
    server.allow(r"clients ask for it, and nothing else")
    server.start()
    trust = cloud.trust()
    wait_for(edge, first, trust)
    wait_for(edge, revoked, trust)
    wait_for(edge, kept, trust)
    workers = server.workers()
    # What clients ask for and nothing replaces stays while it is valid, though not when it was revoked.
    assert serial_for(edge, "revoked.example", trust) == revoked["serial"]
    for record in (gone, kept):
        cloud.admin("DELETE", f"/scm/certificates/{record['id']}")
    cloud.admin("POST", f"/scm/certificates/{revoked['id']}/revoke", {})
    wait_until(lambda: serial_for(edge, "revoked.example", trust) is None, "the end of what was revoked")
    wait_until(lambda: not (state / f"certificates/scm_{gone['id']}").exists(), "the end of what nobody asked for")
    server.wait_for_log(rf"scm_{kept['id']}.* clients ask for it, and nothing else")
    assert serial_for(edge, "kept.example", trust) == kept["serial"]
    # A successor joins, and then the other may go.
    successor = cloud.issue(["kept.example"], days=390)
    wait_for(edge, successor, trust)
    assert serial_for(edge, "upload.example", trust) is None
    assert upload["id"] not in exports(cloud)
    assert len(exports(cloud)) == len(set(exports(cloud))), "each is exported once"
    assert server.workers() == workers


def test_what_the_store_has_lost_is_shown_over_a_reload_and_put_back(server, cloud, settings, state, edge):
    records = [cloud.issue([f"lost{i}.example"]) for i in range(2)]
    configure(server, settings, edge)
    server.allow("has lost (all )?certificates|Failed to connect|Could not connect|Connection refused")
    server.start()
    trust = cloud.trust()
    for record in records:
        wait_for(edge, record, trust)
    entries = [f"scm_{record['id']}" for record in records]
    snapshot = state / "snapshot"
    wait_until(lambda: snapshot.exists() and all(entry.encode() in snapshot.read_bytes() for entry in entries),
               "both in the snapshot")
    cloud.stop()
    shutil.rmtree(state / "certificates" / entries[0])
    server.reload()
    server.wait_for_log("the store has lost certificates; what was shown before")
    assert [serial_for(edge, record["names"][0], trust) for record in records] == [each["serial"] for each in records]
    # All of it, and after a start nothing says that the account still has what the catalogue showed.
    server.stop()
    shutil.rmtree(state / "certificates")
    server.start()
    assert serial_for(edge, "lost1.example", trust) is None
    cloud.start()
    before = exports(cloud)
    for record in records:
        wait_for(edge, record, trust)
    assert exports(cloud) == before, "the copies were there"


def test_a_catalogue_that_shows_nothing_says_so(server, cloud, settings, state, edge):
    """The store is lost, the account cannot be asked, and after a start nothing else remembers what was shown."""
    record = cloud.issue(["lost.example"])
    status = with_status(server, settings={**settings, "catalogue": "edge source=scm"}, sites=[edge])
    server.allow("has lost (all )?certificates|Failed to connect|Could not connect|Connection refused")
    server.start()
    trust = cloud.trust()
    wait_for(edge, record, trust)
    wait_until(lambda: status.json()["server"]["level"] == "good", "a good status")
    assert ctl(state, "check").startswith("CCM OK")
    server.stop()
    cloud.stop()
    for lost in ("certificates", "records"):
        shutil.rmtree(state / lost, ignore_errors=True)
    (state / "snapshot").unlink()
    mark = server.log_size()
    server.start()
    server.wait_for_log("catalogue of scm: .*; nothing is stored of it, so it shows nothing", since=mark)
    assert serial_for(edge, "lost.example", trust) is None
    assert status.json()["server"]["level"] == "warning" and status.json()["catalogues"][0]["certificates"] == 0
    assert "The catalogue edge shows nothing: no certificate of the account is stored here." in status.ask("?format=html")[1]
    said = "catalogue of scm: nothing is stored of it, so it shows nothing; the account has not been seen yet: "
    wait_until(lambda: said in ctl(state, "status"), "what status says")
    assert said in ctl(state, "check", code=1)
    cloud.start()
    wait_for(edge, record, trust)
    wait_until(lambda: status.json()["server"]["level"] == "good", "a good status again")
    wait_until(lambda: ctl(state, "check", code=None).startswith("CCM OK"), "a good check again")


def test_a_configured_certificate_stays_with_its_entry(nginx, cloud, settings, state, edge):
    record = cloud.issue(["named.example"])
    named = Certificate("named", "scm", ("named.example",))
    site = Site(free_port(), ("named.example",), ("named",))
    nginx.configure(settings={**settings, "catalogue": "edge source=scm"}, certificates=[named],
                    sites=[edge, site])
    nginx.start()
    trust = cloud.trust()
    assert nginx.wait_for_certificate(site, trust) == record["serial"]
    wait_for(edge, record, trust)
    wait_until(lambda: not (state / f"certificates/scm_{record['id']}").exists(), "a single entry")


def test_only_what_has_the_tag(nginx, cloud, settings, state, edge):
    records = [cloud.issue([f"t{i}.example"]) for i in range(3)]
    for record in records[:2]:
        tag(cloud, state, record, "key=env,value=prod")
    tag(cloud, state, records[2], "key=env,value=test")
    configure(nginx, settings, edge, "edge source=scm tag=env:prod")
    nginx.start()
    trust = cloud.trust()
    for record in records[:2]:
        wait_for(edge, record, trust)
    assert serial_for(edge, "t2.example", trust) is None
    # The tag comes and goes without a word of configuration.
    tag(cloud, state, records[2], "key=env,value=prod")
    wait_for(edge, records[2], trust)
    assert records[2]["id"] in exports(cloud)
    entry = f"scm_{records[2]['id']}"
    assert re.search(rf"{entry} +scm:{records[2]['id']} +valid +by catalogue", ctl(state, "status", "-o", "wide"))
    said = ctl(state, "forget", entry, "--yes", code=4)
    assert "take its tag away" in said
    ctl(state, "forget", entry, "--keep-versions")
    wait_until(lambda: serial_for(edge, "t2.example", trust) is None, "the end of what was forgotten")
    assert re.search(r"catalogue of scm tag=env:prod +3 certificates", ctl(state, "doctor", code=None))


def test_an_account_with_more_than_its_lists_show(nginx, cloud, settings, state, edge):
    cloud.admin("POST", "/options", {"strict_paging": True})
    many = [cloud.issue([f"m{i:03}.many.example"]) for i in range(MANY)]
    # So that nothing but lists shows the account, and not all of it.
    cloud.fault({"status": 403, "code": "SCM.0006"}, "scm", "ListCertificatesByTag")
    configure(nginx, settings, edge)
    nginx.start()
    trust = cloud.trust()
    nginx.wait_for_log(rf"the account shows {MANY} certificates; {MANY} are stored here", timeout=120)
    context = tls.context(trust)
    for record in many[::7]:
        assert tls.handshake(edge.port, record["names"][0], context).serial == record["serial"]
    assert sorted(exports(cloud)) == sorted(record["id"] for record in many)


def test_a_name_that_no_list_shows_is_looked_for(nginx, cloud, settings, edge):
    cloud.issue(["first.example"])
    # Looks only once an hour, so that only a client's question finds what is new.
    configure(nginx, {**settings, "check_interval": "1h"}, edge)
    nginx.start()
    trust = cloud.trust()
    wait_until(lambda: serial_for(edge, "first.example", trust), "the first list")
    late = cloud.issue(["late.example"])
    wild = cloud.issue(["*.late.example"])
    wait_for(edge, late, trust)
    wait_for(edge, wild, trust)


def test_a_flood_of_made_up_names_costs_a_bounded_number_of_calls(nginx, cloud, settings, edge):
    record = cloud.issue(["first.example"])
    configure(nginx, {**settings, "check_interval": "1h"}, edge)
    nginx.start()
    trust = cloud.trust()
    wait_for(edge, record, trust)
    before = cloud.count("ListCertificates")
    for i in range(300):
        assert serial_for(edge, f"x{i}.nowhere{i}.example", trust) is None
    # Ten at once, each with three lists at most, and then thirty a minute.
    wait_until(lambda: cloud.count("ListCertificates") > before, "the first search")
    assert cloud.count("ListCertificates") - before <= 3 * (10 + 60)
    again = cloud.issue(["real.example"])
    wait_for(edge, again, trust, timeout=120)
