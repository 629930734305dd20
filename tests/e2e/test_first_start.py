# SPDX-License-Identifier: Apache-2.0
"""From nothing to a certificate: empty state, no cloud yet, placeholder or refusal."""

import ssl

import pytest
from lab import tls
from lab.waiting import wait_until

def test_shows_a_placeholder_and_then_both_certificates(both, cloud, public, private):
    cloud.fault({"status": 503})
    both.allow(r"answered 503")
    both.start()
    for site in (public, private):
        shown = both.show(site)
        placeholder = ssl.DER_cert_to_PEM_cert(shown.der)
        # Signed by itself and made for this name: a client that trusts it is content.
        assert both.show(site, tls.context(placeholder)).der == shown.der
    both.wait_for_log(r"intranet.*no certificate is installed; trying again")
    cloud.clear_faults()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
    assert len(both.workers()) == 2


def test_the_placeholder_is_never_taken_for_a_certificate(both, cloud, private):
    cloud.fault({"status": 503})
    both.allow(r"answered 503")
    both.start()
    with pytest.raises(tls.HandshakeFailure, match="self.signed"):
        both.show(private, tls.context(cloud.trust()))


def test_without_fallback_handshakes_are_refused_until_the_certificate_comes(
        server, settings, cloud, intranet, private):
    intranet.settings["fallback"] = "off"
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    cloud.fault({"status": 503})
    server.allow(r"answered 503")
    server.start()
    # Alert 40, as from any server without a fitting certificate; 80 would blame the server.
    with pytest.raises(tls.HandshakeFailure, match="(?i)handshake.failure"):
        server.show(private)
    cloud.clear_faults()
    server.wait_for_certificate(private, cloud.trust())


def test_a_certificate_that_is_there_serves_without_the_cloud(both, cloud, public, private):
    both.start()
    serials = [both.wait_for_certificate(site, cloud.trust()) for site in (public, private)]
    both.stop()
    cloud.stop()
    both.allow(r"[Cc]ouldn't connect|[Cc]onnection refused|[Ff]ailed to connect")
    mark = both.log_size()
    both.start()
    # From the very first handshake on, while every call to the cloud fails.
    assert [both.show(site).serial for site in (public, private)] == serials
    both.wait_for_log(r'"www.example.com": .*stays', since=mark)
    assert [both.show(site).serial for site in (public, private)] == serials
    trust = cloud.start().trust()
    successor = cloud.renew(cloud.admin("GET", "/scm/certificates")["certificates"][0]["id"])
    wait_until(lambda: both.show(public).serial == successor["serial"], "the successor")
    assert both.show(public, tls.context(trust))


def test_an_unusable_state_directory_does_not_keep_the_server_from_starting(
        server, settings, cloud, intranet, private, scratch):
    (scratch / "state").write_text("not a directory")
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.allow(r"state")
    server.start()
    assert server.show(private).der
    server.wait_for_log(rf"{scratch}/state")
    (scratch / "state").unlink()
    server.wait_for_certificate(private, cloud.trust())
