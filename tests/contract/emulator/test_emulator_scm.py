# SPDX-License-Identifier: Apache-2.0
"""SCM: lists, details, exports, imports, orders and the admin side of them."""

import re
import subprocess

import pytest
from cloud_client import (dns_names, key_pem, make_csr, new_key, parse_chain, parse_leaf,
                          public_bytes)
from cryptography.hazmat.primitives import hashes, serialization
from lab.waiting import wait_until

ALL = "/v3/scm/certificates"


def listed(cloud, **query):
    answer = cloud.call("GET", ALL, query=list(query.items()))
    assert answer.status == 200, answer
    return answer.json


def exported(cloud, certificate_id):
    answer = cloud.call("POST", f"{ALL}/{certificate_id}/export")
    assert answer.status == 200, answer
    return answer.json


@pytest.fixture(scope="module")
def shelf(running):
    """Sixty certificates, and some in other states, made once for the reading tests."""
    made = [running.scm_certificate(f"site-{n}.shelf.example", name=f"shelf-{n:02}",
                                    days=30 + n)["id"] for n in range(60)]
    states = {"PAID": made[0], "CHECKING": made[1], "UNPASSED": made[2], "REVOKED": made[3],
              "REVOKING": made[4]}
    for state, certificate_id in states.items():
        running.admin("POST", f"/scm/certificates/{certificate_id}/state", {"state": state})
    return made


def test_identifiers_and_fields(cloud):
    made = cloud.scm_certificate("www.fields.example", "fields.example")
    assert re.fullmatch(r"scs\d{13}", made["id"])
    found = listed(cloud, content="www.fields.example")
    record = found["certificates"][0]
    assert found["total_count"] == 1
    assert record["sans"] == "fields.example"
    assert record["domain_type"] == "MULTI_DOMAIN"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d", record["expire_time"])
    assert set(record) >= {
        "id", "name", "domain", "sans", "signature_algorithm", "deploy_support", "type", "brand",
        "expire_time", "domain_type", "validity_period", "status", "domain_count",
        "wildcard_count", "description", "domain_id", "enterprise_project_id"}
    detail = cloud.call("GET", f"{ALL}/{made['id']}").json
    leaf = parse_leaf(exported(cloud, made["id"])["certificate"])
    assert detail["fingerprint"] == leaf.fingerprint(hashes.SHA1()).hex()
    assert set(detail) >= {
        "id", "status", "order_id", "name", "type", "brand", "push_support", "revoke_reason",
        "signature_algorithm", "issue_time", "not_before", "not_after", "validity_period",
        "validation_method", "domain_type", "multi_domain_type", "domain", "sans", "domain_count",
        "wildcard_count", "fingerprint", "shared", "application_info", "description",
        "authentification"}


def test_paging(cloud, shelf):
    assert len(listed(cloud, content="shelf-")["certificates"]) == 10
    seen = []
    for offset in (0, 50):
        page = listed(cloud, content="shelf-", limit=50, offset=offset)
        assert page["total_count"] == 60
        seen += [record["id"] for record in page["certificates"]]
    assert sorted(seen) == sorted(shelf)
    assert listed(cloud, content="shelf-", limit=50, offset=200)["certificates"] == []


@pytest.mark.parametrize("query", [
    {"limit": 11}, {"limit": 0}, {"limit": 100}, {"limit": "many"}, {"offset": -1},
    {"sort_dir": "UP"}, {"sort_key": "name"}, {"status": "HAPPY"}, {"expired_days_since": 1096},
    {"deploy_support": "maybe"}])
def test_refused_list_parameters(cloud, query):
    answer = cloud.call("GET", ALL, query=list(query.items()))
    assert (answer.status, answer.code) == (400, "SCM.0005")


def test_strict_paging(cloud, shelf):
    cloud.option(strict_paging=True)
    assert cloud.call("GET", ALL, query=[("offset", 100)]).status == 200
    assert cloud.call("GET", ALL, query=[("offset", 101)]).code == "SCM.0005"


def test_sorting(cloud, shelf):
    for direction in ("ASC", "DESC"):
        page = listed(cloud, content="shelf-", limit=50, sort_key="certExpiredTime",
                      sort_dir=direction)
        times = [record["expire_time"] for record in page["certificates"]]
        assert times == sorted(times, reverse=direction == "DESC")


def test_status_filters(cloud, shelf):
    def ids(status):
        return {record["id"] for record in
                listed(cloud, content="shelf-", limit=50, status=status)["certificates"]}

    assert ids("PAID") == {shelf[0]}
    assert ids("CHECKING") == {shelf[1]}
    assert ids("REVOKED") == ids("REVOKE") == {shelf[3]}
    assert ids("REVOKEING") == {shelf[3], shelf[4]}
    assert shelf[0] not in ids("ISSUED")


def test_expired_certificates(cloud):
    made = cloud.scm_certificate("old.example", not_before=-10 * 86400, not_after=-5 * 86400)
    assert cloud.call("GET", f"{ALL}/{made['id']}").json["status"] == "EXPIRED"
    for days, found in ((4, 0), (6, 1)):
        assert listed(cloud, content="old.example", expired_days_since=days)["total_count"] == found
    assert listed(cloud, content="old.example", status="EXPIRED")["total_count"] == 1


def test_get_with_a_body(cloud):
    assert cloud.call("GET", ALL, {"limit": "2", "offset": "0"}).status == 200
    assert cloud.call("GET", ALL, b"{}").status == 200


def test_export_is_consistent(cloud):
    made = cloud.scm_certificate("www.export.example", "*.export.example", key="RSA2048")
    answer = exported(cloud, made["id"])
    leaf = parse_leaf(answer["certificate"])
    key = serialization.load_pem_private_key(answer["private_key"].encode(), None)
    assert public_bytes(leaf) == public_bytes(key)
    assert dns_names(leaf) == ["www.export.example", "*.export.example"]
    chain = parse_chain(answer["certificate_chain"])
    assert answer["entire_certificate"] == answer["certificate"] + answer["certificate_chain"]
    assert chain[0].subject == leaf.issuer
    assert answer["private_key"].startswith("-----BEGIN RSA PRIVATE KEY-----")


@pytest.mark.parametrize("style", ["lf", "crlf", "glued", "flat"])
def test_pem_layouts(cloud, style):
    made = cloud.scm_certificate("www.layout.example")
    cloud.option(scm_pem=style, scm_root_in_chain=True)
    text = exported(cloud, made["id"])["entire_certificate"]
    assert ("\r\n" in text) == (style == "crlf")
    assert ("----------BEGIN" in text) == (style in ("glued", "flat"))
    assert ("\n" in text) == (style != "flat")
    assert text.count("BEGIN CERTIFICATE") == 3


def test_states_that_cannot_be_exported(cloud, shelf):
    for certificate_id in shelf[:5]:
        answer = cloud.call("POST", f"{ALL}/{certificate_id}/export")
        assert (answer.status, answer.code) == (400, "SCM.0010")


def test_unknown_and_deleted(cloud):
    assert cloud.call("GET", f"{ALL}/scs0000000000000").code == "SCM.0020"
    made = cloud.scm_certificate("gone.example")
    answer = cloud.call("DELETE", f"{ALL}/{made['id']}")
    assert (answer.status, answer.body) == (204, b"")
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/export")):
        assert cloud.call(method, f"{ALL}/{made['id']}{path}").code == "SCM.0020"


def test_certificate_for_a_local_key(cloud):
    key = new_key()
    made = cloud.admin("POST", "/scm/certificates", {"csr": make_csr(key, "local.example")})
    answer = exported(cloud, made["id"])
    assert answer["private_key"] == ""
    assert public_bytes(parse_leaf(answer["certificate"])) == public_bytes(key)
    renewed = cloud.admin("POST", f"/scm/certificates/{made['id']}/renew")
    assert public_bytes(parse_leaf(exported(cloud, renewed["id"])["certificate"])) == public_bytes(key)
    cloud.option(export_without_key="refuse")
    assert cloud.call("POST", f"{ALL}/{made['id']}/export").code == "SCM.0059"


def test_renewal_has_a_new_id(cloud):
    made = cloud.scm_certificate("renew.example", seconds=120)
    renewed = cloud.admin("POST", f"/scm/certificates/{made['id']}/renew", {"days": 90})
    assert renewed["id"] != made["id"]
    assert renewed["origin_cert_id"] == made["id"]
    assert renewed["not_after_ms"] > made["not_after_ms"]
    assert renewed["serial"] != made["serial"]
    old = cloud.admin("GET", f"/scm/certificates/{made['id']}")
    assert old["renewal_cert_id"] == renewed["id"]


@pytest.mark.parametrize("fields", [
    {}, {"names": []}, {"names": "www.example.com"}, {"names": ["a.example"], "keys": "EC256"},
    {"names": ["a.example"], "key": "DSA"}, {"names": ["a.example"], "csr": "nonsense"},
    {"names": ["a.example"], "not_before": 10, "not_after": 5}])
def test_refused_by_the_admin_side(cloud, fields):
    with pytest.raises(RuntimeError, match="400"):
        cloud.admin("POST", "/scm/certificates", fields)


def test_forced_states(cloud):
    made = cloud.scm_certificate("forced.example")
    path = f"/scm/certificates/{made['id']}"
    assert cloud.admin("POST", path + "/revoke")["status"] == "REVOKED"
    assert cloud.admin("POST", path + "/state", {"state": "ISSUED"})["status"] == "ISSUED"
    assert cloud.admin("POST", path + "/expire")["status"] == "EXPIRED"


# -- imports ---------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def foreign(running):
    """A certificate from elsewhere with its chain and key, as an import's body."""
    made = running.scm_certificate("import.example", days=40)
    return {"name": "imported_1", "certificate": made["certificate"],
            "certificate_chain": made["certificate_chain"], "private_key": made["private_key"]}


def imported(cloud, **fields):
    return cloud.call("POST", f"{ALL}/import", fields)


def test_import(cloud, foreign):
    answer = imported(cloud, **foreign)
    assert answer.status == 200
    certificate_id = answer.json["certificate_id"]
    detail = cloud.call("GET", f"{ALL}/{certificate_id}").json
    assert (detail["status"], detail["name"], detail["domain"]) == (
        "UPLOAD", "imported_1", "import.example")
    back = exported(cloud, certificate_id)
    assert back["certificate"] == foreign["certificate"]
    assert back["certificate_chain"] == foreign["certificate_chain"]


def test_import_with_the_chain_inside(cloud, foreign):
    body = dict(foreign, certificate=foreign["certificate"] + foreign["certificate_chain"])
    del body["certificate_chain"]
    back = exported(cloud, imported(cloud, **body).json["certificate_id"])
    assert back["certificate"] == foreign["certificate"]
    assert back["certificate_chain"] == foreign["certificate_chain"]


@pytest.mark.parametrize("change, status, code", [
    ({"name": "ab"}, 400, "SCM.0032"), ({"name": "not allowed"}, 400, "SCM.0032"),
    ({"name": None}, 400, "SCM.0032"), ({"certificate": "nonsense"}, 400, "SCM.0006"),
    ({"certificate_chain": "nonsense"}, 500, "SCM.0013"),
    ({"private_key": "nonsense"}, 400, "SCM.0012"), ({"private_key": ""}, 400, "SCM.0059"),
    ({"private_key": key_pem(new_key())}, 400, "SCM.0014"), ({"certificate": 7}, 400, "SCM.0005")])
def test_refused_imports(cloud, foreign, change, status, code):
    body = {name: value for name, value in {**foreign, **change}.items() if value is not None}
    answer = imported(cloud, **body)
    assert (answer.status, answer.code) == (status, code)
    assert answer.json["error_msg"]


def test_import_of_expired_and_mismatched(cloud, foreign):
    old = cloud.scm_certificate("past.example", not_before=-9000, not_after=-5)
    answer = imported(cloud, **{**foreign, "certificate": old["certificate"],
                                "private_key": old["private_key"]})
    assert answer.code == "SCM.0042"
    issued = cloud.export(cloud.issue().json["certificate_id"]).json
    answer = imported(cloud, **{**foreign, "certificate_chain": issued["certificate_chain"]})
    assert answer.code == "SCM.0079"


def test_duplicate_check_by_both_readings(cloud, foreign):
    assert imported(cloud, **foreign).status == 200
    assert imported(cloud, **foreign, duplicate_check=True).status == 400
    assert imported(cloud, **foreign, duplicate_check=False).status == 200
    cloud.option(duplicate_check="seed")
    assert imported(cloud, **foreign, duplicate_check=True).status == 200
    assert imported(cloud, **foreign, duplicate_check=False).status == 400


def test_upload_of_a_csr(cloud):
    key = new_key()
    csr = make_csr(key, "csr.example")
    answer = cloud.call("POST", "/v3/scm/csr/upload", {"name": "mine", "csr": csr})
    assert answer.status == 200
    assert re.fullmatch(r"[0-9a-f]{32}", answer.json["id"])
    assert answer.json["create_time"] > 10**12
    body = {"name": "mine", "csr": csr, "private_key": key_pem(new_key())}
    assert cloud.call("POST", "/v3/scm/csr/upload", body).code == "SCM.0014"
    body = {"name": "mine", "csr": "nonsense"}
    assert cloud.call("POST", "/v3/scm/csr/upload", body).code == "SCM.0034"


ENTERPRISE = {"name": "long", "domain_name": "long.example.com", "private_key_algo": "EC_P256",
              "usage": "ENTERPRISE", "company_country": "CN", "company_province": "GD",
              "company_city": "SZ", "company_name": "Example"}


@pytest.mark.parametrize("field, longest", [("name", 63), ("company_name", 255)])
def test_limits_count_characters(cloud, field, longest):
    answer = cloud.call("POST", "/v3/scm/csr", {**ENTERPRISE, field: "证" * longest})
    assert (answer.status, answer.json[field]) == (201, "证" * longest)
    answer = cloud.call("POST", "/v3/scm/csr", {**ENTERPRISE, field: "证" * (longest + 1)})
    assert (answer.status, answer.code) == (400, "SCM.0005")


def test_a_csr_holds_names_of_the_documented_length(cloud):
    company = {"company_province": "P" * 255, "company_city": "C" * 255, "company_name": "N" * 255}
    made = cloud.call("POST", "/v3/scm/csr", {**ENTERPRISE, **company})
    assert made.status == 201, made
    shown = cloud.call("GET", f"/v3/scm/csr/{made.json['id']}").json["csr"]
    done = subprocess.run(["openssl", "req", "-noout", "-subject", "-verify"], input=shown, text=True,
                          capture_output=True, check=True, timeout=60)
    for value in company.values():
        assert value in done.stdout


# -- orders ----------------------------------------------------------------------------------------

ORDER = {"cert_brand": "GLOBALSIGN", "cert_type": "DV_SSL_CERT", "domain_type": "SINGLE_DOMAIN",
         "effective_time": 2, "domain_numbers": 1, "order_number": 1,
         "agree_privacy_protection": True}
APPLICATION = {"domain": "bought.example.com", "applicant_name": "A Person",
               "applicant_phone": "13000000000", "applicant_email": "a@example.com",
               "agree_privacy_protection": True, "domain_method": "DNS"}


def bought(cloud, **changes):
    answer = cloud.call("POST", f"{ALL}/buy", {**ORDER, **changes})
    assert answer.status == 200, answer
    return answer.json["cert"][0]["cert_id"]


def applied(cloud, certificate_id, **changes):
    return cloud.call("POST", f"{ALL}/{certificate_id}/apply", {**APPLICATION, **changes})


def status(cloud, certificate_id):
    return cloud.call("GET", f"{ALL}/{certificate_id}").json["status"]


def test_buy_apply_issue_export(cloud):
    cloud.option(issue_after_ms=0, proof="assumed")
    certificate_id = bought(cloud)
    key = new_key()
    answer = applied(cloud, certificate_id, csr=make_csr(key, "bought.example.com"))
    assert answer.json == {"request_info": "success"}
    wait_until(lambda: status(cloud, certificate_id) == "ISSUED", "the issuance", interval=0.01)
    answer = exported(cloud, certificate_id)
    assert answer["private_key"] == ""
    assert public_bytes(parse_leaf(answer["certificate"])) == public_bytes(key)


def test_validation_records_and_manual_issue(cloud):
    cloud.option(issue_after_ms=-1)
    certificate_id = bought(cloud)
    assert status(cloud, certificate_id) == "PAID"
    assert applied(cloud, certificate_id).status == 200
    detail = cloud.call("GET", f"{ALL}/{certificate_id}").json
    assert detail["status"] == "CHECKING"
    record = detail["authentification"][0]
    assert record["record_name"] == "_dnsauth.bought.example.com"
    assert record["record_type"] == "TXT" and record["record_value"]
    assert detail["application_info"]["applicant_email"] == "a@example.com"
    assert applied(cloud, certificate_id).code == "SCM.0010"
    cloud.admin("POST", f"/scm/certificates/{certificate_id}/state", {"state": "ISSUED"})
    assert exported(cloud, certificate_id)["private_key"]


def test_cancel_an_application(cloud):
    cloud.option(issue_after_ms=-1)
    certificate_id = bought(cloud)
    cancel = f"{ALL}/{certificate_id}/cancel-cert"
    assert cloud.call("POST", cancel).code == "SCM.0010"
    applied(cloud, certificate_id)
    assert cloud.call("POST", cancel).json == {"cert_id": certificate_id, "message": "success"}
    assert status(cloud, certificate_id) == "CANCELCHECKING"


def test_multi_domain_and_wildcard(cloud):
    cloud.option(issue_after_ms=0, proof="assumed")
    several = bought(cloud, domain_type="MULTI_DOMAIN", domain_numbers=3, wildcard_domain_number=1)
    names = {"domain": "a.example.com", "sans": "b.example.com;*.c.example.com"}
    assert applied(cloud, several, **names).status == 200
    wait_until(lambda: status(cloud, several) == "ISSUED", "the issuance", interval=0.01)
    leaf = parse_leaf(exported(cloud, several)["certificate"])
    assert dns_names(leaf) == ["a.example.com", "b.example.com", "*.c.example.com"]
    wildcard = bought(cloud, domain_type="WILDCARD")
    assert applied(cloud, wildcard).code == "SCM.0015"
    assert applied(cloud, wildcard, domain="*.example.com", domain_method="dns").status == 200


@pytest.mark.parametrize("change, code", [
    ({"cert_brand": "ACME"}, "SCM.0049"), ({"cert_type": "XV"}, "SCM.0050"),
    ({"domain_type": "ALL"}, "SCM.0051"), ({"effective_time": 4}, "SCM.0052"),
    ({"domain_numbers": 2}, "SCM.0036"), ({"order_number": 101}, "SCM.0060"),
    ({"agree_privacy_protection": False}, "SCM.0005")])
def test_refused_orders(cloud, change, code):
    answer = cloud.call("POST", f"{ALL}/buy", {**ORDER, **change})
    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize("change, code", [
    ({"domain": "*.example.com"}, "SCM.0015"), ({"domain": "no dots"}, "SCM.0108"),
    ({"sans": "x.example.com"}, "SCM.0036"), ({"csr": "nonsense"}, "SCM.0034"),
    ({"csr": make_csr(new_key(), "other.example.com")}, "SCM.0035"),
    ({"domain_method": "PIGEON"}, "SCM.0005"), ({"agree_privacy_protection": False}, "SCM.0005"),
    ({"applicant_email": None}, "SCM.0005")])
def test_refused_applications(cloud, change, code):
    certificate_id = bought(cloud)
    body = {name: value for name, value in {**APPLICATION, **change}.items() if value is not None}
    answer = cloud.call("POST", f"{ALL}/{certificate_id}/apply", body)
    assert (answer.status, answer.code) == (400, code)


def test_organisation_data_for_ov(cloud):
    certificate_id = bought(cloud, cert_type="OV_SSL_CERT")
    assert applied(cloud, certificate_id).code == "SCM.0005"
    company = {"company_name": "C", "company_province": "P", "company_city": "T", "country": "CN"}
    assert applied(cloud, certificate_id, **company).status == 200
    assert status(cloud, certificate_id) in ("CHECKING_ORG", "ISSUED")
