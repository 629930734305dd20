# SPDX-License-Identifier: Apache-2.0
"""Which certificate of SCM is served, and when it is fetched."""

import os
import pathlib
import pwd
import re
import subprocess

import pytest
from conftest import PUBLIC
from lab import place
from lab.authority import Authority
from lab.waiting import wait_until


@pytest.fixture(name="site_of_scm")
def fixture_site_of_scm(server, settings, public):
    server.configure(settings=settings, sites=[public])
    return public


def checks(cloud):
    return cloud.count("ListCertificates", "scm")


def looks_at(cloud, certificate_id):
    return sum(entry["operation"] == "ShowCertificate" and entry["resource"] == certificate_id
               for entry in cloud.requests())


def wait_for_checks(cloud, more):
    begin = checks(cloud)
    # A look at the catalogue asks twice: for what was issued and for what was imported.
    wait_until(lambda: checks(cloud) >= begin + 2 * more, f"{more} more looks at SCM", timeout=60)


def test_a_successor_under_a_new_id_is_followed_year_by_year(server, cloud, site_of_scm, scratch):
    record = cloud.issue([PUBLIC], days=20)
    server.start()
    assert server.wait_for_certificate(site_of_scm, cloud.trust()) == record["serial"]
    for year in (1, 2):
        successor = cloud.renew(record["id"], days=365 * year)
        assert successor["id"] != record["id"]
        shown = server.wait_for_certificate(site_of_scm, cloud.trust(), but_not=[record["serial"]])
        assert shown == successor["serial"]
        record = successor
    entry = scratch / "state/certificates" / PUBLIC
    assert f"scm:{record['id']}" in (entry / "current/version").read_text()


def test_what_did_not_change_is_not_exported_again(server, cloud, site_of_scm):
    cloud.issue([PUBLIC])
    server.start()
    server.wait_for_certificate(site_of_scm, cloud.trust())
    wait_for_checks(cloud, 2)
    assert cloud.count("ExportCertificate") == 1
    # The knowledge is in the store, not in the agent.
    server.reload()
    wait_for_checks(cloud, 2)
    assert cloud.count("ExportCertificate") == 1


def test_the_best_of_several_is_taken(server, cloud, site_of_scm):
    cloud.issue([PUBLIC], days=30)
    cloud.issue([PUBLIC, "example.com"], days=200)
    best = cloud.issue(["*.example.com"], days=250)
    cloud.issue(["other.example.com"], days=300)
    cloud.issue(["*.www.example.com"], days=350)
    server.start()
    assert server.wait_for_certificate(site_of_scm, cloud.trust()) == best["serial"]


def test_a_revoked_one_gives_way_to_one_that_ends_sooner(server, cloud, site_of_scm):
    lesser = cloud.issue([PUBLIC], days=30)
    best = cloud.issue([PUBLIC], days=300)
    server.start()
    assert server.wait_for_certificate(site_of_scm, cloud.trust()) == best["serial"]
    cloud.admin("POST", f"/scm/certificates/{best['id']}/revoke", {"reason": "KEY_COMPROMISE"})
    assert server.wait_for_certificate(site_of_scm, cloud.trust(), [best["serial"]]) == lesser["serial"]


def test_a_certificate_asked_for_by_id_is_taken_though_another_is_better(
        server, settings, cloud, public):
    wanted = cloud.issue([PUBLIC], days=100)
    cloud.issue([PUBLIC], days=300)
    public.certificates = (f"source=scm id={wanted['id']}",)
    server.configure(settings=settings, sites=[public])
    server.start()
    assert server.wait_for_certificate(public, cloud.trust()) == wanted["serial"]
    seen = looks_at(cloud, wanted["id"])
    wait_until(lambda: looks_at(cloud, wanted["id"]) >= seen + 2, "two more looks at it")
    assert server.show(public).serial == wanted["serial"]


def test_an_application_in_review_is_waited_for(server, cloud, site_of_scm):
    record = cloud.issue([PUBLIC], status="CHECKING")
    server.start()
    server.wait_for_log(rf"waiting for the cloud: {record['id']}: CHECKING")
    cloud.admin("POST", f"/scm/certificates/{record['id']}/state", {"state": "ISSUED"})
    server.wait_for_certificate(site_of_scm, cloud.trust())


def test_none_at_all_is_said_with_what_would_help(server, cloud, site_of_scm):
    cloud.issue(["shop.example.org"])
    server.allow("SCM has no usable certificate")
    server.start()
    server.wait_for_log(rf"SCM has no usable certificate for {PUBLIC}.*shop\.example\.org.*"
                        "issue or import one")
    record = cloud.issue([PUBLIC])
    assert server.wait_for_certificate(site_of_scm, cloud.trust()) == record["serial"]


def test_a_key_that_the_cloud_has_not_is_found_in_the_state_directory(
        server, cloud, site_of_scm, scratch):
    key, csr = scratch / "own.key", scratch / "own.csr"
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", csr, "-subj", f"/CN={PUBLIC}"],
                   check=True, capture_output=True)
    record = cloud.issue([PUBLIC], csr=csr.read_text())
    server.allow("its private key is not in the cloud")
    server.start()
    server.wait_for_log(r"its private key is not in the cloud.*folder keys/ of the state path")
    # It appears with its owner: an agent that looks in between would rightly complain.
    hand_to_agent(server, key)
    key.rename(scratch / "state/keys/own.pem")
    assert server.wait_for_certificate(site_of_scm, cloud.trust()) == record["serial"]


def hand_to_agent(server, path: pathlib.Path):
    """Gives a file to the user that the agent runs as."""
    path.chmod(0o600)
    status = pathlib.Path(f"/proc/{server.wait_for_agent()}/status").read_text()
    uid = int(status.split("Uid:")[1].split()[0])
    subprocess.run(["chown", pwd.getpwuid(uid).pw_name, path], check=True)


def break_export(cloud, certificate_id):
    """SCM answers 500 to every export of this one certificate."""
    cloud.admin("POST", "/faults", {
        "match": {"service": "scm", "operation": "ExportCertificate", "id": certificate_id},
        "effect": {"status": 500, "code": "SCM.0004"}})


def test_certificates_that_cannot_be_had_do_not_hide_a_good_one(server, cloud, site_of_scm):
    good = cloud.issue([PUBLIC], days=30)
    for days in (100, 200, 300, 400):
        break_export(cloud, cloud.issue([PUBLIC], days=days)["id"])
    # More than one look is needed to see that it is not SCM as a whole that is in trouble.
    server.allow("SCM.0004")
    server.start()
    assert server.wait_for_certificate(site_of_scm, cloud.trust()) == good["serial"]


def test_what_was_issued_comes_before_an_upload_that_ends_later(server, cloud, site_of_scm):
    issued = cloud.issue([PUBLIC], days=100)
    upload = cloud.issue([PUBLIC], days=300, status="UPLOAD")
    server.start()
    assert server.wait_for_certificate(site_of_scm, cloud.trust()) == issued["serial"]
    wait_for_checks(cloud, 2)
    assert server.show(site_of_scm).serial == issued["serial"]
    assert looks_at(cloud, upload["id"]) == 0


def test_an_account_of_uploads_needs_no_setting(server, cloud, site_of_scm):
    first = cloud.issue([PUBLIC], days=100, status="UPLOAD")
    server.start()
    assert server.wait_for_certificate(site_of_scm, cloud.trust()) == first["serial"]
    second = cloud.issue([PUBLIC], days=300, status="UPLOAD")
    assert server.wait_for_certificate(
        site_of_scm, cloud.trust(), but_not=[first["serial"]]) == second["serial"]
    # And what SCM issues itself takes over from it, though it ends sooner.
    issued = cloud.issue([PUBLIC], days=200)
    assert server.wait_for_certificate(
        site_of_scm, cloud.trust(), but_not=[second["serial"]]) == issued["serial"]


@pytest.mark.parametrize("uploads, taken", [("on", "upload"), ("off", "issued")])
def test_the_policy_for_uploads_can_be_set(server, settings, cloud, public, uploads, taken):
    records = {"issued": cloud.issue([PUBLIC], days=100),
               "upload": cloud.issue([PUBLIC], days=300, status="UPLOAD")}
    public.certificates = (f"source=scm uploads={uploads}",)
    server.configure(settings=settings, sites=[public])
    server.start()
    assert server.wait_for_certificate(public, cloud.trust()) == records[taken]["serial"]


def upload(settings, scratch, bought):
    """Puts a certificate that was bought elsewhere into SCM, as a colleague would."""
    chain, key = scratch / "bought.pem", scratch / "bought.key"
    chain.write_bytes(bought.pem() + bought.chain_pem())
    key.write_bytes(bought.key_pem())
    key.chmod(0o600)
    done = subprocess.run(
        [place.program("ccmctl"), "--state-dir", settings["state_path"], "certificates", "import",
         "--name", "bought", "--certificate-file", chain, "--private-key-file", key],
        env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=120, check=False)
    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize("policy, refusal", [
    ('"issuers=Issuing CA|No Such Authority"',
     r"issuer: it was issued by .*CN=Emulated Public TLS CA 1.*names Issuing CA, No Such Authority"),
    ("trust={roots}",
     r"trust: it is of .*CN=Emulated Public Root.*does not end at a certificate of .*roots\.pem"),
    ("trust=system", r"trust: it is of .*CN=Emulated Public Root.*which this system does not trust"),
])
def test_only_the_authorities_of_the_policy_are_taken(
        server, settings, cloud, public, scratch, policy, refusal):
    elsewhere = Authority()
    (scratch / "roots.pem").write_text(elsewhere.trust())
    public.certificates = (f"source=scm uploads=on {policy.format(roots=scratch / 'roots.pem')}",)
    record = cloud.issue([PUBLIC], days=300)
    server.allow(r"(issuer|trust): it (was issued|is of)")
    server.configure(settings=settings, sites=[public])
    server.start()
    server.wait_for_log(f"certificate {record['id']} from SCM: {refusal}")
    if "system" in policy:
        return  # the tests' authorities are in no system's store
    bought = elsewhere.issue(PUBLIC)
    upload(settings, scratch, bought)
    shown = server.wait_for_certificate(public, elsewhere.trust())
    assert shown == bought.serial


@pytest.mark.parametrize("parameter, sentence", [
    ("issuers=A||B", r'issuers: "A\|\|B" has an empty name in it'),
    ("trust=sytem", r'trust: "sytem" is neither keep, system, any nor the path'),
    ("trust=/no/such/roots.pem",
     r'file of the source.s trust= "/no/such/roots.pem" cannot be used: No such file'),
])
def test_a_wrong_policy_fails_the_servers_own_check(server, settings, public, parameter, sentence):
    public.certificates = (f"source=scm {parameter}",)
    server.configure(settings=settings, sites=[public])
    passed, said = server.test()
    assert not passed
    assert re.search(sentence, said), said
