# SPDX-License-Identifier: Apache-2.0
"""Hosts that share their certificates through an etcd of three members. Each has a state directory of its own."""

import json
import signal
import subprocess

import pytest
from lab import ctl, processes, tls
from lab.apache import Apache
from lab.clock import HostClock
from lab.etcd import CONTROL, PROGRAM, SecureEtcd, port_of
from lab.fleet import Fleet
from lab.nginx import Nginx
from lab.server import Certificate
from lab.waiting import wait_until

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="there is no /usr/bin/etcd")


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_one_order_for_all_hosts_and_no_key_readable_in_etcd(scratch, fleet, etcd, cloud):
    etcd.start()
    hosts = [fleet.host(Nginx, "one"), fleet.host(Apache, "two")]
    for host in hosts:
        host.server.start()
    [serial] = {host.serial(cloud) for host in hosts}
    assert len(cloud.issued()) == 1
    # A member of etcd dies; a renewal reaches all, and a host that joins late has it, too.
    etcd.kill_member(0)
    cloud.revoke_issued()
    [renewed] = {host.serial(cloud, but_not=[serial]) for host in hosts}
    late = fleet.host(Nginx, "late")
    late.server.start()
    assert late.serial(cloud) == renewed
    assert len(cloud.issued()) == 2
    values = etcd.values()
    for host in [*hosts, late]:
        pem = (host.state / "certificates/intranet/current/privkey.pem").read_bytes()
        der = subprocess.run(["openssl", "pkey", "-outform", "DER"], input=pem, capture_output=True,
                             check=True).stdout
        assert any(key.startswith("/cl/web/versions/intranet/") for key in values)
        for value in values.values():
            assert der[-64:] not in value and b"PRIVATE KEY" not in value
    # A host that was removed hears of nothing new.
    fleet.ctl(hosts[0].key, "leave", "late", "--yes")
    late.server.allow("no member of the fleet any more")
    late.server.wait_for_log("no member of the fleet any more")
    said = ctl.run(scratch, "fleet", "keys", *fleet.place(late.key), status=4)
    assert "no member of the fleet any more" in said
    cloud.revoke_issued()
    [last] = {host.serial(cloud, but_not=[serial, renewed]) for host in hosts}
    assert late.server.show(late.site).serial == renewed != last


@pytest.mark.parametrize("kinds", [(Nginx, Apache), (Apache, Nginx)], ids=["nginx", "apache"])
def test_the_leader_looks_after_what_only_another_host_names(fleet, etcd, cloud, kinds):
    etcd.start()
    mail = Certificate("mail", fleet.certificate.source, ("mail.intra.example",))
    one, two = fleet.host(kinds[0], "one"), fleet.host(kinds[1], "two", certificate=mail)
    one.server.start()
    serial = one.serial(cloud)
    assert fleet.leader() == "one"
    # A host of another role comes later; it serves what the leader obtains and renews for it.
    two.server.start()
    first = two.serial(cloud)
    assert fleet.leader() == "one"
    for host in (one, two):
        wait_until((host.state / "certificates/mail/current/privkey.pem").exists, f"the copy of {host}")
    cloud.revoke_issued()
    renewed = two.serial(cloud, but_not=[first])
    serial = one.serial(cloud, but_not=[serial])
    assert len(cloud.issued()) == 4
    # The other one leads, and looks after both.
    one.server.kill()
    wait_until(lambda: fleet.leader() == "two", "another leader", timeout=40)
    cloud.revoke_issued()
    assert two.serial(cloud, but_not=[first, renewed])
    wait_until(lambda: len(cloud.issued()) == 6, "a renewal of what only the dead host names")
    # It has it when it comes back.
    one.server.start()
    assert one.serial(cloud, but_not=[serial])
    assert len(cloud.issued()) == 6


def test_the_status_says_what_each_host_is_behind_on(fleet, etcd, cloud):
    etcd.start()
    one, two = fleet.host(Nginx, "one"), fleet.host(Apache, "two")
    one.server.start()
    serial = one.serial(cloud)

    def host(name):
        [found] = [each for each in json.loads(ctl.run(one.state, "fleet", "status", "--json"))["hosts"]
                   if each["name"] == name]
        return found

    wait_until(lambda: "nothing was heard for 15m or longer of two:" in ctl.run(one.state, "fleet", "status"),
               "the leader's own report")
    assert "last_seen" not in host("two")
    two.server.start()
    assert two.serial(cloud) == serial
    wait_until(lambda: host("two").get("behind") == [], "a report of the other host")
    assert host("two")["agent"] and abs(host("two")["clock_difference"]) < 5
    assert host("one")["leads"] and host("one")["behind"] == []
    # It hears of nothing any more.
    two.server.kill()
    cloud.revoke_issued()
    one.serial(cloud, but_not=[serial])
    wait_until(lambda: host("two")["behind"] == [{"name": "intranet", "version": 2}], "a host that is behind")
    assert "intranet (version 2)" in ctl.run(one.state, "fleet", "status")
    wait_until(lambda: host("one")["behind"] == [], "the leader's own report")
    two.server.start()
    wait_until(lambda: host("two")["behind"] == [], "a host that has caught up")


def test_every_host_tells_how_all_hosts_are(fleet, etcd, cloud):
    etcd.start()
    one, two = fleet.host(Nginx, "one"), fleet.host(Apache, "two")
    hosts = [one, two]
    for host in hosts:
        host.server.start()
    [serial] = {host.serial(cloud) for host in hosts}
    leader, other = sorted(hosts, key=lambda host: host.name != fleet.leader())

    def told(host):
        return host.status.json()["agent"]["fleet"]["hosts"]

    def agree(**wanted):
        return wait_until(lambda: all((found := told(host)) and wanted.items() <= found.items() for host in hosts),
                          f"{wanted} on every host", timeout=60)

    agree(count=2, silent=0, behind=0, wrong_clocks=0)
    for host in hosts:
        worst = {each["name"]: each for each in told(host)["worst"]}
        assert [name for name, each in worst.items() if each["leads"]] == [leader.name]
        assert all(each["agent"] and each["last_seen"] and abs(each["clock_difference"]) < 5
                   for each in worst.values())
        assert set(worst) == {"one", "two"}
        metrics = host.status.metrics()
        assert metrics['ccm_fleet_hosts{fleet="web"}'] == 2 and metrics['ccm_fleet_hosts_silent{fleet="web"}'] == 0
        page = host.status.ask()[1]
        assert "2 of 2 hosts, the worst first" in page
        assert ("this host leads it" if host is leader else f"{leader.name} leads it") in page
    # It hears of nothing any more. The one that leads says so, and the plug-in there.
    other.server.kill()
    cloud.revoke_issued()
    leader.serial(cloud, but_not=[serial])
    wait_until(lambda: told(leader)["behind"] == 1, "a host that is behind", timeout=90)
    assert told(leader)["worst"][0]["name"] == other.name and told(leader)["worst"][0]["behind_on"] == ["intranet"]
    said = ctl.run(leader.state, "check", status=1)
    assert f'the host "{other.name}" does not have the newest version of intranet' in said
    assert leader.status.json()["server"]["level"] == "good"
    # Another host leads, and has a look of its own.
    other.server.start()
    leader.server.kill()
    wait_until(lambda: fleet.leader() == other.name, "another leader", timeout=60)
    wait_until(lambda: told(other) and told(other)["behind"] == 0, "a host that has caught up", timeout=60)
    [event] = wait_until(lambda: [event for event in json_lines(ctl.run(other.state, "events", "--json"))
                                  if event["event"] == "leader-changed"], "what happened")
    assert (event["before"], event["host"]) == (leader.name, other.name)


def test_hosts_that_come_and_go_are_events(fleet, etcd, cloud):
    etcd.start()
    host = fleet.host(Nginx, "one")
    host.server.start()
    host.serial(cloud)

    def counted():
        hosts = host.status.json()["agent"]["fleet"]["hosts"]
        return hosts["count"] if hosts else 0

    def events():
        return [(event["event"], event["host"]) for event in json_lines(ctl.run(host.state, "events", "--json"))
                if event["event"].startswith("host-")]

    wait_until(lambda: counted() == 1, "what the host says of itself", timeout=40)
    fleet.let_in("two")
    wait_until(lambda: counted() == 2, "a host that was let in", timeout=40)
    fleet.ctl(host.key, "leave", "two", "--yes")
    wait_until(lambda: counted() == 1, "a host that was removed", timeout=40)
    wait_until(lambda: events() == [("host-joined", "two"), ("host-left", "two")], "the events")


def test_a_host_watches_the_member_of_its_own_choice(fleet, etcd, cloud):
    etcd.start()
    host = fleet.host(Nginx, "one")
    host.server.start()
    host.serial(cloud)
    # By its id, so that the hosts of a fleet spread.
    chosen = int(etcd.values()["/cl/web/leader"][:2], 16) % len(etcd.endpoints)
    agent = host.server.wait_for_agent()
    wait_until(lambda: port_of(etcd.endpoints[chosen]) in processes.remote_ports(agent), "its member")


def test_starts_without_etcd_and_catches_up(fleet, etcd, cloud):
    etcd.start()
    host = fleet.host(Nginx, "one")
    etcd.stop()
    host.server.start()
    host.server.wait_for_log("this host goes on with its copy")
    assert host.server.show(host.site).serial and not cloud.issued()
    etcd.start()
    serial = host.serial(cloud)
    # In mid-life it is served from the copy, also after a start.
    etcd.stop()
    host.server.stop()
    host.server.start()
    assert host.server.show(host.site).serial == serial
    etcd.start()
    assert len(cloud.issued()) == 1


def test_a_leader_that_was_stopped_beyond_its_lease_orders_nothing_more(fleet, etcd, cloud):
    etcd.start()
    hosts = {name: fleet.host(Nginx, name) for name in ("one", "two")}
    for host in hosts.values():
        host.server.allow("has not moved for a while")
        host.server.allow("another host leads the fleet")
        host.server.start()
    [serial] = {host.serial(cloud) for host in hosts.values()}
    leader = fleet.leader()
    [other] = set(hosts) - {leader}
    monitors = hosts[leader].server.monitors()
    guards = [pid for pid in processes.named("ccm-guard") if processes.parent(pid) in monitors]
    frozen = [*guards, *monitors, hosts[leader].server.wait_for_agent()]
    for pid in frozen:
        processes.kill(pid, signal.SIGSTOP)
    wait_until(lambda: fleet.leader() == other, "another leader", timeout=40)
    cloud.revoke_issued()
    renewed = hosts[other].serial(cloud, but_not=[serial])
    for pid in reversed(frozen):
        processes.kill(pid, signal.SIGCONT)
    assert hosts[leader].serial(cloud, but_not=[serial]) == renewed
    assert len(cloud.issued()) == 2 and fleet.leader() == other


@pytest.mark.parametrize("victim", ["agent", "host"])
def test_an_order_outlives_a_leader_that_was_killed_in_the_middle_of_it(fleet, etcd, cloud, victim):
    etcd.start()
    hosts = {name: fleet.host(Nginx, name) for name in ("one", "two")}
    # The cloud has issued, and nobody hears of it.
    cloud.fault({"hang": True, "executed": True}, service="pca", operation="CreateCertificateByCsr", times=1)
    for host in hosts.values():
        host.server.allow("was killed|has died")
        host.server.start()
    wait_until(cloud.issued, "a call of the leader")
    leader = fleet.leader()
    [other] = set(hosts) - {leader}
    if victim == "agent":
        processes.kill(hosts[leader].server.wait_for_agent())
        survivors = list(hosts.values())
    else:
        hosts[leader].server.kill()
        survivors = [hosts[other]]
    assert len({host.serial(cloud) for host in survivors}) == 1
    assert len(cloud.issued()) == cloud.count("CreateCertificateByCsr", "pca") == 1
    # The next renewal has an order of its own.
    wait_until(lambda: "/cl/web/records/intranet/order" not in etcd.values(), "the end of the order")


def test_a_member_of_etcd_that_says_nothing_delays_nobody_for_long(fleet, etcd, cloud):
    etcd.start()
    hosts = [fleet.host(Nginx, "one"), fleet.host(Apache, "two")]
    for host in hosts:
        # The answer to a write may be lost with the member; then the leader reads what etcd has, and tries again.
        host.server.allow("etcd had something else than this host knew")
        host.server.start()
    [serial] = {host.serial(cloud) for host in hosts}
    for member in range(len(etcd.members)):
        etcd.pause_member(member)
        cloud.revoke_issued()
        [renewed] = {host.serial(cloud, but_not=[serial]) for host in hosts}
        serial = renewed
        etcd.resume_member(member)
    assert len(cloud.issued()) == 1 + len(etcd.members)


def test_no_agent_is_taken_for_dead_while_all_members_of_etcd_hang(fleet, etcd, cloud):
    etcd.start()
    hosts = {name: fleet.host(kind, name) for name, kind in {"one": Nginx, "two": Apache}.items()}
    for host in hosts.values():
        host.server.allow("write to the fleet|etcd has not answered|another host leads the fleet")
        host.server.start()
    [serial] = {host.serial(cloud) for host in hosts.values()}
    leader = hosts[fleet.leader()]
    for member in range(len(etcd.members)):
        etcd.pause_member(member)
    cloud.revoke_issued()
    leader.server.wait_for_log("does not lead the fleet any more", timeout=60)
    assert {host.server.show(host.site).serial for host in hosts.values()} == {serial}
    for member in range(len(etcd.members)):
        etcd.resume_member(member)
    assert len({host.serial(cloud, but_not=[serial]) for host in hosts.values()}) == 1
    assert not any("has not moved" in host.server.log_text() for host in hosts.values())


@pytest.mark.skipif(not CONTROL.exists(), reason="there is no /usr/bin/etcdctl")
def test_an_etcd_with_users_and_certificates(scratch, cloud, intranet, make_server):
    with SecureEtcd(scratch / "etcd", members=1) as etcd:
        etcd.lock("/cl/web/")
        fleet = Fleet(scratch, cloud, etcd, intranet, make_server)
        host = fleet.host(Apache, "one")
        host.server.start()
        serial = host.serial(cloud)
        wait_until(lambda: "one leads it" in ctl.run(host.state, "doctor", "--offline", status=None), "a good report")
        assert "leads" in ctl.run(host.state, "fleet", "status")
        # Its permission is withdrawn, and given back.
        assert etcd.control("user", "revoke-role", "fleet", "fleet")
        host.server.allow("permission denied|does not lead the fleet any more")
        host.server.wait_for_log("this host goes on with its copy")
        assert "has not followed" in ctl.run(host.state, "check", status=1)
        assert "has not followed the fleet" in ctl.run(host.state, "status")
        assert host.server.show(host.site).serial == serial
        assert etcd.control("user", "grant-role", "fleet", "fleet")
        host.server.wait_for_log("this host follows the fleet again")
        cloud.revoke_issued()
        assert host.serial(cloud, but_not=[serial])
        wait_until(lambda: "CCM OK" in ctl.run(host.state, "check", status=None), "a check that is content")


@pytest.mark.parametrize("kinds", [(Nginx, Apache), (Apache, Nginx)], ids=["nginx", "apache"])
def test_a_wrong_clock_is_told_on_every_host(scratch, fleet, etcd, cloud, kinds):
    etcd.start()
    clock = HostClock(scratch / "clock")
    right, wrong = fleet.host(kinds[0], "right"), fleet.host(kinds[1], "wrong", agent_path=clock.agent_path)
    right.server.start()
    serial = right.serial(cloud)
    wrong.server.start()
    assert wrong.serial(cloud) == serial
    wait_until(lambda: (right.status.json()["agent"]["fleet"]["hosts"] or {}).get("count") == 2, "word of both hosts",
               timeout=60)
    wrong.server.allow("the system's clock was set")
    clock.set(-120)

    def row(host):
        hosts = host.status.json()["agent"]["fleet"]["hosts"] or {"worst": []}
        return next((each for each in hosts["worst"] if abs(each["clock_difference"] or 0) >= 5), None)

    for host in (right, wrong):
        # Its own host tells within 12 seconds; ten later it is in what the leader counts, and in every host's page.
        told = wait_until(lambda host=host: row(host), "a clock that is wrong", timeout=40)
        assert told["name"] == "wrong" and -123 <= told["clock_difference"] <= -117 and not told["is_silent"]
        assert host.status.metrics()['ccm_fleet_hosts_wrong_clock{fleet="web"}'] == 1
    assert right.status.metrics()['ccm_fleet_flaws{fleet="web"}'] == 0
    assert wrong.status.metrics()['ccm_fleet_flaws{fleet="web"}'] == 1
    assert "this host's clock is behind etcd" in wrong.status.ask()[1]
    assert 'the host "wrong" has a clock that is' in ctl.run(right.state, "check", status=1)
    assert "this host's clock is behind etcd's" in ctl.run(wrong.state, "check", status=1)
    # By its clock the next one is not valid yet.
    cloud.revoke_issued()
    renewed = right.serial(cloud, but_not=[serial])
    wait_until(lambda: wrong.status.certificate("intranet")["stored"]["serial"] == renewed, "a copy of the new version")
    assert wrong.status.certificate("intranet")["state"] == "not served"
    assert wrong.server.show(wrong.site).serial == serial
    wrong.server.wait_for_log(r"version 2 is valid only from 20.*Z, and this machine's clock says 20.*Z")
    clock.set(0)
    assert wrong.serial(cloud, but_not=[serial]) == renewed


def test_an_ocsp_response_is_fetched_once_for_all_hosts(fleet, etcd, cloud):
    etcd.start()
    hosts = [fleet.host(kind, name) for name, kind in {"one": Nginx, "two": Apache, "three": Nginx}.items()]
    for host in hosts:
        host.server.start()
    [serial] = {host.serial(cloud) for host in hosts}

    def staples():
        return [tls.staple(host.site.port, host.site.name) for host in hosts]

    wait_until(lambda: None not in staples(), "a staple on every host")
    assert {status for status, _ in staples()} == {"good"} and len(set(staples())) == 1
    assert cloud.count("Ocsp", "pki") == 1
    cloud.revoke_issued()
    for host in hosts:
        host.serial(cloud, but_not=[serial])
    wait_until(lambda: None not in staples(), "a staple of the successor on every host")
    assert {status for status, _ in staples()} == {"good"}
    assert cloud.count("Ocsp", "pki") == 2


@pytest.mark.parametrize("kinds", [(Nginx, Apache), (Apache, Nginx)], ids=["nginx", "apache"])
def test_every_host_shows_the_proofs_of_the_one_that_leads(fleet, etcd, cloud, public, kinds):
    etcd.start()
    cloud.admin("POST", "/options", {"proof_every_ms": 200, "issue_after_ms": 200})
    certificate = Certificate("www", "scm", public.names)
    settings = {"issue": "file", "issue_applicant": "name=Tester phone=+8613900000000 email=hostmaster@example.com",
                "key": "ecdsa:256"}
    one, two = [fleet.host(kind, name, certificate=certificate, **settings)
                for kind, name in zip(kinds, ("one", "two"))]
    for host in (one, two):
        # The authority looks before the workers have the proof, and after it has gone.
        host.server.allow(r"pki-validation/\w+\.txt|SCM has nothing to issue")
    one.server.start()
    wait_until(lambda: fleet.leader() == "one", "a leader")
    two.server.start()
    # A balancer sends the authority to the host that does not lead.
    cloud.proof_places(https={"*": f"127.0.0.1:{two.site.port}"})
    cloud.stock()
    assert one.serial(cloud) == two.serial(cloud)
    assert [order["applications"] for order in cloud.orders()] == [1] and fleet.leader() == "one"
