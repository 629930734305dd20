# SPDX-License-Identifier: Apache-2.0
"""What changes by itself or must survive: states that follow time, and everything after a restart."""

import signal

from cloud_client import make_csr, new_key
from cryptography import x509
from provocations import Provoker
from story import APPLICANT, ORDER, SUBJECT, YEARS

SCM = "/v3/scm/certificates"
CAS = "/v1/private-certificate-authorities"
DAY = 86400


def new_ca(cloud, **fields):
    body = {"type": "ROOT", "distinguished_name": SUBJECT, "key_algorithm": "EC256",
            "signature_algorithm": "SHA256", "validity": YEARS, **fields}
    return cloud.call("POST", CAS, body).json["ca_id"]


def state(cloud, ca_id):
    return cloud.call("GET", f"{CAS}/{ca_id}").json["status"]


def days_later(cloud, days):
    cloud.option(max_skew_s=10**10)
    cloud.admin("POST", "/time", {"shift_seconds": days * DAY})


def test_an_expired_ca(own_cloud):
    cloud = own_cloud
    ca = new_ca(cloud, validity={"type": "DAY", "value": 10})
    days_later(cloud, 11)
    assert state(cloud, ca) == "EXPIRED"
    assert cloud.issue(issuer_id=ca).code == "PCA.00030201"
    assert cloud.call("POST", f"{CAS}/{ca}/export").status == 200
    assert cloud.call("GET", CAS, query=[("status", "EXPIRED")]).json["total"] == 1
    assert cloud.call("POST", f"{CAS}/{ca}/disable").status == 204
    assert cloud.call("DELETE", f"{CAS}/{ca}", query=[("pending_days", 7)]).status == 204
    days_later(cloud, 19)
    assert cloud.call("GET", f"{CAS}/{ca}").code == "PCA.00030102"


def test_a_revoked_ca_stays_revoked_in_the_bin(cloud):
    root = new_ca(cloud)
    child = new_ca(cloud, type="SUBORDINATE", issuer_id=root)
    cloud.call("POST", f"{CAS}/{child}/revoke", {})
    cloud.call("DELETE", f"{CAS}/{child}", query=[("pending_days", 7)])
    assert state(cloud, child) == "DELETED"
    cloud.call("POST", f"{CAS}/{child}/restore")
    assert state(cloud, child) == "REVOKED"
    assert cloud.call("POST", f"{CAS}/{root}/revoke", {}).code == "PCA.00030201"


def test_an_imported_ca_issues_below_its_own_root(cloud):
    provoker = Provoker(cloud)
    ca, csr = provoker.pending_ca()
    assert x509.load_pem_x509_csr(csr.encode()).is_signature_valid
    body = {"certificate": provoker.local.sign_ca(csr), "certificate_chain": provoker.local.pem}
    assert cloud.call("POST", f"{CAS}/{ca}/import", body).status == 204
    assert cloud.call("POST", f"{CAS}/{ca}/import", body).code == "PCA.00030201"
    made = cloud.issue(issuer_id=ca).json["certificate_id"]
    chain = cloud.export(made).json["certificate_chain"]
    assert provoker.local.pem.strip() in chain.replace("\r\n", "\n")


def test_a_withdrawn_application_can_be_made_again(cloud):
    cloud.option(issue_after_ms=-1, proof="assumed")
    one = cloud.call("POST", f"{SCM}/buy", ORDER).json["cert"][0]["cert_id"]
    form = {"domain": "again.example.com", "domain_method": "DNS", **APPLICANT}
    assert cloud.call("POST", f"{SCM}/{one}/apply", form).status == 200
    cloud.order_plan(one, cancel_after_ms=0)
    assert cloud.call("POST", f"{SCM}/{one}/cancel-cert").status == 200
    assert cloud.call("GET", f"{SCM}/{one}").json["status"] == "PAID"
    cloud.option(issue_after_ms=0)
    assert cloud.call("POST", f"{SCM}/{one}/apply", form).status == 200
    assert cloud.call("GET", f"{SCM}/{one}").json["status"] == "ISSUED"


def test_csrs_of_every_kind(cloud):
    for algorithm in ("RSA_2048", "EC_P256", "EC_P384", "SM2"):
        made = cloud.call("POST", "/v3/scm/csr", {
            "name": f"csr-{algorithm}", "domain_name": "csr.example.com", "usage": "PERSONAL",
            "private_key_algo": algorithm})
        assert made.status == 201, made
        shown = cloud.call("GET", f"/v3/scm/csr/{made.json['id']}").json
        assert shown["private_key_algo"] == algorithm
        assert shown["csr"].startswith("-----BEGIN CERTIFICATE REQUEST-----")
        key = cloud.call("GET", f"/v3/scm/csr/{made.json['id']}/private-key").json["private_key"]
        assert "PRIVATE KEY" in key
    query = [("limit", 10), ("private_key_algo", "SM2")]
    assert cloud.call("GET", "/v3/scm/csr", query=query).json["total"] == 1


def test_accounts_do_not_see_each_other(cloud):
    other = cloud.admin("POST", "/accounts", {"name": "stranger"})["keys"][0]
    key = (other["ak"], other["sk"])
    one = cloud.scm_certificate("mine.example.com")["id"]
    csr = cloud.call("POST", "/v3/scm/csr/upload", {
        "name": "mine", "csr": make_csr(new_key(), "mine.example.com")}).json["id"]
    cloud.call("POST", f"/v3/scm/{one}/tags", {"tag": {"key": "mine", "value": "1"}})
    assert cloud.call("GET", f"/v3/scm/{one}/tags", key=key).code == "SCM.0020"
    assert cloud.call("GET", f"/v3/scm/csr/{csr}", key=key).code == "SCM.0707"
    assert cloud.call("GET", "/v3/scm/tags", key=key).json["tags"] == []
    assert cloud.call("GET", "/v3/scm/csr", key=key).json["total"] == 0
    deployed = {"certificate_ids": [one], "service_names": ["ALL"]}
    assert cloud.call("POST", "/v3/scm/deployed-resources", deployed, key=key).code == "SCM.0506"


def test_everything_survives_a_kill(own_cloud):
    cloud = own_cloud
    one = cloud.scm_certificate("www.example.com")["id"]
    cloud.call("POST", f"/v3/scm/{one}/tags", {"tag": {"key": "team", "value": "web"}})
    cloud.call("POST", f"{SCM}/{one}/deploy", {
        "service_name": "CDN", "resources": [{"domain_name": "www.example.com"}]})
    cloud.call("POST", f"{SCM}/{one}/push", {"target_service": "ELB", "target_project": "cn-north-4"})
    csr = cloud.call("POST", "/v3/scm/csr/upload", {
        "name": "kept", "csr": make_csr(new_key(), "kept.example.com")}).json["id"]
    agency = cloud.call("POST", f"{CAS}/agencies").json["agency_id"]
    before = cloud.admin("GET", "/targets")
    cloud.stop(signal.SIGKILL)
    cloud.start()
    assert cloud.admin("GET", "/targets") == before
    assert cloud.call("GET", f"/v3/scm/{one}/tags").json["tags"] == [{"key": "team", "value": "web"}]
    assert cloud.call("GET", f"/v3/scm/csr/{csr}").json["name"] == "kept"
    assert cloud.call("POST", f"{CAS}/agencies").json["agency_id"] == agency
