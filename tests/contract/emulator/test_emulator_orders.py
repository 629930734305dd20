# SPDX-License-Identifier: Apache-2.0
"""Orders: the authority issues when the proof is really there, and goes wrong as a test asks."""

import ssl

import pytest
from cloud_client import Cloud, dns_names, make_csr, new_key, parse_leaf, public_bytes
from lab.waiting import wait_until
from local_pki import Authority
from proofs import ProofServer

ALL = "/v3/scm/certificates"
APPLICANT = {"applicant_name": "A Person", "applicant_phone": "13000000000",
             "applicant_email": "a@example.com", "agree_privacy_protection": True}
COMPANY = {"company_name": "C", "company_province": "P", "company_city": "T", "country": "CN"}


@pytest.fixture
def shop(cloud):
    """The cloud with an authority that looks often and issues at once."""
    cloud.admin("DELETE", "/scm/orders")
    cloud.admin("DELETE", "/scm/places")
    for order in cloud.orders():
        if order["end"] is None:
            cloud.admin("DELETE", f"/scm/certificates/{order['id']}")
    cloud.option(proof_every_ms=40, issue_after_ms=0)
    return cloud


@pytest.fixture
def web(shop):
    with ProofServer() as server:
        shop.proof_places(http={"*": server.address}, https={})
        yield server


def apply(cloud, one, *names, method="FILE", **fields):
    return cloud.call("POST", f"{ALL}/{one}/apply", {
        "domain": names[0], "sans": ";".join(names[1:]), "domain_method": method, **APPLICANT,
        **fields})


def ordered(cloud, *names, stock=None, **fields):
    kind = "MULTI_DOMAIN" if len(names) > 1 else "SINGLE_DOMAIN"
    one, = cloud.stock(kind, **(stock or {}))
    answer = apply(cloud, one, *names, **fields)
    assert answer.json == {"request_info": "success"}, answer
    return one


def detail(cloud, one):
    return cloud.call("GET", f"{ALL}/{one}").json


def state(cloud, one):
    return detail(cloud, one)["status"]


def wait_for_state(cloud, one, wanted):
    wait_until(lambda: state(cloud, one) == wanted, f"{wanted}", interval=0.02)


def wait_for_looks(cloud, one, more=2):
    """Until the authority has looked some more times; its newest findings."""
    before = cloud.order(one)["looks"]
    wait_until(lambda: cloud.order(one)["looks"] >= before + more, "the looks", interval=0.02)
    return cloud.order(one)["findings"]


def place_all(cloud, web, one, file=None):
    for record in detail(cloud, one)["authentification"]:
        web.place(record["domain"], file or record["record_name"], record["record_value"])


# -- proofs in files -------------------------------------------------------------------------------

def test_a_file_proves_a_name(shop, web):
    key = new_key()
    one = ordered(shop, "file.example.com", csr=make_csr(key, "file.example.com"))
    findings = wait_for_looks(shop, one)
    assert state(shop, one) == "CHECKING"
    assert not findings[0]["proven"] and "404" in findings[0]["seen"]
    place_all(shop, web, one)
    wait_for_state(shop, one, "ISSUED")
    assert set(web.asked) == {("file.example.com", "/.well-known/pki-validation/whois.txt")}
    answer = shop.call("POST", f"{ALL}/{one}/export").json
    leaf = parse_leaf(answer["certificate"])
    assert answer["private_key"] == ""
    assert public_bytes(leaf) == public_bytes(key)
    assert (leaf.not_valid_after - leaf.not_valid_before).days == 200
    assert detail(shop, one)["authentification"] == []


@pytest.mark.parametrize("spoil", [
    lambda value: value + "\n", lambda value: value[:-1], lambda value: value.upper() + " ",
    lambda value: (302, {"Location": "/elsewhere"}, value), lambda value: (401, {}, value),
    lambda value: (201, {}, value), lambda value: value * 200])
def test_a_file_has_to_be_exact(shop, web, spoil):
    one = ordered(shop, "exact.example.com")
    record, = detail(shop, one)["authentification"]
    web.place("exact.example.com", "whois.txt", spoil(record["record_value"]))
    assert not wait_for_looks(shop, one)[0]["proven"]
    assert state(shop, one) == "CHECKING"
    place_all(shop, web, one)
    wait_for_state(shop, one, "ISSUED")


def test_a_redirect_is_not_followed(shop, web):
    one = ordered(shop, "moved.example.com")
    record, = detail(shop, one)["authentification"]
    target = f"http://{web.address}/.well-known/pki-validation/target"
    web.place("moved.example.com", "whois.txt", (301, {"Location": target}, ""))
    web.place(web.address, "target", record["record_value"])
    assert "a redirect to " + target in wait_for_looks(shop, one)[0]["seen"]
    assert not [path for _, path in web.asked if path.endswith("target")]


def test_every_name_has_to_be_proven(shop, web):
    names = ("a.several.example", "b.several.example", "c.several.example")
    one = ordered(shop, *names)
    records = detail(shop, one)["authentification"]
    assert [record["domain"] for record in records] == list(names)
    assert len({record["record_value"] for record in records}) == 3
    for record in records[:2]:
        web.place(record["domain"], "whois.txt", record["record_value"])
    web.place(names[2], "whois.txt", records[0]["record_value"])
    assert [entry["proven"] for entry in wait_for_looks(shop, one)] == [True, True, False]
    web.place(names[2], "whois.txt", records[2]["record_value"])
    wait_for_state(shop, one, "ISSUED")
    exported = shop.call("POST", f"{ALL}/{one}/export").json
    assert dns_names(parse_leaf(exported["certificate"])) == list(names)


def test_every_address_of_a_name_has_to_show_the_file(shop, web):
    with ProofServer() as second:
        shop.proof_places(http={"pair.example.com": [web.address, second.address]})
        one = ordered(shop, "pair.example.com")
        place_all(shop, web, one)
        assert not wait_for_looks(shop, one)[0]["proven"]
        place_all(shop, second, one)
        wait_for_state(shop, one, "ISSUED")


def test_a_file_over_https_whatever_the_certificate(shop, web, tmp_path):
    leaf, key = Authority().leaf("other.example.org")
    (tmp_path / "pair.pem").write_text(leaf + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair.pem")
    asked = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    with ProofServer(tls=context) as secure:
        shop.proof_places(https={"*": secure.address})
        one = ordered(shop, "secure.example.com")
        place_all(shop, secure, one)
        wait_for_state(shop, one, "ISSUED")
    assert set(asked) == {"secure.example.com"}


def test_nothing_is_issued_where_nobody_answers(shop):
    one = ordered(shop, "nowhere.example.com")
    assert "no address is known" in wait_for_looks(shop, one)[0]["seen"]
    shop.proof_places(http={"*": "127.0.0.1:1"})
    assert "no answer" in wait_for_looks(shop, one)[0]["seen"]


@pytest.mark.parametrize("record_name, shown, file", [
    ("file", "fileauth.txt", "fileauth.txt"), ("none", None, "fileauth.txt"),
    ("none", None, "whois.txt"), ("domain", "names.example.com", "fileauth.txt"),
    ("file", "5f3c.txt", "5f3c.txt")])
def test_file_names(shop, web, record_name, shown, file):
    shop.order_plan(record_name=record_name, file_name=file)
    one = ordered(shop, "names.example.com")
    assert detail(shop, one)["authentification"][0]["record_name"] == shown
    place_all(shop, web, one, file)
    wait_for_state(shop, one, "ISSUED")
    assert {path.split("/")[-1] for _, path in web.asked} == {file}


def test_a_file_never_proves_a_wildcard_or_an_organisation(shop):
    wildcard, = shop.stock("WILDCARD")
    assert apply(shop, wildcard, "*.example.com").code == "SCM.0005"
    organisation, = shop.stock(type="OV_SSL_CERT")
    assert apply(shop, organisation, "ov.example.com", **COMPANY).code == "SCM.0005"


@pytest.mark.parametrize("only, other", [("File", "FILE"), ("FILE", "File")])
def test_a_service_that_knows_one_spelling(shop, only, other):
    shop.option(domain_methods=only)
    one, = shop.stock()
    assert apply(shop, one, "spelling.example.com", method=other).code == "SCM.0005"
    assert apply(shop, one, "spelling.example.com", method=only).status == 200
    assert detail(shop, one)["validation_method"] == "FILE"


# -- how orders go ---------------------------------------------------------------------------------

def test_states_of_a_dv_order(shop, web):
    one, = shop.stock(order={"state": "CHECKING_DOMAIN", "issue_after_ms": -1})
    assert state(shop, one) == "PAID" and detail(shop, one)["domain"] == ""
    apply(shop, one, "states.example.com")
    assert state(shop, one) == "CHECKING_DOMAIN"
    place_all(shop, web, one)
    wait_for_state(shop, one, "ISSUING")
    assert apply(shop, one, "states.example.com").code == "SCM.0010"
    assert shop.call("POST", f"{ALL}/{one}/cancel-cert").code == "SCM.0064"
    shop.order_plan(one, issue_after_ms=0)
    assert state(shop, one) == "ISSUED"


def test_records_come_late_and_hide_again(shop, web):
    shop.order_plan(records_after_ms=10**7)
    one = ordered(shop, "late.example.com")
    assert detail(shop, one)["authentification"] is None
    assert shop.order(one)["looks"] == 0
    shop.order_plan(one, records_after_ms=0)
    assert len(detail(shop, one)["authentification"]) == 1
    shop.order_plan(one, records_after_ms=10**7)
    assert detail(shop, one)["authentification"] is None
    shop.order_plan(one, records_after_ms=0)
    place_all(shop, web, one)
    wait_for_state(shop, one, "ISSUED")


def test_a_wrong_value_is_never_enough(shop, web):
    shop.order_plan(wrong_value=True)
    one = ordered(shop, "wrong.example.com")
    place_all(shop, web, one)
    assert not wait_for_looks(shop, one)[0]["proven"]
    assert state(shop, one) == "CHECKING"


def test_records_that_change_when_they_were_found(shop, web):
    shop.order_plan(changes=1)
    one = ordered(shop, "changes.example.com")
    first = detail(shop, one)["authentification"]
    place_all(shop, web, one)
    wait_until(lambda: detail(shop, one)["authentification"] != first, "the change", interval=0.02)
    assert state(shop, one) == "CHECKING"
    place_all(shop, web, one)
    wait_for_state(shop, one, "ISSUED")


def test_records_that_change_on_demand(shop, web):
    one = ordered(shop, "demand.example.com")
    first = detail(shop, one)["authentification"]
    shop.change_proofs(one)
    assert detail(shop, one)["authentification"] != first
    web.place("demand.example.com", "whois.txt", first[0]["record_value"])
    assert not wait_for_looks(shop, one)[0]["proven"]
    place_all(shop, web, one)
    wait_for_state(shop, one, "ISSUED")


def test_every_record_twice(shop, web):
    shop.order_plan(duplicate_records=True)
    one = ordered(shop, "twice.example.com")
    records = detail(shop, one)["authentification"]
    assert len(records) == 2 and records[0] == records[1]
    place_all(shop, web, one)
    wait_for_state(shop, one, "ISSUED")


def reason(cloud, one):
    body = {"action": "filter", "limit": 10, "offset": 0,
            "matches": [{"key": "resource_id", "value": one}]}
    found, = cloud.call("POST", "/v3/scm/resource_instances/action", body).json["resources"]
    return found["resource_detail"]["fail_reason"]


def test_a_refused_order(shop):
    shop.order_plan(refuse="The domain is on a list.")
    one = ordered(shop, "refused.example.com")
    assert state(shop, one) == "UNPASSED"
    assert reason(shop, one) == "The domain is on a list."
    assert apply(shop, one, "refused.example.com").code == "SCM.0010"
    shop.admin("DELETE", "/scm/orders")
    shop.call("POST", f"{ALL}/{one}/cancel-cert")
    assert state(shop, one) == "PAID"
    assert apply(shop, one, "refused.example.com").status == 200
    assert reason(shop, one) is None
    assert shop.order(one)["applications"] == 2


def test_an_order_that_is_refused_later(shop):
    one = ordered(shop, "later.example.com")
    assert state(shop, one) == "CHECKING"
    shop.order_plan(one, refuse="No.")
    assert (state(shop, one), reason(shop, one)) == ("UNPASSED", "No.")
    shop.option(apply_when_unpassed=True)
    shop.order_plan(one)
    assert apply(shop, one, "later.example.com").status == 200


def test_a_withdrawal_takes_time_and_changes_the_values(shop):
    one, = shop.stock(order={"cancel_after_ms": -1})
    apply(shop, one, "withdrawn.example.com")
    first = detail(shop, one)["authentification"]
    assert shop.call("POST", f"{ALL}/{one}/cancel-cert").status == 200
    assert state(shop, one) == "CANCELCHECKING"
    assert apply(shop, one, "withdrawn.example.com").code == "SCM.0064"
    shop.admin("POST", f"/scm/certificates/{one}/state", {"state": "PAID"})
    apply(shop, one, "withdrawn.example.com")
    assert detail(shop, one)["authentification"] != first


def test_organisations_are_looked_at(shop):
    shop.option(proof="assumed")
    one, = shop.stock(type="OV_SSL_CERT")
    assert apply(shop, one, "ov.example.com", method="DNS", **COMPANY).status == 200
    assert state(shop, one) in ("CHECKING_ORG", "ISSUED")


def test_an_answer_that_is_lost(shop, web):
    one, = shop.stock()
    shop.fault({"close": True, "executed": True}, operation="ApplyCertificate", times=1)
    with pytest.raises(Exception):
        apply(shop, one, "lost.example.com")
    assert state(shop, one) == "CHECKING"
    place_all(shop, web, one)
    wait_for_state(shop, one, "ISSUED")
    assert shop.order(one)["applications"] == 1


def test_orders_go_on_after_a_restart(tmp_path):
    with Cloud(tmp_path / "data") as cloud, ProofServer() as web:
        cloud.option(proof_every_ms=40, issue_after_ms=0)
        cloud.proof_places(http={"*": web.address})
        one = ordered(cloud, "restart.example.com")
        cloud.stop(9)
        cloud.start()
        place_all(cloud, web, one)
        wait_for_state(cloud, one, "ISSUED")


# -- stock -----------------------------------------------------------------------------------------

def test_stock_of_every_kind(shop):
    several, = shop.stock("MULTI_DOMAIN", domain_count=3, wildcard_count=1)
    shown = detail(shop, several)
    assert (shown["status"], shown["domain"], shown["sans"]) == ("PAID", "", None)
    assert (shown["domain_count"], shown["wildcard_count"]) == (3, 1)
    for names, code in ((["a.b.c", "b.b.c", "c.b.c", "d.b.c"], "SCM.0036"),
                        (["a.b.c", "*.b.c", "*.c.b"], "SCM.0036"),
                        (["*.b.c", "a.b.c"], "SCM.0015"), (["a.b.c", "a.b.c"], "SCM.0063")):
        assert apply(shop, several, *names, method="DNS").code == code, names
    assert apply(shop, several, "a.b.c", "*.b.c", method="DNS").status == 200


def test_stock_is_listed_in_both_directions(shop):
    shop.option(strict_paging=True)
    made = shop.stock(count=12)
    found = {}
    for direction in ("ASC", "DESC"):
        page = shop.call("GET", ALL, query=[("status", "PAID"), ("limit", 50),
                                            ("sort_dir", direction)]).json["certificates"]
        found[direction] = [entry["id"] for entry in page]
        assert set(made) <= set(found[direction])
    assert found["ASC"] == found["DESC"][::-1]


@pytest.mark.parametrize("path, body", [
    ("/scm/stock", {"kind": "x"}), ("/scm/stock", {"domain_type": "TRIPLE"}),
    ("/scm/stock", {"order": {"state": "HAPPY"}}), ("/scm/orders", {"colour": "red"}),
    ("/scm/orders", {"changes": "many"}), ("/scm/orders", {"file_name": "a/b"}),
    ("/scm/places", {"http": "127.0.0.1:80"}), ("/scm/places", {"http": {"*": "localhost"}}),
    ("/scm/places", {"ftp": {}}), ("/scm/places", {"dns": "127.0.0.1"})])
def test_mistakes_in_admin_calls(shop, path, body):
    with pytest.raises(RuntimeError, match="400"):
        shop.admin("POST", path, body)


# -- successors ------------------------------------------------------------------------------------

def test_the_service_renews_by_itself(shop, web):
    key = new_key()
    shop.option(scm_lifetime={"seconds": 100, "backdate": 60})
    first = ordered(shop, "renewed.example.com", csr=make_csr(key, "renewed.example.com"))
    place_all(shop, web, first)
    wait_for_state(shop, first, "ISSUED")
    assert shop.order(first)["renewal_cert_id"] is None
    shop.option(renew_before_s=1000)
    wait_until(lambda: shop.order(first)["renewal_cert_id"], "the successor", interval=0.02)
    second = shop.order(first)["renewal_cert_id"]
    order = shop.order(second)
    assert order["origin_cert_id"] == first
    assert order["names"] == ["renewed.example.com"] and order["method"] == "FILE"
    assert order["application_info"] == shop.order(first)["application_info"]
    shop.option(renew_before_s=-1)
    place_all(shop, web, second)
    wait_for_state(shop, second, "ISSUED")
    exported = shop.call("POST", f"{ALL}/{second}/export").json
    assert public_bytes(parse_leaf(exported["certificate"])) == public_bytes(key)
    assert shop.order(second)["renewal_cert_id"] is None


def test_a_successor_on_demand(shop):
    made = shop.scm_certificate("demanded.example.com")
    successor = shop.succeed(made["id"])
    assert (successor["status"], successor["origin_cert_id"]) == ("CHECKING", made["id"])
    found = shop.call("POST", "/v3/scm/resource_instances/action", {
        "action": "filter", "limit": 10, "offset": 0,
        "matches": [{"key": "resource_id", "value": made["id"]}]}).json["resources"][0]
    assert found["resource_detail"]["renewal_cert_id"] == successor["id"]
    with pytest.raises(RuntimeError, match="400"):
        shop.succeed(made["id"])
