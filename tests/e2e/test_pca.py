# SPDX-License-Identifier: Apache-2.0
"""Certificates of PCA: whose key it is, what is asked for, and that nothing is issued twice."""

import re
import subprocess
import time

import pytest
from conftest import PRIVATE
from lab import files, processes, tls
from lab.net import free_port
from lab.server import ALWAYS_DUE, Certificate, Site
from lab.waiting import wait_until


@pytest.fixture(name="start")
def fixture_start(server, settings, intranet, private):
    """Starts the server with the private site, the block's directives changed by the arguments."""

    def start(**directives):
        intranet.settings.update(directives)
        server.configure(settings=settings, certificates=[intranet], sites=[private])
        return server.start()

    return start


def text_of(shown):
    return subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-text"], input=shown.der,
                          capture_output=True, check=True).stdout.decode()


def test_a_local_key_never_leaves_the_machine(start, cloud, private, scratch):
    server = start()
    server.wait_for_certificate(private, cloud.trust())
    [certificate] = cloud.issued()
    assert certificate["gen_mode"] == "CSR" and not certificate["private_key"]
    # The cloud's whole memory, on its disk, does not know the key.
    key = (scratch / "state/certificates/intranet/current/privkey.pem").read_text().splitlines()[1]
    memory = dict(files.contents(scratch / "cloud"))
    assert memory
    for path, content in memory.items():
        assert key.encode() not in content, path


def test_a_key_made_by_the_cloud_is_exported_and_served(start, cloud, private):
    server = start(key_origin="cloud")
    server.wait_for_certificate(private, cloud.trust())
    assert cloud.count("CreateCertificate") == 1 and cloud.count("CreateCertificateByCsr") == 0


@pytest.mark.parametrize("key, shown", [("rsa:2048", "(2048 bit)"), ("rsa:3072", "(3072 bit)"),
                                        ("ecdsa:256", "P-256"), ("ecdsa:384", "P-384")])
def test_the_key_is_of_the_kind_that_was_asked_for(start, cloud, private, key, shown):
    server = start(key=key)
    server.wait_for_certificate(private, cloud.trust())
    assert shown in text_of(server.show(private))


@pytest.mark.parametrize("validity, seconds", [("12h", 12 * 3600), ("90d", 90 * 86400)])
def test_the_validity_is_the_one_that_was_asked_for(start, cloud, private, validity, seconds):
    server = start(validity=validity)
    server.wait_for_certificate(private, cloud.trust())
    end = cloud.issued()[0]["not_after"] / 1000
    assert abs(end - time.time() - seconds) < 120


def test_a_revoked_one_is_replaced_and_no_other_is_issued(start, cloud, private):
    server = start()
    serial = server.wait_for_certificate(private, cloud.trust())
    cloud.revoke_issued()
    server.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    looks = cloud.count("ShowCertificate", "pca")
    wait_until(lambda: cloud.count("ShowCertificate", "pca") >= looks + 2, "two more looks")
    assert len(cloud.issued()) == 2


def test_each_renewal_makes_a_new_key(start, cloud, private, scratch):
    server = start(**ALWAYS_DUE)
    serial = server.wait_for_certificate(private, cloud.trust())
    keys = {path.read_text() for path in keys_of(scratch)}
    server.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    assert len({path.read_text() for path in keys_of(scratch)} | keys) > 1


def keys_of(scratch):
    return (scratch / "state/certificates/intranet/versions").glob("*/privkey.pem")


SIGNATURES = {"EC": "ecdsa", "RSA": "rsa[-_]pss"}


def test_rsa_and_ecdsa_side_by_side_for_one_server(server, settings, cloud, private):
    source = f"pca issuer={cloud.facts['issuer_id']}"
    blocks = [Certificate("intranet-ec", source, (PRIVATE,), {"key": "ecdsa:256"}),
              Certificate("intranet-rsa", source, (PRIVATE,), {"key": "rsa:2048"})]
    private.certificates = ("intranet-ec", "intranet-rsa")
    server.configure(settings=settings, certificates=blocks, sites=[private])
    server.start()
    for kind in ("ec", "rsa"):
        server.wait_for_log(f'"intranet-{kind}": version 1 is now served')
    shown = {
        "EC": [["-sigalgs", "ECDSA+SHA256"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"]],
        "RSA": [["-sigalgs", "RSA-PSS+SHA256"], ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"]],
    }
    for kind, ways in shown.items():
        for options in ways:
            text = tls.openssl_client(private.port, PRIVATE, *options)
            # OpenSSL 3.0 says ECDSA or RSA-PSS; later ones name the scheme, such as rsa_pss_rsae_sha256.
            assert re.search(rf"^Peer signature type: {SIGNATURES[kind]}", text, re.M | re.I), text
            assert f"CN = {PRIVATE}" in text


def test_the_short_form_takes_its_names_from_the_server(server, settings, cloud):
    names = ("short.intra.example", "also.intra.example", "*.more.intra.example")
    site = Site(free_port(), names, (f"source=pca issuer={cloud.facts['issuer_id']}",))
    server.configure(settings=settings, sites=[site])
    server.start()
    server.wait_for_certificate(site, cloud.trust())
    for name in (*names[:2], "any.more.intra.example"):
        assert server.show(site, tls.context(cloud.trust()), name=name)


def test_a_crash_between_issue_and_export_issues_once(start, cloud, private):
    cloud.fault({"hang": True}, operation="ExportCertificate")
    server = start()
    for crash in (1, 2):
        wait_until(lambda crash=crash: cloud.faulty() >= crash, "an export that hangs")
        agent = server.wait_for_agent()
        processes.kill(agent)
        server.wait_for_agent(but_not=[agent])
    cloud.clear_faults()
    processes.kill(server.wait_for_agent())
    server.wait_for_certificate(private, cloud.trust())
    assert cloud.count("CreateCertificateByCsr") == 1 and len(cloud.issued()) == 1


def test_a_lost_answer_to_the_issuing_call_issues_once(start, cloud, private):
    cloud.fault({"reset": True, "executed": True}, operation="CreateCertificateByCsr", times=1)
    server = start()
    server.allow("Connection reset by peer")
    server.wait_for_certificate(private, cloud.trust())
    assert cloud.count("CreateCertificateByCsr") == 1 and len(cloud.issued()) == 1


def test_a_disabled_authority_is_named_in_the_log(start, cloud, private):
    issuer = cloud.facts["issuer_id"]
    cloud.admin("POST", f"/pca/authorities/{issuer}/state", {"state": "DISABLED"})
    server = start()
    server.allow("is DISABLED")
    server.wait_for_log(rf"the issuing CA {issuer} is DISABLED.*activate or enable it")
    assert not cloud.issued()
    cloud.admin("POST", f"/pca/authorities/{issuer}/state", {"state": "ACTIVED"})
    server.wait_for_certificate(private, cloud.trust())
