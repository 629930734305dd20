# SPDX-License-Identifier: Apache-2.0
"""IAM tokens, accounts and projects, and the metadata service's keys."""

import re
import time

import pytest

LIST = "/v3/scm/certificates"


def test_token_login(cloud):
    answer = cloud.login()
    assert answer.status == 201
    token = answer.headers["x-subject-token"]
    assert len(token) > 32
    body = answer.json["token"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", body["expires_at"])
    assert body["project"]["name"] == cloud.facts["project_name"]
    assert body["user"]["domain"]["id"] == cloud.facts["domain_id"]
    assert "x-iam-trace-id" in answer.headers
    assert cloud.call_with_token(token, "GET", LIST).status == 200
    assert cloud.call_with_token(token, "GET", "/v1/private-certificates").status == 200


@pytest.mark.parametrize("scope", [
    {"domain": {"name": "demo"}}, {"project": {"name": "cn-north-4"}}])
def test_scopes(cloud, scope):
    answer = cloud.login(scope=scope)
    assert answer.status == 201
    assert next(iter(scope)) in answer.json["token"]


@pytest.mark.parametrize("change", [
    {"password": "wrong"}, {"user": "nobody"}, {"scope": {"project": {"name": "mars-1"}}},
    {"scope": {"domain": {"name": "another"}}}])
def test_refused_login(cloud, change):
    answer = cloud.login(**change)
    assert answer.status == 401
    assert set(answer.json["error"]) >= {"message", "title"}
    assert "x-subject-token" not in answer.headers


@pytest.mark.parametrize("body", [b"{", {}, {"auth": {}}, {"auth": {"identity": {"methods": []}}}])
def test_malformed_login(cloud, body):
    answer = cloud.send(cloud.request("POST", "/v3/auth/tokens", (), body))
    assert answer.status == 400
    assert "error" in answer.json


def test_tokens_expire(own_cloud):
    own_cloud.option(token_lifetime_s=1)
    token = own_cloud.login().headers["x-subject-token"]
    assert own_cloud.call_with_token(token, "GET", LIST).status == 200
    own_cloud.admin("POST", "/time", {"shift_seconds": 2})
    answer = own_cloud.call_with_token(token, "GET", LIST)
    assert (answer.status, answer.code) == (401, "APIGW.0307")
    own_cloud.admin("DELETE", "/time")
    own_cloud.option(token_lifetime_s=3600)
    token = own_cloud.login().headers["x-subject-token"]
    own_cloud.admin("POST", "/tokens/expire")
    assert own_cloud.call_with_token(token, "GET", LIST).code == "APIGW.0307"


def test_unknown_token(cloud):
    answer = cloud.call_with_token("x" * 64, "GET", LIST)
    assert (answer.status, answer.code) == (401, "APIGW.0301")


def test_validate_token(cloud):
    token = cloud.login().headers["x-subject-token"]
    answer = cloud.call("GET", "/v3/auth/tokens", headers={"X-Subject-Token": token})
    assert answer.status == 200
    assert answer.json["token"]["methods"] == ["password"]
    answer = cloud.call("GET", "/v3/auth/tokens", headers={"X-Subject-Token": "x" * 64})
    assert answer.status == 404


def test_accounts_and_projects(cloud):
    domains = cloud.call("GET", "/v3/auth/domains").json["domains"]
    assert [domain["id"] for domain in domains] == [cloud.facts["domain_id"]]
    named = cloud.call("GET", "/v3/projects", query=[("name", cloud.facts["project_name"])]).json
    assert [project["id"] for project in named["projects"]] == [cloud.facts["project_id"]]
    assert len(cloud.call("GET", "/v3/auth/projects").json["projects"]) > 1
    assert cloud.call("GET", "/v3/projects", query=[("name", "mars-1")]).json["projects"] == []
    identity = cloud.call("GET", "/v5/caller-identity").json
    assert identity["account_id"] == cloud.facts["domain_id"]


def test_an_identity_provider_has_one_protocol(cloud):
    cloud.admin("POST", "/identity-providers", {"id": "one-protocol", "id_tokens": ["a.b.c"]})
    for protocol, status in (("oidc", 201), ("saml", 404)):
        path = f"/v3/OS-FEDERATION/identity_providers/one-protocol/protocols/{protocol}/auth"
        request = cloud.request("POST", path, headers={"Authorization": "Bearer a.b.c"})
        assert cloud.send(request).status == status


TOKEN = "/meta-data/latest/api/token"
KEYS = "/openstack/latest/securitykey"


def metadata_token(cloud, ttl="21600"):
    answer = cloud.plain("PUT", TOKEN, {"X-Metadata-Token-Ttl-Seconds": ttl})
    assert answer.status == 200
    return {"X-Metadata-Token": answer.body.decode()}


def temporary_key(cloud, headers=None):
    answer = cloud.plain("GET", KEYS, headers)
    assert answer.status == 200, answer
    return answer.json["credential"]


def signed_with(cloud, credential, token=True):
    headers = {"X-Security-Token": credential["securitytoken"]} if token else {}
    return cloud.call("GET", LIST, headers=headers,
                      key=(credential["access"], credential["secret"]))


def test_agency_keys_work(cloud):
    credential = temporary_key(cloud, metadata_token(cloud))
    assert re.search(r"\.\d{6}Z$", credential["expires_at"])
    assert signed_with(cloud, credential).status == 200
    assert temporary_key(cloud)["access"] == credential["access"]


def test_security_token_must_fit(own_cloud):
    credential = temporary_key(own_cloud)
    assert "not found" in signed_with(own_cloud, credential, token=False).json["error_msg"]
    answer = signed_with(own_cloud, {**credential, "securitytoken": "other"})
    assert "does not match" in answer.json["error_msg"]


def test_agency_keys_expire_and_are_renewed(own_cloud):
    own_cloud.option(metadata_key_lifetime_s=4)
    credential = temporary_key(own_cloud)
    own_cloud.admin("POST", "/time", {"shift_seconds": 3})
    renewed = temporary_key(own_cloud)
    assert renewed["access"] != credential["access"]
    own_cloud.admin("POST", "/time", {"shift_seconds": 5})
    assert "expired" in signed_with(own_cloud, credential).json["error_msg"]
    assert signed_with(own_cloud, renewed).status == 200
    own_cloud.admin("POST", "/metadata/expire")
    assert "expired" in signed_with(own_cloud, renewed).json["error_msg"]


def test_metadata_token_rules(cloud):
    for ttl in ("0", "21601", "soon"):
        answer = cloud.plain("PUT", TOKEN, {"X-Metadata-Token-Ttl-Seconds": ttl})
        assert answer.status == 400
    assert cloud.plain("PUT", TOKEN).status == 400
    assert cloud.plain("GET", KEYS, {"X-Metadata-Token": "unknown"}).status == 401
    cloud.option(metadata_token="required")
    assert cloud.plain("GET", KEYS).status == 401
    short = metadata_token(cloud, "1")
    assert cloud.plain("GET", KEYS, short).status == 200
    cloud.admin("POST", "/time", {"shift_seconds": 2})
    assert cloud.plain("GET", KEYS, short).status == 401
    cloud.option(metadata_token="absent")
    assert cloud.plain("PUT", TOKEN, {"X-Metadata-Token-Ttl-Seconds": "60"}).status == 404


def test_no_agency(cloud):
    cloud.option(metadata_agency=False)
    answer = cloud.plain("GET", KEYS, metadata_token(cloud))
    assert answer.status == 401
    assert b"Please configure Cloud Service Agency first" in answer.body


def test_time_is_reported_and_moved(cloud):
    cloud.admin("POST", "/time", {"set": "20300101T000000Z"})
    assert cloud.admin("GET", "/time")["now"].startswith("2030-01-01T00:00:0")
    assert "01 Jan 2030" in cloud.plain("GET", KEYS).headers["date"]
    cloud.admin("DELETE", "/time")
    assert abs(cloud.admin("GET", "/time")["now_ms"] / 1000 - time.time()) < 5
