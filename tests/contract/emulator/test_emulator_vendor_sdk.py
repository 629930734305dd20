# SPDX-License-Identifier: Apache-2.0
"""The vendor's own SDK core for Node as a client: it signs and sends, the emulator accepts.

Avoided, because the vendor's Node signer differs there from the gateway: header names with an
underscore or of which one begins another, header values with spaces at the ends, and query keys above
the surrogates, which JavaScript sorts differently.
"""

import json
import random
import string

import pytest
from cloud_client import make_csr, new_key, parse_leaf, public_bytes
from lab import vendor_sdk

ROUNDS = 300
SEED = 20260726
WILD = string.printable.strip() + " " + "äßéλЖ证书한"


@pytest.fixture(scope="module")
def sdk():
    return vendor_sdk.install()


def ask(cloud, sdk, wishes):
    return vendor_sdk.ask(sdk, cloud.facts, wishes)


def text(rng, alphabet, shortest, longest):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(shortest, longest)))


def value(rng, depth=0):
    kinds = [lambda: text(rng, WILD + "😀", 0, 30), lambda: rng.randint(-(10**9), 10**9),
             lambda: rng.random() < 0.5]
    if depth < 3:
        kinds.append(lambda: [value(rng, depth + 1) for _ in range(rng.randint(0, 3))])
        kinds.append(lambda: {text(rng, WILD, 1, 10): value(rng, depth + 1)
                              for _ in range(rng.randint(0, 3))})
    return rng.choice(kinds)()


def random_wish(rng):
    method, path = rng.choice([
        ("GET", "/v3/scm/certificates"), ("GET", "/v1/private-certificates"),
        ("GET", "/v3/scm/certificates/{certificate_id}"), ("POST", "/v3/scm/certificates/import"),
        ("POST", "/v3/scm/certificates/{certificate_id}/export"),
        ("POST", "/v1/private-certificates/csr"), ("DELETE", "/v3/scm/certificates/{certificate_id}"),
        ("GET", "/v3/auth/domains")])
    query = {"x" + text(rng, WILD, 0, 9): rng.choice([
        lambda: text(rng, WILD + "😀", 0, 24), lambda: rng.randint(-10, 10**12),
        lambda: [text(rng, WILD, 0, 8) for _ in range(rng.randint(1, 4))]])()
        for _ in range(rng.randint(0, 5))}
    headers = {"X-" + text(rng, string.ascii_lowercase, 4, 4).capitalize():
               text(rng, string.ascii_letters + "+/=", 1, 40) for _ in range(rng.randint(0, 3))}
    wish = {"method": method, "path": path, "query": query, "headers": headers}
    if "{" in path:
        wish["pathParams"] = {"certificate_id": text(rng, string.ascii_letters + "-._~", 16, 16)}
    if method == "POST":
        wish["data"] = {text(rng, WILD, 1, 10): value(rng) for _ in range(rng.randint(0, 4))}
    return wish


def test_random_requests_are_accepted(cloud, sdk):
    rng = random.Random(SEED)
    wishes = [random_wish(rng) for _ in range(ROUNDS)]
    for wish, answer in zip(wishes, ask(cloud, sdk, wishes)):
        refused = str(answer.get("code", "")).startswith("APIGW") or not answer.get("status")
        assert not refused, json.dumps([wish, answer], ensure_ascii=False)


def test_the_flows_through_the_sdk(cloud, sdk):
    key = new_key()
    made = cloud.scm_certificate("sdk.example")
    one = {"pathParams": {"certificate_id": made["id"]}}
    csr = {"issuer_id": cloud.facts["issuer_id"], "csr": make_csr(key, "sdk.intra"),
           "validity": {"type": "DAY", "value": 30}}
    scm = "/v3/scm/certificates"
    page, detail, export, domains, issued = ask(cloud, sdk, [
        {"method": "GET", "path": scm, "query": {"limit": 50, "content": "sdk.example"}},
        {"method": "GET", "path": scm + "/{certificate_id}", **one},
        {"method": "POST", "path": scm + "/{certificate_id}/export", **one},
        {"method": "GET", "path": "/v3/auth/domains"},
        {"method": "POST", "path": "/v1/private-certificates/csr", "data": csr}])
    assert page["body"]["certificates"][0]["id"] == made["id"]
    assert detail["body"]["fingerprint"] == made["fingerprint"]
    assert export["body"]["private_key"] == made["private_key"]
    assert domains["body"]["domains"][0]["id"] == cloud.facts["domain_id"]
    one = {"pathParams": {"certificate_id": issued["body"]["certificate_id"]}}
    path = "/v1/private-certificates/{certificate_id}"
    plain, packed, revoked, again = ask(cloud, sdk, [
        {"method": "POST", "path": path + "/export", **one,
         "data": {"is_compressed": "false", "type": "NGINX"}},
        {"method": "POST", "path": path + "/export", **one,
         "data": {"is_compressed": "true", "type": "NGINX"}},
        {"method": "POST", "path": path + "/revoke", **one, "data": {}},
        {"method": "POST", "path": path + "/revoke", **one, "data": {}}])
    assert public_bytes(parse_leaf(plain["body"]["certificate"])) == public_bytes(key)
    assert packed["status"] == 200
    assert revoked["status"] == 204
    assert (again["status"], again["code"]) == (403, "PCA.00030201")


def test_the_sdk_understands_refusals(cloud, sdk):
    cloud.fault({"throttle": 3}, operation="ListCertificates", times=1)
    throttled, = ask(cloud, sdk, [{"method": "GET", "path": "/v3/scm/certificates"}])
    assert (throttled["status"], throttled["code"]) == (429, "APIGW.0308")
    bad, = ask(cloud, sdk, [
        {"method": "GET", "path": "/v3/scm/certificates", "query": {"limit": 7}}])
    assert (bad["status"], bad["code"]) == (400, "SCM.0005")
