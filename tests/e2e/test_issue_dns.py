# SPDX-License-Identifier: Apache-2.0
"""Proofs by DNS record: in zones of Huawei Cloud DNS, with credentials of their own, and by a hook."""

import json

import pytest
from lab import bind, ctl
from lab.net import free_port
from lab.nginx import Nginx
from lab.server import Certificate, Site
from lab.waiting import wait_until

APPLICANT = "name=Tester phone=+8613900000000 email=hostmaster@example.com"
PULLING = ("scm.ListCertificates", "scm.ShowCertificate", "scm.ExportCertificate", "scm.ListCertificatesByTag")
RECORD = "_dnsauth.example.com"
# What the agent does by itself, whichever server it belongs to.
WITH_NGINX = pytest.mark.parametrize("kind", [Nginx], ids=["nginx"])


@pytest.fixture(name="wild")
def fixture_wild():
    return Certificate("wild", "scm", ("*.example.com", "example.com"))


@pytest.fixture(name="issuing")
def fixture_issuing(server, cloud, settings, scratch, wild):
    """A server whose three credentials may each do their own part only."""
    cloud.credentials_for(scratch / "pull", *PULLING)
    cloud.credentials_for(scratch / "apply", "scm.ApplyCertificate", "scm.CancelCertificateRequest")
    cloud.credentials_for(scratch / "zone", "dns")
    settings.update({
        "credentials": f"file={scratch / 'pull'}",
        "issue": "auto", "issue_applicant": APPLICANT, "key": "ecdsa:256",
        "issue_credentials": f"file={scratch / 'apply'}",
        "issue_dns": f"cloud file={scratch / 'zone'} endpoint={cloud.facts['dns']}"})
    cloud.admin("POST", "/options", {"proof_every_ms": 200, "issue_after_ms": 200})
    site = Site(free_port(), ("example.com", "*.example.com"), ("wild",))
    server.configure(settings=settings, certificates=[wild], sites=[site])
    return site


def values(cloud, name=RECORD):
    return sorted(text.strip('"') for entry in cloud.recordsets(name) for text in entry["records"])


def test_records_in_huawei_cloud_dns_come_and_go(server, cloud, issuing):
    cloud.zone("example.com")
    cloud.admin("POST", "/options", {"dns_after_ms": 1000})
    cloud.order_plan(changes=1)
    cloud.stock("MULTI_DOMAIN", domain_count=2, wildcard_count=1)
    server.start()
    wait_until(lambda: values(cloud), "the records")
    server.wait_for_certificate(issuing, cloud.trust())
    wait_until(lambda: values(cloud) == [], "the end of the records")
    assert [order["applications"] for order in cloud.orders()] == [1]


@WITH_NGINX
def test_a_name_without_a_zone_is_said(server, cloud, issuing):
    cloud.zone("example.org")
    cloud.order_plan(record_type="CNAME")
    cloud.stock("MULTI_DOMAIN", domain_count=2, wildcard_count=1)
    server.allow("no public zone")
    server.start()
    server.wait_for_log("no public zone of this account at Huawei Cloud DNS has the name _dnsauth.example.com in it")
    cloud.zone("example.com")
    server.wait_for_certificate(issuing, cloud.trust())


@WITH_NGINX
@pytest.mark.skipif(bind.lacking(), reason=f"not installed (packages bind9 and bind9-dnsutils): {bind.lacking()}")
def test_the_documented_hook_for_nsupdate_with_a_real_bind(server, cloud, settings, issuing, scratch, wild):
    with bind.Bind(scratch / "bind") as names:
        names.add(RECORD, "left over")
        hook = bind.documented_hook(scratch / "dns")
        settings["issue_dns"] = "hook"
        settings["on"] = f"challenge-setup,challenge-teardown run \"{hook} '127.0.0.1 {names.port}' {names.key}\""
        server.configure(settings=settings, certificates=[wild], sites=[issuing])
        cloud.proof_places(dns=names.address)
        cloud.order_plan(records_after_ms=500)
        cloud.stock("MULTI_DOMAIN", domain_count=2, wildcard_count=1)
        server.start()
        server.wait_for_certificate(issuing, cloud.trust())
        wait_until(lambda: names.records(RECORD) == [], "the end of the records")
    told = [event for event in map(json.loads, ctl.run(settings["state_path"], "events", "--json", "wild").splitlines())
            if event["event"].startswith("challenge-")]
    assert [event["event"] for event in told] == ["challenge-setup"] * 2 + ["challenge-teardown"] * 2
    proofs = {proof["record_value"]: proof for proof in cloud.orders()[0]["proofs"]}
    for event in told[:2]:
        assert event["method"] == "dns" and event["record_type"] == "TXT" and event["record_name"] == RECORD
        assert event["domain"] == proofs[event["record_value"]]["domain"]
        assert sorted(event["record_values"].split()) == sorted(proofs)


@WITH_NGINX
def test_the_doctor_tries_every_credential_and_cancel_takes_those_that_apply(server, cloud, settings, issuing, wild):
    state = settings["state_path"]
    cloud.zone("example.com")
    cloud.order_plan(records_after_ms=600_000)
    cloud.stock("MULTI_DOMAIN", domain_count=2, wildcard_count=1)
    server.allow("withdrawn")
    server.start()
    order = wait_until(cloud.orders, "an application")[0]
    said = ctl.run(state, "doctor", status=None)
    assert "zone of example.com" in said and "is example.com at Huawei Cloud DNS" in said
    assert f"{order['id']} is applied (CHECKING)" in said
    said = ctl.run(state, "policy")
    assert "SCM FullAccess" in said and "dns:recordset:create" in said
    assert "asked to cancel" in ctl.run(state, "orders", "cancel", wild.name, "--yes")
    server.wait_for_log("somebody has withdrawn the application")
