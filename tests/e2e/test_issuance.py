# SPDX-License-Identifier: Apache-2.0
"""Certificates that the agent has issued at SCM: from what was paid for to what is served."""

import dataclasses
import os
import signal
import time

import pytest
from conftest import PUBLIC, SERVERS
from lab import ctl, proofs, vendor_sdk
from lab.net import free_port
from lab.waiting import wait_until

APPLICANT = "name=Tester phone=+8613900000000 email=hostmaster@example.com"


@pytest.fixture(name="issuing")
def fixture_issuing(server, cloud, settings, public):
    """A server that may apply for the certificate of its site, and proves its name by itself."""
    settings.update({"issue": "file", "issue_applicant": APPLICANT, "key": "ecdsa:256"})
    cloud.admin("POST", "/options", {"proof_every_ms": 200, "issue_after_ms": 200})
    cloud.proof_places(https={"*": f"127.0.0.1:{public.port}"})
    server.configure(settings=settings, sites=[public])
    # The authority looks before the workers have the proof, and after it has gone.
    server.allow(r"pki-validation/\w+\.txt")
    return public


def test_from_stock_to_served_and_again_at_the_renewal(server, cloud, settings, issuing):
    cloud.admin("POST", "/options", {"scm_lifetime": {"seconds": 120, "backdate": 0}})
    settings["renew_before"] = "110s"
    server.configure(settings=settings, sites=[issuing])
    cloud.stock(count=2)
    server.start()
    first = server.wait_for_certificate(issuing, cloud.trust())
    second = server.wait_for_certificate(issuing, cloud.trust(), but_not=[first])
    assert first != second
    assert [order["applications"] for order in cloud.orders()] == [1, 1]


def test_nothing_is_applied_for_unless_the_settings_say_so(server, cloud, settings, issuing):
    settings["issue"] = "off"
    server.configure(settings=settings, sites=[issuing])
    cloud.stock()
    server.allow("SCM has no usable certificate")
    server.start()
    server.wait_for_log("SCM has no usable certificate")
    assert cloud.orders() == []


@pytest.mark.parametrize("plan", [
    {"records_after_ms": 1500, "file_name": "fileauth.txt"},
    {"changes": 1, "record_name": "none"},
    {"state": "CHECKING_DOMAIN", "record_name": "domain", "duplicate_records": True},
], ids=["late", "changed", "unnamed"])
def test_whatever_the_authority_asks_for_is_placed(server, cloud, issuing, plan):
    cloud.order_plan(**plan)
    cloud.stock()
    server.start()
    server.wait_for_certificate(issuing, cloud.trust())
    assert [order["applications"] for order in cloud.orders()] == [1]


def test_a_refusal_stops_until_somebody_says_retry(server, cloud, settings, issuing):
    first, second = sorted(cloud.stock(count=2))
    cloud.order_plan(first, refuse="the domain is on a list")
    server.allow("the domain is on a list")
    server.start()
    server.wait_for_log("the authority has refused it: the domain is on a list")
    shown = ctl.run(settings["state_path"], "orders", "show", PUBLIC)
    assert first in shown and "stopped" in shown
    ctl.run(settings["state_path"], "orders", "retry", PUBLIC, "--timeout", "0", status=6)
    server.wait_for_certificate(issuing, cloud.trust())
    assert cloud.order(second)["applications"] == 1


def test_the_successor_that_scm_applies_for_comes_first(server, cloud, settings, issuing):
    cloud.admin("POST", "/options", {"scm_lifetime": {"seconds": 60, "backdate": 0}})
    settings["renew_before"] = "50s"
    server.configure(settings=settings, sites=[issuing])
    first, other = sorted(cloud.stock(count=2))
    server.start()
    serial = server.wait_for_certificate(issuing, cloud.trust())
    successor = cloud.succeed(first)
    server.wait_for_certificate(issuing, cloud.trust(), but_not=[serial])
    assert sorted(order["id"] for order in cloud.orders()) == sorted([first, successor["id"]])
    assert other != successor["id"]


def test_killed_again_and_again_it_applies_once(server, cloud, issuing):
    cloud.order_plan(records_after_ms=3000)
    cloud.stock(count=2)
    server.start()
    end = time.monotonic() + 6
    while time.monotonic() < end:
        for agent in server.agents():
            os.kill(agent, signal.SIGKILL)
        time.sleep(0.4)
    server.wait_for_certificate(issuing, cloud.trust())
    assert [order["applications"] for order in cloud.orders()] == [1]


def test_a_lost_answer_leads_to_no_second_application(server, cloud, issuing):
    cloud.fault({"close": True, "executed": True}, "scm", "ApplyCertificate", times=1)
    cloud.stock(count=2)
    server.allow("apply for certificate")
    server.start()
    server.wait_for_certificate(issuing, cloud.trust())
    assert [order["applications"] for order in cloud.orders()] == [1]


def wait_for_order(cloud):
    return wait_until(cloud.orders, "an application")[0]


@pytest.mark.parametrize("kind", [SERVERS["nginx"]], ids=["nginx"])
def test_an_order_survives_a_reload_and_an_outage_of_the_cloud(server, cloud, settings, issuing):
    server.allow("SCM|IAM|cannot|connect|unreachable|trouble")
    cloud.order_plan(records_after_ms=3000)
    cloud.stock(count=2)
    server.start()
    order = wait_for_order(cloud)
    server.reload()
    said = ctl.run(settings["state_path"], "doctor", "--offline", status=None)
    assert f"order of {PUBLIC}" in said and f"{order['id']} is applied (CHECKING)" in said
    cloud.stop()
    server.wait_for_log(r"certificate \"www.example.com\".*(?:connect|refused|unreachable)")
    cloud.start()
    server.wait_for_certificate(issuing, cloud.trust())
    assert [order["applications"] for order in cloud.orders()] == [1]


def test_two_servers_on_one_store_have_one_order(make_server, cloud, settings, public):
    settings.update({"issue": "file", "issue_applicant": APPLICANT, "key": "ecdsa:256"})
    cloud.admin("POST", "/options", {"proof_every_ms": 200, "issue_after_ms": 200})
    sites = [public, dataclasses.replace(public, port=free_port())]
    cloud.proof_places(https={"*": [f"127.0.0.1:{site.port}" for site in sites]})
    cloud.stock(count=3)
    servers = [make_server(kind, name) for name, kind in SERVERS.items()]
    for server, site in zip(servers, sites, strict=True):
        server.allow(r"pki-validation/\w+\.txt")
        server.configure(settings=settings, sites=[site])
        server.start()
    serials = [server.wait_for_certificate(site, cloud.trust()) for server, site in zip(servers, sites, strict=True)]
    assert serials[0] == serials[1]
    assert [order["applications"] for order in cloud.orders()] == [1]


@pytest.mark.parametrize("kind", [SERVERS["nginx"]], ids=["nginx"])
def test_an_order_is_withdrawn_and_begun_again(server, cloud, settings, issuing):
    cloud.order_plan(records_after_ms=600_000)
    cloud.stock()
    server.allow("withdrawn")
    server.start()
    order = wait_for_order(cloud)
    cloud.order_plan()
    assert "has been asked to cancel" in ctl.run(settings["state_path"], "orders", "cancel", PUBLIC, "--yes")
    server.wait_for_log(f"order {order['id']}: somebody has withdrawn the application")
    ctl.run(settings["state_path"], "orders", "retry", PUBLIC, "--timeout", "0", status=6)
    server.wait_for_certificate(issuing, cloud.trust())
    assert cloud.order(order["id"])["applications"] == 2


@pytest.mark.parametrize("kind", [SERVERS["nginx"]], ids=["nginx"])
def test_the_vendors_sdk_reads_the_order(server, cloud, issuing):
    cloud.proof_places(https={"*": "127.0.0.1:1"})
    cloud.stock()
    server.start()
    order = wait_until(lambda: next((one for one in cloud.orders() if one["proofs"]), None), "the proof that is asked for")
    detail, = vendor_sdk.ask(vendor_sdk.install(), cloud.facts, [
        {"method": "GET", "path": "/v3/scm/certificates/{certificate_id}", "pathParams": {"certificate_id": order["id"]}}])
    assert (detail["status"], detail["body"]["status"], detail["body"]["domain"]) == (200, "CHECKING", PUBLIC)
    asked, = detail["body"]["authentification"]
    assert asked["record_value"] == order["proofs"][0]["record_value"]


def test_a_certificate_that_leaves_the_configuration_takes_its_proof_along(server, cloud, settings, issuing, static):
    cloud.proof_places(https={"*": "127.0.0.1:1"})
    cloud.stock()
    server.start()
    place = (issuing.port, PUBLIC, proofs.FOLDER + "whois.txt")
    value = wait_until(lambda: proofs.body(*place, secure=True), "the proof")
    assert value == wait_for_order(cloud)["proofs"][0]["record_value"]
    gone = dataclasses.replace(static, port=issuing.port)
    server.configure(settings=settings, sites=[gone])
    server.reload()
    wait_until(lambda: proofs.body(*place, secure=True) is None, "the end of the proof")
    # It comes back with the certificate, and nobody applies again.
    server.configure(settings=settings, sites=[issuing])
    server.reload()
    wait_until(lambda: proofs.body(*place, secure=True) == value, "the proof again")
    cloud.proof_places(https={"*": f"127.0.0.1:{issuing.port}"})
    server.wait_for_certificate(issuing, cloud.trust())
    assert [order["applications"] for order in cloud.orders()] == [1]
