# SPDX-License-Identifier: Apache-2.0
"""Certificates that the agent has issued at SCM: from what was paid for to what is served."""

import os
import signal
import subprocess
import time

import pytest
from conftest import PUBLIC
from lab import place

APPLICANT = "name=Tester phone=+8613900000000 email=hostmaster@example.com"


def ctl(settings, *words, status=0):
    done = subprocess.run([place.program("ccmctl"), "--state-dir", settings["state_path"], *words],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60, check=False)
    assert done.returncode == status, done.stdout
    return done.stdout


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
    shown = ctl(settings, "orders", "show", PUBLIC)
    assert first in shown and "stopped" in shown
    ctl(settings, "orders", "retry", PUBLIC, "--timeout", "0", status=6)
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
