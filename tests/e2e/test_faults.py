# SPDX-License-Identifier: Apache-2.0
"""Every fault of the cloud, at the first issuance and at a renewal of both sources.

What was there stays, the log says why, and the end of the fault is all the healing it needs.
"""

import dataclasses

import pytest
from conftest import PRIVATE, PUBLIC, SERVERS
from lab import processes, tls
from lab.waiting import wait_until


@dataclasses.dataclass(frozen=True)
class Fault:
    """An effect on one operation (all when empty), and the sentence expected for each site."""

    effect: dict
    sentence: str
    operation: str = "ExportCertificate"
    pca_sentence: str = ""

    def expected(self, name):
        return self.pca_sentence if name == "intranet" and self.pca_sentence else self.sentence


FAULTS = {
    "status_500": Fault({"status": 500}, r"answered 500", operation="*"),
    "status_403": Fault({"status": 403, "code": "SCM.4002"}, r"answered 403 SCM\.4002.*action",
                        operation="*"),
    "status_404": Fault({"status": 404}, r"answered 404.*check the endpoint"),
    "unknown_code": Fault({"status": 400, "code": "ABC.9999"}, r"answered 400 ABC\.9999"),
    "throttled": Fault({"throttle": 2}, r"answered 429 APIGW\.0308.*trying again in [23]",
                       operation="*"),
    "hang": Fault({"hang": True}, r"too slow|timed out"),
    "reset": Fault({"reset": True}, r"Connection reset by peer", operation="*"),
    "close": Fault({"close": True}, r"Empty reply from server|unexpected eof", operation="*"),
    "half_body": Fault({"half_body": True}, r"broke off|unexpected eof"),
    "garbage": Fault({"garbage": True}, r"JSON"),
    "empty": Fault({"empty": True}, r"JSON|empty"),
    "wrong_key": Fault({"wrong_key": True}, r"the private key fits none of"),
    "expired": Fault({"expired": True}, r"the certificate expired at"),
    "not_yet_valid": Fault({"not_yet_valid": True}, r"valid only from"),
    "wrong_names": Fault({"wrong_names": True}, r"names: the certificate covers wrong\.invalid but not"),
    "other_ca": Fault({"broken_chain": "other_ca"}, r"missing|not signed by"),
    "missing_intermediate": Fault({"broken_chain": "missing_intermediate"}, r"is missing"),
    "bad_signature": Fault({"broken_chain": "bad_signature"}, r"not signed by|missing"),
    "weak_signature": Fault({"weak": "sha1"}, r"signature strength"),
    "client_auth_only": Fault({"client_auth_only": True}, r"does not allow serverAuth"),
}


def cases(slow_on):
    """Every fault with every server, except that what takes a minute is left to one of them."""
    faults = [pytest.param(server, fault, id=f"{server}-{name}")
              for name, fault in FAULTS.items() for server in SERVERS
              if "hang" not in fault.effect or server == slow_on]
    return pytest.mark.parametrize("kind, fault", faults, indirect=["kind"])


def wait_for_refusals(server, fault, mark):
    for name in (PUBLIC, "intranet"):
        server.wait_for_log(rf'"{name}": .*(?:{fault.expected(name)})', since=mark, timeout=60)


@cases(slow_on="nginx")
def test_a_fault_at_the_first_issuance(both, cloud, public, private, fault):
    both.allow('certificate "')
    cloud.fault(fault.effect, operation=fault.operation)
    both.start()
    wait_for_refusals(both, fault, 0)
    for site in (public, private):
        with pytest.raises(tls.HandshakeFailure, match="self.signed"):
            both.show(site, tls.context(cloud.trust()))
    cloud.clear_faults()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust(), timeout=90)


@cases(slow_on="apache")
@pytest.mark.usefixtures("always_due")
def test_a_fault_at_a_renewal(both, cloud, public, private, fault):
    both.allow('certificate "')
    both.start()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
    workers, mark = both.workers(), both.log_size()
    cloud.fault(fault.effect, operation=fault.operation)
    successor = cloud.renew(cloud.admin("GET", "/scm/certificates")["certificates"][0]["id"])
    wait_for_refusals(both, fault, mark)
    # Whatever was installed when the fault began stays, and is a good one.
    kept = {site.name: both.show(site, tls.context(cloud.trust())).serial for site in (public, private)}
    assert kept[PUBLIC] != successor["serial"]
    if "hang" not in fault.effect:  # which would take another half minute
        both.wait_for_log(r'"intranet": .*stays', since=both.log_size())
        for site in (public, private):
            assert both.show(site).serial == kept[site.name]
    cloud.clear_faults()
    both.wait_for_certificate(public, cloud.trust(), but_not=[kept[PUBLIC]], timeout=90)
    assert both.show(public).serial == successor["serial"]
    both.wait_for_certificate(private, cloud.trust(), but_not=[kept[PRIVATE]], timeout=90)
    assert both.workers() == workers


MENDED = {
    "glued": {"glued": True},
    "crlf": {"crlf": True},
    "flat": {"flat": True},
    "reversed_chain": {"reversed_chain": True},
    "root_attached": {"root_attached": True},
    "both_orders": {"reversed_chain": True, "root_attached": True, "crlf": True},
    "late": {"delay_ms": 1500},
}


@pytest.mark.parametrize("effect", MENDED.values(), ids=MENDED.keys())
def test_what_arrives_oddly_is_served_in_order(both, cloud, public, private, effect):
    cloud.fault(effect, operation="ExportCertificate")
    both.start()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
        # Leaf first, each issued by the next, without the root.
        leaf, intermediate = tls.chain(site.port, site.name)
        assert site.name in leaf[0] and leaf[1] == intermediate[0]
        assert intermediate[0] != intermediate[1]


def test_a_throttled_cloud_is_left_alone_for_as_long_as_it_asked(both, cloud, private):
    both.allow("answered 429")
    cloud.fault({"throttle": 4}, service="pca", times=1)
    both.start()
    both.wait_for_certificate(private, cloud.trust())
    calls = [entry for entry in cloud.requests() if entry["service"] == "pca"]
    assert calls[0]["status"] == 429
    assert calls[1]["monotonic_ns"] - calls[0]["monotonic_ns"] > 3.9e9


@pytest.mark.usefixtures("always_due")
def test_a_hanging_call_delays_no_other_certificate_and_no_stop(both, cloud, public, private):
    both.start()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
    cloud.fault({"hang": True}, service="pca")
    agent = both.wait_for_agent()
    wait_until(cloud.faulty, "a call that hangs")
    successor = cloud.renew(cloud.admin("GET", "/scm/certificates")["certificates"][0]["id"])
    wait_until(lambda: both.show(public).serial == successor["serial"], "the renewal beside it")
    both.stop()
    wait_until(lambda: not processes.is_alive(agent), "the end of the agent", timeout=20)
