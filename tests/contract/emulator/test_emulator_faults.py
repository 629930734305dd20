# SPDX-License-Identifier: Apache-2.0
"""Every kind of fault, the request log, and what outlives the process."""

import datetime
import http.client
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import time

import pytest
from cloud_client import dns_names, make_csr, new_key, parse_chain, parse_leaf, public_bytes
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from lab import place

LIST = "/v3/scm/certificates"


# -- answers that fail -----------------------------------------------------------------------------

def test_status_and_code(cloud):
    cloud.fault({"status": 503, "code": "SCM.0100", "message": "later"}, times=1,
                service="scm", operation="ListCertificates")
    answer = cloud.call("GET", LIST)
    assert (answer.status, answer.code, answer.json["error_msg"]) == (503, "SCM.0100", "later")
    assert cloud.call("GET", LIST).status == 200
    assert cloud.admin("GET", "/faults")["faults"] == []


def test_documented_code_fills_the_rest(cloud):
    cloud.fault({"code": "SCM.4002"}, operation="ListCertificates")
    answer = cloud.call("GET", LIST)
    assert answer.status == 401
    assert answer.json["error_msg"] == "You do not have permission to perform this operation."


def test_throttle(cloud):
    cloud.fault({"throttle": 7}, service="pca")
    answer = cloud.call("GET", "/v1/private-certificates")
    assert (answer.status, answer.code) == (429, "APIGW.0308")
    assert answer.headers["retry-after"] == "7"
    assert cloud.call("GET", LIST).status == 200


def test_locked_key_and_expired_token(cloud):
    cloud.fault({"locked_key": True}, times=1)
    assert cloud.call("GET", LIST).code == "APIGW.0301"
    token = cloud.login().headers["x-subject-token"]
    cloud.fault({"expired_token": True}, operation="ListCertificates", times=2)
    assert cloud.call_with_token(token, "GET", LIST).code == "APIGW.0307"
    assert cloud.call("GET", LIST).code == "SCM.1000"


def test_delay(cloud):
    cloud.fault({"delay_ms": 300})
    began = time.monotonic()
    assert cloud.call("GET", LIST).status == 200
    assert time.monotonic() - began >= 0.3


def test_hang(cloud):
    cloud.fault({"hang": True})
    with pytest.raises(TimeoutError):
        cloud.call("GET", LIST, timeout=0.5)
    entry = cloud.admin("GET", "/requests")["requests"][-1]
    assert (entry["operation"], entry["status"]) == ("ListCertificates", 0)


def test_reset(cloud):
    cloud.fault({"reset": True})
    with pytest.raises(ConnectionResetError):
        cloud.call("GET", LIST)


def test_close(cloud):
    cloud.fault({"close": True})
    with pytest.raises((http.client.RemoteDisconnected, ssl.SSLEOFError)):
        cloud.call("GET", LIST)


def test_half_body(cloud):
    cloud.scm_certificate("half.example")
    cloud.fault({"half_body": True})
    with pytest.raises(http.client.IncompleteRead) as problem:
        cloud.call("GET", LIST)
    assert len(problem.value.partial) > 10
    assert problem.value.expected > 10


def test_trickle(cloud):
    cloud.fault({"trickle_ms": 5}, operation="KeystoneListAuthDomains")
    began = time.monotonic()
    answer = cloud.call("GET", "/v3/auth/domains")
    assert answer.json["domains"]
    assert time.monotonic() - began >= 0.005 * len(answer.body)


def test_garbage_empty_and_own_body(cloud):
    cloud.fault({"garbage": True}, times=1)
    answer = cloud.call("GET", LIST)
    assert answer.status == 200
    with pytest.raises(ValueError):
        json.loads(answer.body)
    cloud.fault({"empty": True}, times=1)
    answer = cloud.call("GET", LIST)
    assert (answer.status, answer.body) == (200, b"")
    cloud.fault({"body": "[1]", "headers": {"X-Odd": "1"}}, times=1)
    answer = cloud.call("GET", LIST)
    assert (answer.json, answer.headers["x-odd"]) == ([1], "1")


def test_redirect(cloud):
    cloud.fault({"status": 302, "headers": {"Location": "https://elsewhere.invalid/"}}, times=1)
    answer = cloud.call("GET", LIST)
    assert (answer.status, answer.headers["location"]) == (302, "https://elsewhere.invalid/")


def test_executed_but_answer_lost(cloud):
    def total():
        return cloud.call("GET", "/v1/private-certificates").json["total"]

    before = total()
    cloud.fault({"close": True}, times=1, operation="CreateCertificateByCsr")
    with pytest.raises((http.client.RemoteDisconnected, ssl.SSLEOFError)):
        cloud.issue_by_csr(make_csr(new_key(), "lost.intra"))
    assert total() == before
    cloud.fault({"status": 502, "executed": True}, times=1, operation="CreateCertificateByCsr")
    assert cloud.issue_by_csr(make_csr(new_key(), "lost.intra")).status == 502
    assert total() == before + 1


def test_matching(cloud):
    first, second = cloud.scm_certificate("one.example"), cloud.scm_certificate("two.example")
    fault = cloud.fault({"code": "SCM.0100"}, id=first["id"])
    assert cloud.call("GET", f"{LIST}/{first['id']}").status == 500
    assert cloud.call("GET", f"{LIST}/{second['id']}").status == 200
    assert cloud.admin("GET", "/faults")["faults"][0]["taken"] == 1
    assert cloud.admin("GET", "/requests")["requests"][-2]["fault"] == fault["id"]
    cloud.admin("DELETE", f"/faults/{fault['id']}")
    cloud.fault({"code": "SCM.0100"}, id="two.example", operation="ExportCertificate")
    assert cloud.call("GET", f"{LIST}/{second['id']}").status == 200
    assert cloud.call("POST", f"{LIST}/{second['id']}/export").status == 500
    cloud.admin("DELETE", "/faults")
    cloud.fault({"code": "SCM.0100"}, domain_id="another")
    assert cloud.call("GET", LIST).status == 200


@pytest.mark.parametrize("fault", [
    {}, {"effect": 1}, {"effect": {"explode": True}}, {"effect": {"delay_ms": "1"}},
    {"effect": {}, "match": {"colour": "red"}}, {"effect": {}, "times": 0},
    {"effect": {}, "operation": "ListCertificates"}])
def test_refused_faults(cloud, fault):
    with pytest.raises(RuntimeError, match="400"):
        cloud.admin("POST", "/faults", fault)


# -- certificates and keys that are wrong ----------------------------------------------------------

def scm_export(cloud, effect, **fields):
    made = cloud.scm_certificate("www.fault.example", **fields)
    cloud.fault(effect, times=1, service="scm", operation="ExportCertificate")
    answer = cloud.call("POST", f"{LIST}/{made['id']}/export").json
    good = cloud.call("POST", f"{LIST}/{made['id']}/export").json
    assert parse_leaf(good["certificate"]).serial_number == int(made["serial"], 16)
    return answer


def pca_export(cloud, effect):
    certificate_id = cloud.issue_by_csr(make_csr(new_key(), "app.intra")).json["certificate_id"]
    cloud.fault(effect, times=1, service="pca", operation="ExportCertificate")
    return cloud.export(certificate_id).json


def csr_issue(cloud, effect, key):
    cloud.fault(effect, times=1, operation="CreateCertificateByCsr")
    answer = cloud.issue_by_csr(make_csr(key, "app.intra"))
    return cloud.export(answer.json["certificate_id"]).json


def test_wrong_key(cloud):
    answer = scm_export(cloud, {"wrong_key": True})
    key = serialization.load_pem_private_key(answer["private_key"].encode(), None)
    assert public_bytes(key) != public_bytes(parse_leaf(answer["certificate"]))
    mine = new_key()
    answer = csr_issue(cloud, {"wrong_key": True}, mine)
    assert public_bytes(mine) != public_bytes(parse_leaf(answer["certificate"]))
    assert scm_export(cloud, {"no_key": True})["private_key"] == ""


def signed_by(certificate, issuer_pem):
    key = parse_leaf(issuer_pem).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(),
                   certificate.signature_hash_algorithm)
    else:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes,
                   ec.ECDSA(certificate.signature_hash_algorithm))
    return True


def test_dates(cloud):
    now = datetime.datetime.utcnow()
    for export in (scm_export, pca_export):
        answer = export(cloud, {"expired": True})
        leaf = parse_leaf(answer["certificate"])
        assert leaf.not_valid_after < now
        assert signed_by(leaf, answer["certificate_chain"])
        assert parse_leaf(export(cloud, {"not_yet_valid": True})["certificate"]).not_valid_before > now
        short = parse_leaf(export(cloud, {"shorter": True})["certificate"])
        assert (short.not_valid_after - now).total_seconds() < 4000


def test_wrong_names(cloud):
    assert dns_names(parse_leaf(scm_export(cloud, {"wrong_names": True})["certificate"])) == [
        "wrong.invalid"]
    answer = pca_export(cloud, {"wrong_names": ["a.example", "b.example"]})
    assert dns_names(parse_leaf(answer["certificate"])) == ["a.example", "b.example"]
    assert signed_by(parse_leaf(answer["certificate"]), answer["certificate_chain"])


def test_client_auth_only(cloud):
    for export in (scm_export, pca_export):
        leaf = parse_leaf(export(cloud, {"client_auth_only": True})["certificate"])
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_weak(cloud):
    leaf = parse_leaf(scm_export(cloud, {"weak": "sha1"})["certificate"])
    assert leaf.signature_hash_algorithm.name == "sha1"
    answer = scm_export(cloud, {"weak": True})
    key = serialization.load_pem_private_key(answer["private_key"].encode(), None)
    assert key.key_size == 1024
    assert public_bytes(key) == public_bytes(parse_leaf(answer["certificate"]))
    leaf = parse_leaf(pca_export(cloud, {"weak": True})["certificate"])
    assert leaf.signature_hash_algorithm.name == "sha1"


def test_broken_chains(cloud):
    answer = scm_export(cloud, {"broken_chain": "other_ca"})
    leaf, chain = parse_leaf(answer["certificate"]), parse_chain(answer["certificate_chain"])
    assert chain[0].subject != leaf.issuer
    assert scm_export(cloud, {"broken_chain": "missing_intermediate"})["certificate_chain"] == ""
    answer = pca_export(cloud, {"broken_chain": "missing_intermediate"})
    assert parse_leaf(answer["certificate_chain"]).subject != parse_leaf(answer["certificate"]).issuer
    for export in (scm_export, pca_export):
        answer = export(cloud, {"broken_chain": "bad_signature"})
        with pytest.raises(InvalidSignature):
            signed_by(parse_leaf(answer["certificate"]), answer["certificate_chain"])


def test_order_and_layout(cloud):
    answer = scm_export(cloud, {"reversed_chain": True})
    chain = parse_chain(answer["certificate_chain"])
    assert chain[0].subject == chain[0].issuer and len(chain) == 2
    chain = parse_chain(scm_export(cloud, {"root_attached": True})["certificate_chain"])
    assert chain[1].subject == chain[1].issuer
    assert "----------BEGIN" in scm_export(cloud, {"glued": True})["entire_certificate"]
    assert "\r\n" in scm_export(cloud, {"crlf": True})["certificate"]
    assert "\n" not in scm_export(cloud, {"flat": True})["entire_certificate"]


def test_several_effects_at_once(cloud):
    cloud.fault({"delay_ms": 100, "expired": True, "crlf": True}, operation="ExportCertificate")
    made = cloud.scm_certificate("mixed.example")
    answer = cloud.call("POST", f"{LIST}/{made['id']}/export").json
    assert "\r\n" in answer["certificate"]
    assert parse_leaf(answer["certificate"]).not_valid_after < datetime.datetime.utcnow()


# -- the log ---------------------------------------------------------------------------------------

def test_request_log_and_counters(cloud):
    before = time.monotonic_ns()
    first = cloud.call("GET", LIST)
    cloud.call("GET", f"{LIST}/scs0000000000000")
    log = cloud.admin("GET", "/requests")
    assert [entry["status"] for entry in log["requests"]] == [200, 400]
    entry = log["requests"][0]
    assert before < entry["monotonic_ns"] < time.monotonic_ns()
    assert entry["request_id"] == first.headers["x-request-id"]
    assert log["requests"][1]["code"] == "SCM.0020"
    assert log["requests"][1]["resource"] == "scs0000000000000"
    assert cloud.admin("GET", f"/requests?since={log['last']}")["requests"] == []
    counters = cloud.admin("GET", "/counters")
    assert counters["total"] == 2
    assert counters["operations"]["scm.ShowCertificate"] == {"total": 1, "statuses": {"400": 1}}
    cloud.admin("DELETE", "/counters")
    assert cloud.admin("GET", "/counters")["total"] == 0


def test_oversized_and_malformed_requests(cloud):
    answer = cloud.call("POST", f"{LIST}/import", b"x" * (12 * 1024 * 1024 + 1))
    assert (answer.status, answer.code) == (413, "APIGW.0201")
    with socket.create_connection(cloud.authority.split(":")) as raw:
        raw.sendall(b"not http at all\r\n\r\n")
        assert b" 400 " in raw.recv(4096)
    assert cloud.call("GET", LIST).status == 200


def test_keep_alive(cloud):
    connection = cloud.connect(secure=False)
    for _ in range(3):
        connection.request("GET", "/admin/time")
        response = connection.getresponse()
        assert response.status == 200
        response.read()
    connection.close()


# -- process and state -----------------------------------------------------------------------------

def test_everything_survives_kill_9(own_cloud):
    facts = dict(own_cloud.facts)
    made = own_cloud.scm_certificate("stays.example")
    certificate_id = own_cloud.issue().json["certificate_id"]
    token = own_cloud.login().headers["x-subject-token"]
    own_cloud.option(strict_paging=True)
    fault = own_cloud.fault({"code": "SCM.0100"}, operation="Nothing")
    own_cloud.admin("POST", "/time", {"shift_seconds": 100})
    own_cloud.stop(signal.SIGKILL)
    own_cloud.start()
    for name in ("issuer_id", "domain_id", "ak", "password", "credentials_file"):
        assert own_cloud.facts[name] == facts[name]
    assert own_cloud.call("GET", f"{LIST}/{made['id']}").json["status"] == "ISSUED"
    assert own_cloud.export(certificate_id).json["private_key"]
    assert own_cloud.call_with_token(token, "GET", LIST).status == 200
    assert own_cloud.admin("GET", "/options")["strict_paging"] is True
    assert own_cloud.admin("GET", "/faults")["faults"][0]["id"] == fault["id"]
    assert own_cloud.admin("GET", "/time")["shift_seconds"] == 100


def test_kill_9_in_the_middle_of_writing(own_cloud):
    """What was answered before the kill is there after it."""
    answered = []
    for _ in range(3):
        for n in range(5):
            answered.append(own_cloud.scm_certificate(f"n{n}.example")["id"])
        own_cloud.stop(signal.SIGKILL)
        own_cloud.start()
    records = own_cloud.admin("GET", "/scm/certificates")["certificates"]
    assert sorted(record["id"] for record in records) == sorted(answered)


def test_one_process_for_one_state(own_cloud):
    folder = os.path.dirname(own_cloud.facts["credentials_file"])
    done = subprocess.run([place.program("ccm-emulator"), "--data", folder], timeout=30,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "another ccm-emulator" in done.stderr


def test_private_files_are_private(own_cloud):
    folder = os.path.dirname(own_cloud.facts["credentials_file"])
    public = {"ca.pem", "scm-root.pem", "pca-root.pem"}
    for name in os.listdir(folder):
        mode = stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode)
        assert mode == (0o644 if name in public else 0o600), name


def test_sigterm_does_not_wait_for_hung_connections(own_cloud):
    own_cloud.fault({"hang": True})
    connections = []
    for _ in range(3):
        connection = own_cloud.connect()
        connection.request("GET", "/v3/auth/domains", headers={"X-Auth-Token": "x"})
        connections.append(connection)
    process = own_cloud.process
    # Whoever waits for the connections waits for ever.
    own_cloud.stop()
    assert process.returncode == 0
    for connection in connections:
        connection.close()


def test_ends_with_its_parent(own_cloud):
    own_cloud.process.stdin.close()
    assert own_cloud.process.wait(timeout=10) == 0
    own_cloud.process.stdout.close()
    own_cloud.process = None


@pytest.mark.parametrize("arguments, sentence", [
    ([], "--data is required"), (["--data", "x", "--listen", "here"], "127.0.0.1:0"),
    (["--data", "x", "--port", "1"], "--port"), (["--data", "/dev/null/x"], "/dev/null/x")])
def test_argument_mistakes(tmp_path, arguments, sentence):
    done = subprocess.run([place.program("ccm-emulator"), *arguments], cwd=tmp_path, timeout=30,
                          capture_output=True, text=True, check=False)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert sentence in done.stderr and len(done.stderr.splitlines()) == 1


def test_help_and_version():
    for argument in ("--help", "--version"):
        done = subprocess.run([place.program("ccm-emulator"), argument], timeout=30,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "ccm-emulator" in done.stdout
