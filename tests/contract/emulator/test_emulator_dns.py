# SPDX-License-Identifier: Apache-2.0
"""Huawei Cloud DNS: zones, record sets, the name server that answers them, and proofs by DNS."""

import re
import shutil
import socket
import struct
import subprocess

import pytest
from cloud_client import Cloud
from lab.waiting import wait_until
from test_emulator_orders import (ALL, APPLICANT, COMPANY, apply, detail, ordered, shop, state,
                                  wait_for_looks, wait_for_state)
from vendor_client import VendorClient

ZONES = "/v2/zones"
assert shop  # a fixture


@pytest.fixture
def zone(shop):
    """The zone example.net, empty but for its own records."""
    for known in shop.admin("GET", "/dns/zones")["zones"]:
        shop.admin("DELETE", f"/dns/zones/{known['id']}")
    return shop.zone("example.net")


def sets(zone):
    return f"{ZONES}/{zone['id']}/recordsets"


def create(cloud, zone, name, *records, kind="TXT", **fields):
    return cloud.call("POST", sets(zone), {"name": name, "type": kind, "ttl": 300,
                                           "records": list(records), **fields})


# -- a client of DNS, as far as the tests need one ---------------------------------------------------

def question(name, kind, edns=None):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.rstrip(".").split("."))
    extra = b"" if edns is None else b"\0" + struct.pack(">HHIH", 41, edns, 0, 0)
    head = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 1 if extra else 0)
    return head + labels + b"\0" + struct.pack(">HH", kind, 1) + extra


def over_udp(cloud, message):
    host, port = cloud.facts["dns_server"].split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(message, (host, int(port)))
        return client.recv(65535)


def over_tcp(cloud, message):
    host, port = cloud.facts["dns_server"].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(struct.pack(">H", len(message)) + message)
        with client.makefile("rb") as stream:
            return stream.read(struct.unpack(">H", stream.read(2))[0])


def read_head(message):
    """(code, truncated, answers, authority)"""
    _, flags, _, answers, authority, _ = struct.unpack(">HHHHHH", message[:12])
    assert flags & 0x8400 == 0x8400
    return flags & 15, bool(flags & 0x0200), answers, authority


TXT, CNAME, NS, SOA, A = 16, 5, 2, 6, 1


# -- the API ---------------------------------------------------------------------------------------

def test_zones_are_found(shop, zone):
    shop.zone("deep.example.net")
    found = shop.call("GET", ZONES, query=[("type", "public"), ("name", "example.net")]).json
    assert {entry["name"] for entry in found["zones"]} == {"example.net.", "deep.example.net."}
    assert found["metadata"]["total_count"] == 2
    exact = shop.call("GET", ZONES, query=[("name", "example.net"), ("search_mode", "equal")]).json
    entry, = exact["zones"]
    assert (entry["id"], entry["status"], entry["zone_type"]) == (zone["id"], "ACTIVE", "public")
    assert shop.call("GET", f"{ZONES}/{zone['id']}").json["name"] == "example.net."
    assert shop.call("GET", ZONES, query=[("type", "private")]).json["zones"] == []


def test_life_of_a_record_set(shop, zone):
    made = create(shop, zone, "_dnsauth.www.example.net.", '"one"', '"two"')
    assert (made.status, made.json["status"]) == (202, "PENDING_CREATE")
    query = [("name", "_dnsauth.www.example.net."), ("type", "TXT")]
    found, = shop.call("GET", sets(zone), query=query).json["recordsets"]
    assert (found["id"], found["records"]) == (made.json["id"], ['"one"', '"two"'])
    assert found["status"] == "ACTIVE" and not found["default"]
    one = f"{sets(zone)}/{found['id']}"
    changed = shop.call("PUT", one, {"records": ['"three"'], "ttl": 60})
    assert (changed.status, shop.call("GET", one).json["records"]) == (202, ['"three"'])
    gone = shop.call("DELETE", one)
    assert (gone.status, gone.json["status"]) == (202, "PENDING_DELETE")
    assert shop.call("GET", one).json["code"] == "DNS.0313"
    assert shop.call("GET", sets(zone), query=query).json["recordsets"] == []


@pytest.mark.parametrize("fields, code", [
    ({"name": "www.example.org."}, "DNS.0304"), ({"type": "PTR"}, "DNS.0307"),
    ({"records": ["unquoted"]}, "DNS.0308"), ({"records": []}, "DNS.0308"),
    ({"records": ['"' + "x" * 256 + '"']}, "DNS.0308"), ({"ttl": 0}, "DNS.0319"),
    ({"type": "CNAME", "records": ['"quoted.example."']}, "DNS.0308"),
    ({"type": "CNAME", "records": ["a.example.", "b.example."]}, "DNS.0308")])
def test_refused_record_sets(shop, zone, fields, code):
    body = {"name": "x.example.net.", "type": "TXT", "records": ['"v"'], "ttl": 300, **fields}
    answer = shop.call("POST", sets(zone), body)
    assert (answer.status, answer.json["code"]) == (400, code)


def test_a_name_has_one_set_of_a_type(shop, zone):
    assert create(shop, zone, "c.example.net.", '"v"').status == 202
    for records, kind in ((['"w"'], "TXT"), (["x.example.net."], "CNAME")):
        answer = create(shop, zone, "C.example.net", *records, kind=kind)
        assert (answer.status, answer.json["code"]) == (400, "DNS.0312")
        assert answer.json["message"] == ("Attribute 'name' conflicts with Record Set "
                                          "'c.example.net.' type 'TXT' in line 'default_view'.")
    assert create(shop, zone, "c.example.net", "192.0.2.1", kind="A").status == 202


def test_system_records_stay(shop, zone):
    listed = shop.call("GET", sets(zone)).json["recordsets"]
    assert {entry["type"] for entry in listed} == {"SOA", "NS", "A"}
    answer = shop.call("DELETE", f"{sets(zone)}/{listed[0]['id']}")
    assert (answer.status, answer.json["code"]) == (400, "DNS.0315")


def test_zones_of_others(shop, zone):
    other = shop.admin("POST", "/accounts", {"name": "dns-other"})["keys"][0]
    key = (other["ak"], other["sk"])
    assert shop.call("GET", ZONES, key=key).json["zones"] == []
    answer = shop.call("GET", sets(zone), key=key)
    assert (answer.status, answer.json["code"]) == (404, "DNS.0302")


def test_a_key_that_may_use_dns_only(shop, zone, tmp_path):
    ak = shop.credentials_for(tmp_path / "dns", "dns")
    text = (tmp_path / "dns").read_text()
    key = (ak, re.search(r"sk = (\S+)", text)[1])
    assert (tmp_path / "dns").stat().st_mode & 0o777 == 0o600
    assert shop.call("GET", ZONES, key=key).status == 200
    answer = shop.call("GET", ALL, key=key)
    assert (answer.status, answer.code) == (401, "SCM.4002")
    shop.admin("POST", f"/keys/{ak}/permissions", {"permissions": ["scm.ListCertificates"]})
    assert shop.call("GET", ALL, key=key).status == 200
    assert shop.call("POST", f"{ALL}/buy", {}, key=key).code == "SCM.4002"
    answer = shop.call("GET", ZONES, key=key)
    assert (answer.status, answer.json["code"]) == (403, "DNS.0030")
    shop.admin("POST", f"/keys/{ak}/permissions", {"permissions": None})
    assert shop.call("GET", ZONES, key=key).status == 200
    with pytest.raises(RuntimeError, match="400"):
        shop.admin("POST", f"/keys/{ak}/permissions", {"permissions": "dns"})


def test_the_vendors_client(shop, zone):
    with VendorClient(shop) as vendor:
        def send(method, path, data=None, query=None, **params):
            return vendor.send({"method": method, "path": path, "pathParams": params,
                                "query": query or {}, "headers": {}, "data": data})

        status, found = send("GET", ZONES, query={"type": "public", "name": "example.net"})
        assert (status, found["zones"][0]["id"]) == (200, zone["id"])
        wish = {"name": "vendor.example.net.", "type": "TXT", "ttl": 300, "records": ['"v"']}
        status, made = send("POST", ZONES + "/{zone_id}/recordsets", wish, zone_id=zone["id"])
        assert status == 202
        # It does not read the code: this service calls the members code and message.
        status, _ = send("POST", ZONES + "/{zone_id}/recordsets", wish, zone_id=zone["id"])
        assert status == 400
        status, _ = send("DELETE", ZONES + "/{zone_id}/recordsets/{recordset_id}",
                         zone_id=zone["id"], recordset_id=made["id"])
        assert status == 202


# -- the name server -------------------------------------------------------------------------------

@pytest.mark.parametrize("ask", [over_udp, over_tcp])
def test_records_are_answered(shop, zone, ask):
    create(shop, zone, "t.example.net.", '"some text"')
    create(shop, zone, "alias.example.net.", "t.example.net.", kind="CNAME")
    answer = ask(shop, question("T.example.net", TXT))
    assert read_head(answer) == (0, False, 1, 0) and b"\x09some text" in answer
    answer = ask(shop, question("alias.example.net", TXT))
    assert read_head(answer) == (0, False, 2, 0) and b"\x09some text" in answer
    assert read_head(ask(shop, question("alias.example.net", CNAME))) == (0, False, 1, 0)
    for kind in (NS, SOA):
        assert read_head(ask(shop, question("example.net", kind))) == (0, False, 1, 0)
    assert ask(shop, question("ns1.example.net", A)).endswith(bytes([127, 0, 0, 1]))


def test_what_is_not_there(shop, zone):
    create(shop, zone, "a.b.example.net.", '"v"')
    assert read_head(over_udp(shop, question("no.example.net", TXT))) == (3, False, 0, 1)
    for name in ("a.b.example.net", "b.example.net"):
        assert read_head(over_udp(shop, question(name, A))) == (0, False, 0, 1)
    assert read_head(over_udp(shop, question("example.org", TXT)))[0] == 5


def test_a_long_answer_is_cut_over_udp(shop, zone):
    create(shop, zone, "long.example.net.", *(f'"{number:0250}"' for number in range(5)))
    assert read_head(over_udp(shop, question("long.example.net", TXT))) == (0, True, 0, 0)
    assert read_head(over_tcp(shop, question("long.example.net", TXT))) == (0, False, 5, 0)
    assert read_head(over_udp(shop, question("long.example.net", TXT, 4096))) == (0, False, 5, 0)


def test_nonsense_gets_no_answer_and_does_no_harm(shop, zone):
    host, port = shop.facts["dns_server"].split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for message in (b"", b"x", b"\xff" * 40, question("example.net", SOA)[:-3]):
            client.sendto(message, (host, int(port)))
    assert read_head(over_udp(shop, question("example.net", SOA))) == (0, False, 1, 0)


def test_records_take_their_time(shop, zone):
    shop.option(dns_after_ms=10**7)
    made = create(shop, zone, "slow.example.net.", '"v"').json
    assert shop.call("GET", f"{sets(zone)}/{made['id']}").json["status"] == "PENDING_CREATE"
    assert read_head(over_udp(shop, question("slow.example.net", TXT)))[0] == 3


@pytest.mark.skipif(not shutil.which("dig"), reason="dig (bind9-dnsutils) is not installed")
def test_dig_reads_the_answers(shop, zone):
    create(shop, zone, "dig.example.net.", '"for dig"')
    host, port = shop.facts["dns_server"].split(":")
    done = subprocess.run(["dig", f"@{host}", "-p", port, "dig.example.net", "TXT", "+short"],
                          capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == '"for dig"\n'


def test_the_name_server_keeps_its_port(tmp_path):
    with Cloud(tmp_path / "data") as cloud:
        before = cloud.facts["dns_server"]
        cloud.zone("kept.example")
        cloud.stop()
        cloud.start()
        assert cloud.facts["dns_server"] == before
        assert read_head(over_udp(cloud, question("kept.example", SOA))) == (0, False, 1, 0)


# -- proofs ----------------------------------------------------------------------------------------

def place(cloud, zone, records):
    """One set for each name and type, as the service wants it; the answers."""
    wishes = {}
    for record in records:
        wishes.setdefault((record["record_name"], record["record_type"]), set()).add(
            record["record_value"])
    return [create(cloud, zone, name + ".", *(f'"{value}"' if kind == "TXT" else value + "."
                                              for value in sorted(values)), kind=kind)
            for (name, kind), values in wishes.items()]


@pytest.mark.parametrize("kind", ["TXT", "CNAME"])
def test_records_prove_names(shop, zone, kind):
    shop.order_plan(record_type=kind)
    one, = shop.stock("MULTI_DOMAIN", domain_count=3, wildcard_count=1)
    apply(shop, one, "example.net", "*.example.net", "www.example.net", method="DNS")
    records = detail(shop, one)["authentification"]
    assert {record["record_name"] for record in records} == {
        "_dnsauth.example.net", "_dnsauth.www.example.net"}
    assert {record["record_type"] for record in records} == {kind}
    assert not any(finding["proven"] for finding in wait_for_looks(shop, one))
    for answer in place(shop, zone, records[:2]):
        assert answer.status == 202, answer
    assert [finding["proven"] for finding in wait_for_looks(shop, one)] == [True, True, False]
    place(shop, zone, records[2:])
    wait_for_state(shop, one, "ISSUED")


def test_a_record_left_over_spoils_the_proof(shop, zone):
    shop.order_plan(cancel_after_ms=0)
    one = ordered(shop, "left.example.net", method="DNS")
    first, = detail(shop, one)["authentification"]
    shop.call("POST", f"{ALL}/{one}/cancel-cert")
    assert apply(shop, one, "left.example.net", method="DNS").status == 200
    second, = detail(shop, one)["authentification"]
    assert first["record_value"] != second["record_value"]
    place(shop, zone, [first, second])
    assert "left over from an earlier application" in wait_for_looks(shop, one)[0]["seen"]
    assert state(shop, one) == "CHECKING"
    only = {"records": [f'"{second["record_value"]}"', '"v=spf1 -all"']}
    entry, = shop.recordsets("_dnsauth.left.example.net")
    shop.call("PUT", f"{sets(zone)}/{entry['id']}", only)
    wait_for_state(shop, one, "ISSUED")


def test_the_server_that_a_test_names_is_asked(shop, zone, tmp_path):
    with Cloud(tmp_path / "other") as other:
        elsewhere = other.zone("example.net")
        shop.proof_places(dns=other.facts["dns_server"])
        one = ordered(shop, "away.example.net", method="DNS")
        records = detail(shop, one)["authentification"]
        place(shop, zone, records)
        assert not wait_for_looks(shop, one)[0]["proven"]
        place(other, elsewhere, records)
        wait_for_state(shop, one, "ISSUED")


def test_a_dead_name_server(shop, zone):
    shop.option(proof_timeout_ms=1000)
    shop.proof_places(dns="127.0.0.1:1")
    one = ordered(shop, "dead.example.net", method="DNS")
    assert "no usable answer" in wait_for_looks(shop, one, 1)[0]["seen"]


def test_added_names_are_proven(shop, zone):
    one = ordered(shop, "first.example.net", "second.example.net", method="DNS")
    place(shop, zone, detail(shop, one)["authentification"])
    wait_for_state(shop, one, "ISSUED")
    before = detail(shop, one)["fingerprint"]
    project = shop.call("GET", "/v3/auth/projects").json["projects"][0]["id"]
    answer = shop.call("POST", f"/v2/{project}/scm/cert/{one}/supplement", {
        "ori_sans": "second.example.net", "add_sans": "third.example.net"})
    assert answer.status == 200, answer
    assert state(shop, one) == "SUPPLEMENTCHECKING"
    assert shop.call("POST", f"{ALL}/{one}/export").status == 200
    records = detail(shop, one)["authentification"]
    assert [record["domain"] for record in records] == ["third.example.net"]
    shown = shop.call("GET", f"/v2/{project}/scm/cert/{one}/domain-verify").json
    assert shown["record_value"] == records[0]["record_value"]
    place(shop, zone, records)
    wait_for_state(shop, one, "ISSUED")
    after = detail(shop, one)
    assert after["sans"] == "second.example.net;third.example.net"
    assert after["fingerprint"] != before


# -- auto_dns_auth -----------------------------------------------------------------------------------

def test_automatic_records_complete_a_dv_order(shop, zone):
    shop.order_plan(issue_after_ms=-1)
    one = ordered(shop, "auto.example.net", method="DNS", auto_dns_auth=True)
    wait_for_state(shop, one, "ISSUING")
    record, = shop.recordsets("_dnsauth.auto.example.net")
    assert record["records"] == [f'"{detail(shop, one)["authentification"][0]["record_value"]}"']
    shop.order_plan(one, issue_after_ms=0)
    assert state(shop, one) == "ISSUED"
    assert shop.recordsets("_dnsauth.auto.example.net") == []


def test_automatic_records_need_the_zone(shop, zone):
    one = ordered(shop, "auto.example.org", method="DNS", auto_dns_auth=True)
    assert not wait_for_looks(shop, one)[0]["proven"]
    assert state(shop, one) == "CHECKING"


def test_automatic_records_are_for_dv(shop, zone):
    one, = shop.stock(type="OV_SSL_CERT")
    form = {**APPLICANT, **COMPANY, "domain": "ov.example.net", "domain_method": "DNS",
            "auto_dns_auth": True}
    assert shop.call("POST", f"{ALL}/{one}/apply", form).status == 200
    assert not wait_for_looks(shop, one)[0]["proven"]
    assert shop.recordsets("_dnsauth.ov.example.net") == []
    shop.order_plan(one, organization_after_ms=10**7)
    place(shop, zone, detail(shop, one)["authentification"])
    wait_until(lambda: shop.order(one)["proven_ms"], "the proof", interval=0.02)
    assert state(shop, one) == "CHECKING_ORG"
    shop.order_plan(one, organization_after_ms=0)
    assert state(shop, one) == "ISSUED"


def test_automatic_records_do_not_touch_those_of_others(shop, zone):
    create(shop, zone, "_dnsauth.mine.example.net.", '"by hand"')
    one = ordered(shop, "mine.example.net", method="DNS", auto_dns_auth=True)
    assert not wait_for_looks(shop, one)[0]["proven"]
    entry, = shop.recordsets("_dnsauth.mine.example.net")
    assert entry["records"] == ['"by hand"']


def test_a_withdrawal_takes_automatic_records_away(shop, zone):
    shop.order_plan(wrong_value=True)
    one = ordered(shop, "away.example.net", method="DNS", auto_dns_auth=True)
    assert len(shop.recordsets("_dnsauth.away.example.net")) == 1
    shop.call("POST", f"{ALL}/{one}/cancel-cert")
    assert shop.recordsets("_dnsauth.away.example.net") == []
