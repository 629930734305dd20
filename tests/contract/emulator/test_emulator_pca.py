# SPDX-License-Identifier: Apache-2.0
"""PCA: certification authorities, issuance, exports, revocation, OCSP and CRL."""

import calendar
import io
import re
import subprocess
import zipfile

import pytest
from cloud_client import dns_names, make_csr, new_key, parse_chain, parse_leaf, public_bytes
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

CAS = "/v1/private-certificate-authorities"
ALL = "/v1/private-certificates"
SUBJECT = {"common_name": "Test CA", "country": "CN", "state": "S", "locality": "L",
           "organization": "O", "organizational_unit": "U"}
YEARS = {"type": "YEAR", "value": 5}
NOBODY = "00000000-0000-4000-8000-000000000000"


def issued(cloud, **fields):
    answer = cloud.issue(**fields)
    assert answer.status == 200, answer
    return answer.json["certificate_id"]


def new_ca(cloud, **fields):
    body = {"type": "ROOT", "distinguished_name": SUBJECT, "key_algorithm": "EC256",
            "signature_algorithm": "SHA256", "validity": YEARS, **fields}
    answer = cloud.call("POST", CAS, {k: v for k, v in body.items() if v is not None})
    assert answer.status == 200, answer
    return answer.json["ca_id"]


def ca_state(cloud, ca_id):
    return cloud.call("GET", f"{CAS}/{ca_id}").json["status"]


def test_demo_issuer_is_ready(cloud):
    answer = cloud.call("GET", f"{CAS}/{cloud.facts['issuer_id']}").json
    assert (answer["status"], answer["type"]) == ("ACTIVED", "SUBORDINATE")
    assert set(answer) >= {
        "ca_id", "type", "status", "path_length", "issuer_id", "issuer_name", "key_algorithm",
        "signature_algorithm", "freeze_flag", "gen_mode", "serial_number", "create_time",
        "delete_time", "not_before", "not_after", "distinguished_name", "crl_configuration",
        "free_quota", "charging_mode", "cluster_id", "domain_id", "enterprise_project_id"}
    assert re.fullmatch(r"\d{24}", answer["serial_number"])


def test_life_of_a_ca(cloud):
    root = new_ca(cloud)
    child = new_ca(cloud, type="SUBORDINATE", validity=None, signature_algorithm=None)
    assert ca_state(cloud, child) == "PENDING"
    csr = cloud.call("GET", f"{CAS}/{child}/csr").json["csr"]
    assert "\r\n" in csr
    assert x509.load_pem_x509_csr(csr.encode()).is_signature_valid
    activate = {"issuer_id": root, "signature_algorithm": "SHA384", "validity": YEARS,
                "path_length": 0}
    answer = cloud.call("POST", f"{CAS}/{child}/activate", activate)
    assert (answer.status, answer.body) == (204, b"")
    exported = cloud.call("POST", f"{CAS}/{child}/export").json
    own, above = parse_leaf(exported["certificate"]), parse_chain(exported["certificate_chain"])
    assert own.issuer == above[0].subject == above[0].issuer
    assert "\r\n" in exported["certificate"]
    assert cloud.issue(issuer_id=child).status == 200
    assert cloud.call("DELETE", f"{CAS}/{child}", query=[("pending_days", 7)]).code == "PCA.00030201"
    for verb, state in (("disable", "DISABLED"), ("enable", "ACTIVED"), ("disable", "DISABLED")):
        assert cloud.call("POST", f"{CAS}/{child}/{verb}").status == 204
        assert ca_state(cloud, child) == state
    assert cloud.issue(issuer_id=child).code == "PCA.00030201"
    assert cloud.call("DELETE", f"{CAS}/{child}", query=[("pending_days", 7)]).status == 204
    assert ca_state(cloud, child) == "DELETED"
    assert cloud.call("POST", f"{CAS}/{child}/restore").status == 204
    assert ca_state(cloud, child) == "DISABLED"


def test_a_deleted_ca_is_gone_in_the_end(own_cloud):
    ca = new_ca(own_cloud)
    own_cloud.call("POST", f"{CAS}/{ca}/disable")
    own_cloud.call("DELETE", f"{CAS}/{ca}", query=[("pending_days", 7)])
    own_cloud.option(max_skew_s=10**7)
    own_cloud.admin("POST", "/time", {"shift_seconds": 8 * 86400})
    assert own_cloud.call("GET", f"{CAS}/{ca}").code == "PCA.00030102"


@pytest.mark.parametrize("change, code", [
    ({"type": "LEAF"}, "PCA.00020202"), ({"key_algorithm": "RSA512"}, "PCA.00020102"),
    ({"signature_algorithm": "MD5"}, "PCA.00020103"), ({"distinguished_name": {}}, "PCA.00020101"),
    ({"distinguished_name": dict(SUBJECT, country="CHN")}, "PCA.00020101"),
    ({"validity": {"type": "YEAR", "value": 31}}, "PCA.00020109"),
    ({"validity": {"type": "WEEK", "value": 1}}, "PCA.00020109"),
    ({"path_length": 7}, "PCA.00020203"),
    ({"crl_configuration": {"enabled": True}}, "PCA.00020204")])
def test_refused_cas(cloud, change, code):
    body = {"type": "ROOT", "distinguished_name": SUBJECT, "key_algorithm": "EC256",
            "signature_algorithm": "SHA256", "validity": YEARS, **change}
    answer = cloud.call("POST", CAS, body)
    assert (answer.status, answer.code) == (400, code)


def test_list_and_quota_of_cas(cloud):
    page = cloud.call("GET", CAS, query=[("type", "ROOT"), ("sort_key", "common_name")]).json
    assert page["total"] == len(page["certificate_authorities"])
    assert all(ca["type"] == "ROOT" for ca in page["certificate_authorities"])
    garbled = cloud.call("GET", "/v1/private-certificateAuthorities")
    assert garbled.status == 200
    quota = cloud.call("GET", f"{CAS}/quotas").json["quotas"]["resources"][0]
    assert (quota["type"], quota["quota"]) == ("CERTIFICATE_AUTHORITY", 100)
    quota = cloud.call("GET", f"{ALL}/quotas").json["quotas"]["resources"][0]
    assert (quota["type"], quota["quota"]) == ("CERTIFICATE", 100000)
    cloud.option(certificate_quota=0)
    assert (cloud.issue().status, cloud.issue().code) == (403, "PCA.00030001")


def verify(cloud, tmp_path, leaf, chain):
    (tmp_path / "leaf.pem").write_text(leaf)
    (tmp_path / "chain.pem").write_text(chain)
    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile",
         cloud.facts["pca_root_file"], "-untrusted", tmp_path / "chain.pem", tmp_path / "leaf.pem"],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_issue_by_csr(cloud, tmp_path):
    key = new_key()
    answer = cloud.issue_by_csr(make_csr(key, "app.intra", "*.app.intra"))
    assert answer.status == 200
    certificate_id = answer.json["certificate_id"]
    detail = cloud.call("GET", f"{ALL}/{certificate_id}").json
    assert (detail["status"], detail["gen_mode"], detail["key_algorithm"]) == (
        "ISSUED", "CSR", "EC256")
    assert detail["signature_algorithm"] == "SHA384"
    exported = cloud.export(certificate_id).json
    assert "private_key" not in exported
    leaf = parse_leaf(exported["certificate"])
    assert public_bytes(leaf) == public_bytes(key)
    assert dns_names(leaf) == ["app.intra", "*.app.intra"]
    assert leaf.serial_number == int(detail["serial_number"])
    assert detail["not_after"] == calendar.timegm(leaf.not_valid_after.timetuple()) * 1000
    assert exported["certificate"].count("BEGIN CERTIFICATE") == 1
    assert exported["certificate"].count("\r\n") == exported["certificate"].count("\n")
    verify(cloud, tmp_path, exported["certificate"], exported["certificate_chain"])


def test_names_of_the_call_are_ignored_with_a_csr(cloud):
    answer = cloud.issue_by_csr(make_csr(new_key(), "csr.intra"), subject_alternative_names=[
        {"type": "DNS", "value": "call.intra"}])
    leaf = parse_leaf(cloud.export(answer.json["certificate_id"]).json["certificate"])
    assert dns_names(leaf) == ["csr.intra"]


def test_intermediate_by_csr_is_a_ca_that_cannot_issue(cloud):
    root = new_ca(cloud)
    answer = cloud.issue_by_csr(make_csr(new_key(), common_name="Outside CA"), issuer_id=root,
                                type="INTERMEDIATE_CA", path_length=0)
    ca_id = answer.json["certificate_id"]
    assert cloud.call("GET", f"{CAS}/{ca_id}").json["gen_mode"] == "CSR"
    listed = cloud.call("GET", CAS, query=[("limit", 1000)]).json["certificate_authorities"]
    assert ca_id not in [ca["ca_id"] for ca in listed]
    assert cloud.issue(issuer_id=ca_id).code == "PCA.00030201"


def test_issue_with_a_key_of_the_cloud(cloud, tmp_path):
    names = [{"type": "DNS", "value": "app.intra"}, {"type": "IP", "value": "10.0.0.1"},
             {"type": "IP", "value": "fd00::1"}, {"type": "EMAIL", "value": "a@app.intra"},
             {"type": "URI", "value": "urn:app"}]
    certificate_id = issued(cloud, key_algorithm="RSA2048", subject_alternative_names=names,
                            key_usages=["digitalSignature", "keyEncipherment"])
    exported = cloud.export(certificate_id).json
    key = serialization.load_pem_private_key(exported["private_key"].encode(), None)
    leaf = parse_leaf(exported["certificate"])
    assert public_bytes(leaf) == public_bytes(key)
    assert exported["private_key"].startswith("-----BEGIN RSA PRIVATE KEY-----\r\n")
    subject = {part.oid._name: part.value for part in leaf.subject}
    assert subject["organizationName"] == "Demo"  # from the CA
    alternative = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert len(list(alternative)) == 5
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    verify(cloud, tmp_path, exported["certificate"], exported["certificate_chain"])
    protected = cloud.export(certificate_id, password="open sesame").json["private_key"]
    serialization.load_pem_private_key(protected.encode(), b"open sesame")


@pytest.mark.parametrize("change, status, code", [
    ({"issuer_id": "x"}, 400, "PCA.00020201"), ({"issuer_id": NOBODY}, 404, "PCA.00030103"),
    ({"key_algorithm": "DSA"}, 400, "PCA.00020102"),
    ({"signature_algorithm": "SHA1"}, 400, "PCA.00020103"),
    ({"distinguished_name": {"country": "CN"}}, 400, "PCA.00020101"),
    ({"distinguished_name": {"common_name": "x" * 65}}, 400, "PCA.00020101"),
    ({"validity": {"type": "YEAR", "value": 21}}, 400, "PCA.00020109"),
    ({"validity": {"type": "DAY", "value": 0}}, 400, "PCA.00020109"),
    ({"validity": None}, 400, "PCA.00020109"), ({"key_usages": ["fly"]}, 400, "PCA.00020001"),
    ({"subject_alternative_names": [{"type": "X400", "value": "x"}]}, 400, "PCA.00020112"),
    ({"subject_alternative_names": [{"type": "IP", "value": "1.2.3"}]}, 400, "PCA.00020111"),
    ({"subject_alternative_names": [{"type": "DNS", "value": "a..b"}]}, 400, "PCA.00020110"),
    ({"subject_alternative_names": [{"type": "DNS", "value": 7}]}, 400, "PCA.00020001"),
    ({"subject_alternative_names": [{"type": "DNS", "value": "a"}] * 21}, 400, "PCA.00020001")])
def test_refused_issuance(cloud, change, status, code):
    answer = cloud.issue(**change)
    assert (answer.status, answer.code) == (status, code)


def test_refused_csr(cloud):
    for csr in ("", "nonsense", make_csr(new_key(), "a.intra")[:200]):
        assert cloud.issue_by_csr(csr).code == "PCA.00020401"


def test_validity(cloud):
    start = cloud.admin("GET", "/time")["now_ms"] + 86400 * 1000
    certificate_id = issued(cloud, validity={"type": "HOUR", "value": 2, "start_from": start})
    detail = cloud.call("GET", f"{ALL}/{certificate_id}").json
    assert detail["not_after"] - detail["not_before"] == 2 * 3600 * 1000
    assert abs(detail["not_before"] - start) < 1000
    short = new_ca(cloud, validity={"type": "DAY", "value": 1})
    certificate_id = issued(cloud, issuer_id=short)
    issuer = cloud.call("GET", f"{CAS}/{short}").json
    assert cloud.call("GET", f"{ALL}/{certificate_id}").json["not_after"] == issuer["not_after"]


def test_short_lives_by_the_admin_side(cloud):
    cloud.admin("POST", "/pca/lifetime", {"seconds": 60, "backdate": 240})
    detail = cloud.call("GET", f"{ALL}/{issued(cloud)}").json
    assert detail["not_after"] - detail["not_before"] == 300_000
    cloud.admin("POST", "/pca/lifetime", {"seconds": None})
    detail = cloud.call("GET", f"{ALL}/{issued(cloud)}").json
    assert detail["not_after"] - detail["not_before"] > 29 * 86400 * 1000


def test_parse_a_csr(cloud):
    key = new_key()
    answer = cloud.call("POST", f"{ALL}/csr/parse", {"csr": make_csr(key, "app.intra")}).json
    assert (answer["key_algorithm"], answer["key_algorithm_length"]) == ("EC", 256)
    assert answer["signature_algorithm"] == "SHA256withECDSA"
    parts = {part: value for part, value in answer["distinguished_name"].items() if value is not None}
    assert parts == {"common_name": "app.intra"}
    assert "\r\n" in answer["public_key"]


def test_list_of_certificates(cloud):
    names = [f"list-{n}.intra" for n in range(12)]
    for name in names:
        issued(cloud, distinguished_name={"common_name": name})
    page = cloud.call("GET", ALL, query=[("name", "list-")]).json
    assert (page["total"], len(page["certificates"])) == (12, 10)
    page = cloud.call("GET", ALL, query=[("name", "list-"), ("limit", 5), ("offset", 10),
                                         ("sort_key", "common_name"), ("sort_dir", "ASC")]).json
    assert [record["distinguished_name"]["common_name"] for record in page["certificates"]] == [
        "list-8.intra", "list-9.intra"]
    assert cloud.call("GET", ALL, query=[("limit", 1001)]).code == "PCA.00020001"
    assert cloud.call("GET", ALL, query=[("status", "HAPPY")]).code == "PCA.00020404"


def test_unknown_certificates_by_both_styles(cloud):
    assert cloud.call("GET", f"{ALL}/not-a-uuid").code == "PCA.00020301"
    answer = cloud.call("GET", f"{ALL}/{NOBODY}")
    assert (answer.status, answer.code) == (404, "PCA.00030102")
    cloud.option(not_found_style="live")
    for path in (f"{ALL}/{NOBODY}", f"{CAS}/{NOBODY}"):
        answer = cloud.call("GET", path)
        assert (answer.status, answer.code) == (400, "PCA.10010002")


ENTRIES = {"APACHE": ["server.key", "chain.crt", "server.crt"], "NGINX": ["server.key", "server.crt"],
           "OTHER": ["server.key", "chain.pem", "server.pem"],
           "IIS": ["keystorePass.txt", "server.pfx"], "TOMCAT": ["keystorePass.txt", "server.jks"]}


@pytest.mark.parametrize("kind", list(ENTRIES) + ["nginx"])
@pytest.mark.parametrize("compressed", ["true", True])
def test_zip_export(cloud, kind, compressed):
    answer = cloud.export(issued(cloud), kind, compressed)
    assert answer.status == 200
    assert f"app.intra_{kind.lower()}.zip" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ENTRIES[kind.upper()]
        contents = {name: archive.read(name) for name in archive.namelist()}
    if kind in ("IIS", "TOMCAT"):
        key, leaf, chain = pkcs12.load_key_and_certificates(
            contents[ENTRIES[kind][1]], contents["keystorePass.txt"])
        assert public_bytes(leaf) == public_bytes(key) and len(chain) == 2
        return
    key = serialization.load_pem_private_key(contents["server.key"], None)
    leaf_file = "server.pem" if kind == "OTHER" else "server.crt"
    certificates = parse_chain(contents[leaf_file].decode())
    assert public_bytes(certificates[0]) == public_bytes(key)
    assert len(certificates) == (3 if kind.upper() == "NGINX" else 1)


def test_zip_export_without_a_key(cloud):
    certificate_id = cloud.issue_by_csr(make_csr(new_key(), "app.intra")).json["certificate_id"]
    answer = cloud.export(certificate_id, "APACHE", "true")
    assert zipfile.ZipFile(io.BytesIO(answer.body)).namelist() == ["chain.crt", "server.crt"]


@pytest.mark.parametrize("body", [
    {}, {"type": "NGINX"}, {"is_compressed": "false"}, {"is_compressed": "no", "type": "NGINX"},
    {"is_compressed": "false", "type": "LIGHTTPD"}, {"is_compressed": "false", "type": "TOMCAT"},
    {"is_compressed": "false", "type": "NGINX", "password": "x" * 33}, b"nonsense"])
def test_refused_exports(cloud, body):
    answer = cloud.call("POST", f"{ALL}/{issued(cloud)}/export", body)
    assert (answer.status, answer.code) == (400, "PCA.00020001")


def ocsp_status(cloud, tmp_path, exported):
    (tmp_path / "leaf.pem").write_text(exported["certificate"])
    (tmp_path / "issuer.pem").write_text(exported["certificate_chain"])
    leaf = parse_leaf(exported["certificate"])
    access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    done = subprocess.run(
        ["openssl", "ocsp", "-issuer", tmp_path / "issuer.pem", "-cert", tmp_path / "leaf.pem",
         "-CAfile", cloud.facts["pca_root_file"], "-url", access[0].access_location.value],
        capture_output=True, text=True, check=False)
    assert "Response verify OK" in done.stderr, done.stderr
    return done.stdout.split(":")[1].split()[0]


def test_revocation_reaches_ocsp_and_crl(cloud, tmp_path):
    certificate_id = issued(cloud)
    exported = cloud.export(certificate_id).json
    assert ocsp_status(cloud, tmp_path, exported) == "good"
    revoke = f"{ALL}/{certificate_id}/revoke"
    assert cloud.call("POST", revoke).code == "PCA.00020001"
    assert cloud.call("POST", revoke, {"reason": "BORED"}).code == "PCA.00020001"
    answer = cloud.call("POST", revoke, {"reason": "SUPERSEDED"})
    assert (answer.status, answer.body) == (204, b"")
    assert cloud.call("POST", revoke, b"{}").code == "PCA.00030201"
    assert cloud.call("GET", f"{ALL}/{certificate_id}").json["status"] == "REVOKED"
    assert cloud.export(certificate_id).code == "PCA.00030201"
    assert ocsp_status(cloud, tmp_path, exported) == "revoked"
    crl = cloud.plain("GET", f"/pki/crl/{cloud.facts['issuer_id']}").body
    leaf = parse_leaf(exported["certificate"])
    revoked = x509.load_der_x509_crl(crl).get_revoked_certificate_by_serial_number(leaf.serial_number)
    assert revoked is not None


def test_revoke_and_expire_by_the_admin_side(cloud):
    certificate_id = issued(cloud)
    cloud.admin("POST", f"/pca/certificates/{certificate_id}/revoke")
    assert cloud.call("GET", f"{ALL}/{certificate_id}").json["status"] == "REVOKED"
    certificate_id = issued(cloud)
    cloud.admin("POST", f"/pca/certificates/{certificate_id}/expire")
    assert cloud.call("GET", f"{ALL}/{certificate_id}").json["status"] == "EXPIRED"
    assert cloud.export(certificate_id).code == "PCA.00030201"


def test_delete(cloud):
    certificate_id = issued(cloud)
    answer = cloud.call("DELETE", f"{ALL}/{certificate_id}")
    assert (answer.status, answer.body) == (204, b"")
    assert cloud.call("GET", f"{ALL}/{certificate_id}").code == "PCA.00030102"


def test_a_csr_may_come_with_crlf(cloud):
    csr = make_csr(new_key(), "crlf.intra").replace("\n", "\r\n")
    assert cloud.issue_by_csr(csr).status == 200
