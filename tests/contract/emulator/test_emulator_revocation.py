# SPDX-License-Identifier: Apache-2.0
"""Revocation as relying parties see it: addresses in certificates, CRLs and OCSP answers with reasons."""

import subprocess
import urllib.error
import urllib.request

import pytest
from cloud_client import parse_chain, parse_leaf
from cryptography import x509
from cryptography.x509.oid import ExtensionOID
from local_pki import pem
from story import SUBJECT, YEARS

CAS = "/v1/private-certificate-authorities"
ALL = "/v1/private-certificates"


class Ca:
    """A CA of the test's own, below a root of its own or itself the root."""

    def __init__(self, cloud, parent=None):
        self.cloud = cloud
        body = {"type": "SUBORDINATE" if parent else "ROOT", "distinguished_name": SUBJECT,
                "key_algorithm": "EC256", "signature_algorithm": "SHA256", "validity": YEARS}
        if parent:
            body["issuer_id"] = parent.id
        self.id = cloud.call("POST", CAS, body).json["ca_id"]

    def post(self, verb, body=None):
        answer = self.cloud.call("POST", f"{CAS}/{self.id}/{verb}", body)
        assert answer.status == 204, answer

    def enable_crl(self, days=7):
        self.cloud.call("POST", f"{CAS}/agencies")
        bucket = self.cloud.call("GET", f"{CAS}/obs/buckets").json["obs_buckets"][0]["bucket_name"]
        self.post("crl/enable", {"obs_bucket_name": bucket, "valid_days": days})

    def certificate(self):
        """(id, leaf, chain)"""
        made = self.cloud.issue(issuer_id=self.id).json["certificate_id"]
        exported = self.cloud.export(made).json
        return made, parse_leaf(exported["certificate"]), parse_chain(exported["certificate_chain"])

    def own_certificate(self):
        return parse_leaf(self.cloud.call("POST", f"{CAS}/{self.id}/export").json["certificate"])


def revoke(cloud, certificate_id, reason):
    assert cloud.call("POST", f"{ALL}/{certificate_id}/revoke", {"reason": reason}).status == 204


def extension(certificate, oid):
    try:
        return certificate.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return None


def crl_address(certificate):
    points = extension(certificate, ExtensionOID.CRL_DISTRIBUTION_POINTS)
    return points and points[0].full_name[0].value


def fetch_crl(address):
    with urllib.request.urlopen(address, timeout=20) as answer:
        return x509.load_der_x509_crl(answer.read())


def test_a_new_ca_publishes_nothing(cloud):
    ca = Ca(cloud)
    _, leaf, _ = ca.certificate()
    assert crl_address(leaf) is None
    assert extension(leaf, ExtensionOID.AUTHORITY_INFORMATION_ACCESS) is None
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch_crl(f"{cloud.facts['metadata']}/pki/crl/{ca.id}")
    assert refused.value.code == 404


@pytest.mark.parametrize("reason, flag", [
    ("UNSPECIFIED", None), ("KEY_COMPROMISE", x509.ReasonFlags.key_compromise),
    ("CERTIFICATE_AUTHORITY_COMPROMISE", x509.ReasonFlags.ca_compromise),
    ("AFFILIATION_CHANGED", x509.ReasonFlags.affiliation_changed),
    ("SUPERSEDED", x509.ReasonFlags.superseded),
    ("CESSATION_OF_OPERATION", x509.ReasonFlags.cessation_of_operation),
    ("CERTIFICATE_HOLD", x509.ReasonFlags.certificate_hold),
    ("PRIVILEGE_WITHDRAWN", x509.ReasonFlags.privilege_withdrawn),
    ("ATTRIBUTE_AUTHORITY_COMPROMISE", x509.ReasonFlags.aa_compromise)])
def test_reasons_reach_the_crl(cloud, reason, flag):
    ca = Ca(cloud)
    ca.enable_crl(days=30)
    certificate_id, leaf, chain = ca.certificate()
    assert fetch_crl(crl_address(leaf)).get_revoked_certificate_by_serial_number(leaf.serial_number) is None
    revoke(cloud, certificate_id, reason)
    crl = fetch_crl(crl_address(leaf))
    assert crl.is_signature_valid(chain[0].public_key())
    assert (crl.next_update - crl.last_update).days == 30
    entry = crl.get_revoked_certificate_by_serial_number(leaf.serial_number)
    found = [item.value.reason for item in entry.extensions]
    assert found == ([flag] if flag else [])
    ca.post("crl/disable")
    _, later, _ = ca.certificate()
    assert crl_address(later) is None


def ask_ocsp(tmp_path, leaf, chain, address):
    (tmp_path / "leaf.pem").write_text(pem(leaf))
    (tmp_path / "issuer.pem").write_text(pem(chain[0]))
    (tmp_path / "chain.pem").write_text("".join(map(pem, chain)))
    done = subprocess.run(
        ["openssl", "ocsp", "-issuer", tmp_path / "issuer.pem", "-cert", tmp_path / "leaf.pem",
         "-CAfile", tmp_path / "chain.pem", "-url", address],
        capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def test_ocsp_is_switched(cloud, tmp_path):
    ca = Ca(cloud)
    ca.post("ocsp/switch", {"ocsp_switch": True})
    certificate_id, leaf, chain = ca.certificate()
    address = extension(leaf, ExtensionOID.AUTHORITY_INFORMATION_ACCESS)[0].access_location.value
    said = ask_ocsp(tmp_path, leaf, chain, address)
    assert "Response verify OK" in said and "leaf.pem: good" in said
    revoke(cloud, certificate_id, "SUPERSEDED")
    said = ask_ocsp(tmp_path, leaf, chain, address)
    assert "leaf.pem: revoked" in said and "Reason: superseded" in said
    ca.post("ocsp/switch", {"ocsp_switch": False})
    assert "unauthorized" in ask_ocsp(tmp_path, leaf, chain, address)


def test_a_revoked_ca_is_on_the_list_of_its_root(cloud):
    root = Ca(cloud)
    root.enable_crl()
    child = Ca(cloud, root)
    own = child.own_certificate()
    child.post("revoke", {"reason": "CESSATION_OF_OPERATION"})
    crl = fetch_crl(crl_address(own))
    assert crl.get_revoked_certificate_by_serial_number(own.serial_number) is not None
    assert cloud.issue(issuer_id=child.id).code == "PCA.00030201"


def test_a_revoked_public_certificate_is_on_the_list(cloud):
    cloud.option(issue_after_ms=0)
    made = cloud.scm_certificate("revoked.example.com")
    project = cloud.call("GET", "/v3/auth/projects").json["projects"][0]["id"]
    cloud.call("POST", f"/v2/{project}/scm/cert/{made['id']}/revoke", {"reason": "lost"})
    assert cloud.call("GET", f"/v3/scm/certificates/{made['id']}").json["status"] == "REVOKED"
    leaf = parse_leaf(made["certificate"])
    crl = fetch_crl(crl_address(leaf))
    assert crl.get_revoked_certificate_by_serial_number(leaf.serial_number) is not None
