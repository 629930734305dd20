# SPDX-License-Identifier: Apache-2.0
"""AK/SK signatures: what is accepted, what is refused, and when a key gets locked."""

import json
import time

import pytest
import request_signer
from lab import place

VECTORS = json.loads(
    (place.ROOT / "tests/data/ccm-api/signing-vectors.json").read_text(encoding="utf-8"))["vectors"]
LIST = "/v3/scm/certificates"


def sdk_date(offset):
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + offset))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_vector_is_accepted(cloud, vector):
    given, expected = vector["input"], vector["expected"]
    headers = {**expected["headers_added"], **given["headers"]}
    lowered = {name.lower(): value for name, value in headers.items()}
    token = lowered.get("x-security-token")
    cloud.admin("POST", "/accounts/demo/keys", {
        "ak": given["ak"], "sk": given["sk"], **({"security_token": token} if token else {})})
    date = lowered["x-sdk-date"]
    cloud.admin("POST", "/time", {"set": date})
    if token:  # its end counts from the moved clock
        cloud.admin("POST", "/accounts/demo/keys",
                    {"ak": given["ak"], "sk": given["sk"], "security_token": token})
    described = {
        "method": given["method"], "target": expected["request_target"], "body": given["body"],
        "headers": [[name, str(value)] for name, value in headers.items()]
        + [["Authorization", expected["authorization"]]]}
    assert cloud.admin("POST", "/verify", described)["accepted"], cloud.admin(
        "POST", "/verify", described)
    wrong = expected["authorization"][:-1] + ("0" if expected["authorization"][-1] != "0" else "1")
    described["headers"][-1][1] = wrong
    refused = cloud.admin("POST", "/verify", described)
    assert refused["code"] == "APIGW.0301"
    assert expected["canonical_request"].replace("\n", "|") in refused["message"]
    cloud.admin("POST", f"/keys/{given['ak']}/unlock")


def test_signed_request_is_accepted_and_named(cloud):
    answer = cloud.call("GET", LIST)
    assert answer.status == 200
    entry = cloud.admin("GET", "/requests")["requests"][-1]
    assert entry["request_id"] == answer.headers["x-request-id"]
    assert entry["access_key"] == cloud.facts["ak"]
    assert (entry["service"], entry["operation"]) == ("scm", "ListCertificates")


def refused(answer, code="APIGW.0301"):
    assert answer.status == 401, answer
    assert answer.code == code
    assert answer.json["request_id"] == answer.headers["x-request-id"]
    return answer.json["error_msg"]


def test_request_without_credentials(cloud):
    assert "x-auth-token not found" in refused(cloud.send(cloud.request("GET", LIST)))


def test_unknown_access_key(cloud):
    assert "ak NOBODY not exist" in refused(cloud.call("GET", LIST, key=("NOBODY", "secret")))


def test_wrong_secret_key_shows_the_canonical_request(own_cloud):
    request = own_cloud.request("GET", LIST, [("limit", 10)])
    canonical = request_signer.sign(own_cloud.facts["ak"], "wrong", request)
    message = refused(own_cloud.send(request))
    assert message.endswith("canonicalRequest:" + canonical.replace("\n", "|"))


@pytest.mark.parametrize("offset", [-16 * 60, 16 * 60, -86400 * 365])
def test_clock_skew_and_replay_of_an_old_request(cloud, offset):
    answer = cloud.call("GET", LIST, headers={"X-Sdk-Date": sdk_date(offset)})
    assert sdk_date(offset)[:8] in refused(answer, "APIGW.0303")


@pytest.mark.parametrize("offset", [-14 * 60, 14 * 60])
def test_skew_within_a_quarter_of_an_hour(cloud, offset):
    assert cloud.call("GET", LIST, headers={"X-Sdk-Date": sdk_date(offset)}).status == 200


@pytest.mark.parametrize("date", ["yesterday", "20260101", "2026-01-01T00:00:00Z", "20261399T000000Z"])
def test_odd_date(cloud, date):
    assert "x-sdk-date" in refused(cloud.call("GET", LIST, headers={"X-Sdk-Date": date}))


@pytest.mark.parametrize("name", ["Host", "X-Sdk-Date"])
def test_header_that_must_be_signed(cloud, name):
    request = cloud.request("GET", LIST)
    held = {"Host": request["headers"].pop("Host")} if name == "Host" else {}
    request_signer.sign(*cloud.credentials(), request)
    request["headers"].update(held)
    if name == "X-Sdk-Date":
        listed = request["headers"]["Authorization"].replace(";x-sdk-date", "")
        request["headers"]["Authorization"] = listed
    assert f"{name.lower()} is not signed" in refused(cloud.send(request))


def test_listed_header_that_is_missing(cloud):
    request = cloud.request("GET", LIST, headers={"X-Extra": "1"})
    request_signer.sign(*cloud.credentials(), request)
    del request["headers"]["X-Extra"]
    assert "x-extra is not in the request" in refused(cloud.send(request))


def test_missing_date_header(cloud):
    request = cloud.request("GET", LIST)
    request_signer.sign(*cloud.credentials(), request)
    del request["headers"]["X-Sdk-Date"]
    assert "x-sdk-date not found" in refused(cloud.send(request))


@pytest.mark.parametrize("change", ["body", "query", "path", "header"])
def test_changed_after_signing(own_cloud, change):
    request = own_cloud.request("POST", "/v3/scm/csr/upload", [("a", "1")], {"name": "x"},
                                {"X-Extra": "1"})
    request_signer.sign(*own_cloud.credentials(), request)
    if change == "body":
        request["body"] = request["body"].replace(b"x", b"y")
    elif change == "query":
        request["query"] = [("a", "2")]
    elif change == "path":
        request["path"] = "/v3/scm/certificates/import"
    else:
        request["headers"]["X-Extra"] = "2"
    assert "verify aksk signature fail" in refused(own_cloud.send(request))


def test_key_is_locked_after_more_than_five_failures(own_cloud):
    ak, sk = own_cloud.credentials()
    for _ in range(5):
        refused(own_cloud.call("GET", LIST, key=(ak, "wrong")))
    assert own_cloud.call("GET", LIST).status == 200  # a success starts the count anew
    for _ in range(6):
        refused(own_cloud.call("GET", LIST, key=(ak, "wrong")))
    assert "forbidden" in refused(own_cloud.call("GET", LIST))
    own_cloud.stop()
    own_cloud.start()
    assert "forbidden" in refused(own_cloud.call("GET", LIST))
    own_cloud.admin("POST", "/time", {"shift_seconds": 301})
    answer = own_cloud.call("GET", LIST, headers={"X-Sdk-Date": sdk_date(301)})
    assert answer.status == 200


def test_unlock_disable_and_rotate(own_cloud):
    ak, sk = own_cloud.credentials()
    own_cloud.admin("POST", f"/keys/{ak}/lock")
    assert "forbidden" in refused(own_cloud.call("GET", LIST))
    own_cloud.admin("POST", f"/keys/{ak}/unlock")
    assert own_cloud.call("GET", LIST).status == 200
    own_cloud.admin("POST", f"/keys/{ak}/disable")
    assert "inactive" in refused(own_cloud.call("GET", LIST))
    rotated = own_cloud.admin("POST", "/accounts/demo/rotate")
    assert own_cloud.credentials() == (rotated["ak"], rotated["sk"]) != (ak, sk)
    assert own_cloud.call("GET", LIST).status == 200
    assert "not exist" in refused(own_cloud.call("GET", LIST, key=(ak, sk)))


def test_other_algorithms_are_refused(cloud):
    request = cloud.request("GET", LIST)
    request_signer.sign(*cloud.credentials(), request)
    request["headers"]["Authorization"] = request["headers"]["Authorization"].replace(
        "SDK-HMAC-SHA256", "V11-HMAC-SHA256")
    refused(cloud.send(request))


def test_account_and_project_headers(cloud):
    facts = cloud.facts
    right = {"X-Domain-Id": facts["domain_id"], "X-Project-Id": facts["project_id"]}
    assert cloud.call("GET", LIST, headers=right).status == 200
    wrong = cloud.call("GET", LIST, headers={"X-Domain-Id": "0" * 32})
    assert (wrong.status, wrong.code) == (403, "SCM.0002")
    wrong = cloud.call("GET", "/v1/private-certificates", headers={"X-Domain-Id": "0" * 32})
    assert (wrong.status, wrong.code) == (401, "PCA.00010004")
    request = cloud.request("GET", LIST)
    request_signer.sign(*cloud.credentials(), request)
    request["headers"]["X-Domain-Id"] = facts["domain_id"]
    assert "x-domain-id is not signed" in refused(cloud.send(request))


def test_empty_body_may_be_announced_as_unsigned_payload(cloud):
    for payload in ("UNSIGNED-PAYLOAD", request_signer.EMPTY_HASH):
        request = cloud.request("GET", LIST, headers={"X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"})
        request_signer.sign(*cloud.credentials(), request, payload=payload)
        assert cloud.send(request).status == 200


def test_refused_replays(cloud):
    cloud.option(refuse_replays=True)
    request = cloud.request("GET", LIST)
    request_signer.sign(*cloud.credentials(), request)
    assert cloud.send(request).status == 200
    assert "used before" in refused(cloud.send(request))


def test_services_speak_https_only(cloud):
    request = cloud.request("GET", LIST)
    request_signer.sign(*cloud.credentials(), request)
    assert cloud.send(request, secure=False).status == 400


def test_unknown_operation(cloud):
    answer = cloud.call("GET", "/v3/scm/nothing")
    assert (answer.status, answer.code) == (404, "APIGW.0101")


def test_accounts_do_not_see_each_other(cloud):
    other = cloud.admin("POST", "/accounts", {"name": f"other-{time.monotonic_ns()}"})
    key = (other["keys"][0]["ak"], other["keys"][0]["sk"])
    mine = cloud.scm_certificate("mine.example.com")
    assert cloud.call("GET", f"{LIST}/{mine['id']}", key=key).code == "SCM.0020"
    assert cloud.call("GET", LIST, key=key).json["total_count"] == 0
    issuer = f"/v1/private-certificate-authorities/{cloud.facts['issuer_id']}"
    assert cloud.call("GET", issuer, key=key).code == "PCA.00030102"
