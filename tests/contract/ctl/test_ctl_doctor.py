# SPDX-License-Identifier: Apache-2.0
"""ccmctl doctor: every kind of finding, what it says to it, and that what it says helps."""

import json
import os
import subprocess
import time

import agent_place
import ccmctl
import pytest
from examination import doctor, findings, found, sh, start, write
from lab import place as lab_place
from lab.waiting import wait_until

AS_ROOT = os.geteuid() == 0

# -- as a whole ----------------------------------------------------------------------------------


def test_finds_nothing_where_all_is_well(ctl):
    ended = ctl("--json", "doctor")
    assert ended.status == 0, ended
    assert json.loads(ended.out)["is_well"]
    for subject in ("store", "disk", "credentials", "clock", "endpoint of iam", "endpoint of scm",
                    "scm.ListCertificates", "scm.ExportCertificate", "pca.CreateCertificateByCsr",
                    "permissions", "ccmctl"):
        assert found(ended, subject)["verdict"] == "ok"
    assert "account demo" in found(ended, "credentials")["finding"]


def test_every_trouble_has_a_remedy_and_every_remedy_a_trouble(ctl, cloud):
    cloud.fault({"status": 401, "code": "SCM.4002"}, operation="ListCertificates")
    ended = ctl("--json", "doctor", "--pca-endpoint", "https://127.0.0.1:1")
    assert ended.status == 1 and not json.loads(ended.out)["is_well"]
    for each in findings(ended):
        assert (each["verdict"] == "ok") == (each["remedy"] == ""), each


def test_shows_people_verdicts_and_remedies(here):
    here.state.chmod(0o755)
    text = ccmctl.run("--state-dir", here.state, "doctor", "--offline").out
    line, remedy = (text.splitlines()[number].split() for number in (1, 2))
    assert line[:2] == ["bad", "store"]
    assert remedy == ["->", "chmod", "700", str(here.state)]
    assert "\x1b" not in text and text.splitlines()[-1].startswith("1 bad, ")
    coloured = ccmctl.run("--state-dir", here.state, "--color", "always", "doctor", "--offline").out
    assert "\x1b[31mbad" in coloured and "\x1b[32mok" in coloured


# -- the store -----------------------------------------------------------------------------------


def test_modes(here):
    files = [write(here.state / "certificates" / "a b" / name, mode=0o640) for name in ("1.pem", "2.pem")]
    (here.state / "certificates").chmod(0o750)
    ended = here()
    assert ended.status == 1
    assert found(ended, "store", "a directory is open")["remedy"] == f"chmod 700 {here.state}/certificates"
    open_files = found(ended, "store", "2 files are open")
    assert all(str(file) in open_files["finding"] for file in files)
    for each in findings(ended):
        if each["subject"] == "store":
            sh(each["remedy"])
    assert found(here(), "store")["verdict"] == "ok"


def test_thousands_of_files_are_one_finding(here):
    for number in range(3000):
        write(here.state / "certificates" / f"n{number % 100}" / f"{number}.pem", mode=0o644)
    finding = found(here(), "store")
    assert "3000 files" in finding["finding"] and "and 2997 more" in finding["finding"]
    assert len(finding["finding"]) < 1000
    sh(finding["remedy"])
    assert found(here(), "store")["verdict"] == "ok"


@pytest.mark.skipif(not AS_ROOT, reason="only root gives files away")
def test_owners(here):
    other = write(here.state / "records" / "note", mode=0o600)
    os.chown(other, 65534, 65534)
    finding = found(here(), "store", "root's")
    assert finding["verdict"] == "bad" and str(other) in finding["finding"]
    sh(finding["remedy"])
    assert other.stat().st_uid == 0


@pytest.mark.skipif(not AS_ROOT, reason="root becomes somebody else here")
def test_somebody_else_is_told_who_may_look(here):
    here.state.parent.chmod(0o755)
    nobody = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", lab_place.program("ccmctl"),
         "--state-dir", here.state, "--json", "doctor", "--offline"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    if not nobody.stdout:
        pytest.skip("the build is not open to other users")
    sentences = json.loads(nobody.stdout)["findings"]
    assert any(each["verdict"] == "bad" and "as root" in each["remedy"] for each in sentences), sentences


def test_orphans(here):
    young = write(here.state / ".tmp-1")
    old = write(here.state / "certificates" / "a" / "versions" / ".tmp-2" / "privkey.pem").parent
    before = time.time() - 3600
    os.utime(old, (before, before))
    finding = found(here(), "store")
    assert finding["verdict"] == "look"
    assert str(old) in finding["finding"] and str(young) not in finding["finding"]
    sh(finding["remedy"])
    assert not old.exists() and young.exists()


def test_what_does_not_belong_there(here):
    (here.state / "keys").symlink_to("/etc")
    finding = found(here(), "store", "neither")
    assert finding["verdict"] == "look" and f"{here.state}/keys" in finding["finding"]


def test_damaged_records(here):
    record = write(here.state / "certificates" / "www" / "records" / "state", b"garbage")
    finding = found(here(), "store", str(record))
    assert finding["verdict"] == "look"
    sh(finding["remedy"].split(": ")[-1])
    assert not record.exists()


def test_settings_of_another_release(here):
    write(here.state / "settings-nginx", b"CCMSETS\n\x63\0\0\0" + bytes(40))
    finding = found(here(), "settings of nginx")
    assert finding["verdict"] == "bad" and "version 99" in finding["finding"]
    assert "nginx -s reload" in finding["remedy"]


def test_no_agent(here):
    assert found(here(), "agent", "ever")["verdict"] == "look"
    write(here.state / "leader.lock", b"")
    assert "systemctl start" in found(here(), "agent", "none is running")["remedy"]


# -- certificates and settings -------------------------------------------------------------------


def test_a_host_that_works(place, cloud):
    start(place)
    issued = len(cloud.issued())
    exports = cloud.count("ExportCertificate")
    ended = doctor(place)
    assert ended.status == 0, ended
    assert found(ended, "agent")["finding"] == "one is running and leads"
    assert found(ended, f"CA {cloud.facts['issuer_id']}")["verdict"] == "ok"
    assert "all 8 actions" in found(ended, "permissions")["finding"]
    # The trials have changed nothing and taken nothing.
    assert len(cloud.issued()) == issued
    trials = [each for each in cloud.requests() if each["operation"] == "ExportCertificate"][exports:]
    assert trials and all(each["status"] >= 400 for each in trials)


def test_a_damaged_certificate(place):
    start(place).kill()
    for version in (place.state / "certificates" / "app" / "versions").iterdir():
        (version / "privkey.pem").write_text("x")
    ended = doctor(place, "--offline")
    assert ended.status == 1
    finding = found(ended, "certificate app")
    assert finding["verdict"] == "bad" and "privkey.pem" in finding["finding"]
    assert finding["remedy"].endswith("ccmctl renew app")
    assert "1 of 2" in found(ended, "certificates")["finding"]


def test_many_certificates_in_trouble_are_counted(cloud, tmp_path):
    place = agent_place.Place(tmp_path, cloud.facts)
    for number in range(12):
        place.add_certificate(f"c{number}", f"names c{number}.nowhere.example", "source scm id=scs1")
    try:
        place.start()
        wait_until(lambda: "have such troubles" in doctor(place, "--offline").out, "all to be tried")
        ended = doctor(place, "--offline")
    finally:
        place.stop()
    assert found(ended, "certificates")["finding"].startswith("7 more")
    assert sum(each["subject"].startswith("certificate c") for each in findings(ended)) == 5


def test_a_disabled_authority(place, cloud, ctl):
    start(place)
    issuer = cloud.facts["issuer_id"]
    ctl.ok("ca", "disable", issuer, "--yes")
    try:
        finding = found(doctor(place), f"CA {issuer}")
    finally:
        ctl.ok("ca", "enable", issuer)
    assert (finding["verdict"], finding["finding"]) == ("bad", "is DISABLED")
    assert finding["remedy"] == f"ccmctl ca enable {issuer}"


def test_a_server_that_is_gone(place):
    start(place).close()
    finding = found(doctor(place, "--offline"), "server nginx")
    assert finding["verdict"] == "look" and "the server does not run, last seen 2" in finding["finding"]
    command = finding["remedy"].split("remove what it left: ")[1]
    assert str(place.settings_file()) in command
    sh(command)
    assert found(doctor(place, "--offline"), "settings")["finding"].startswith("no web server")


def test_an_agent_that_lives(place):
    server = start(place)
    finding = found(doctor(place, "--offline"), "server nginx")
    assert finding["verdict"] == "ok"
    assert finding["finding"] == f"agent alive (process {server.agent()}), leads"


def test_an_agent_that_is_dead_while_its_server_goes_on(place):
    server = start(place)
    server.kill_family()
    ended = doctor(place, "--offline")
    finding = found(ended, "server nginx")
    assert finding["verdict"] == "bad" and "agent dead since 2" in finding["finding"]
    assert "nginx -s reload" in finding["remedy"] and ended.status == 1


def test_credentials_that_others_may_read(place):
    start(place)
    place.credentials.chmod(0o644)
    finding = found(doctor(place, "--offline"), "settings of nginx")
    assert finding["verdict"] == "look" and finding["remedy"] == f"chmod 600 {place.credentials}"


# -- the cloud -----------------------------------------------------------------------------------


def test_a_name_that_does_not_resolve(ctl):
    finding = found(ctl("--json", "doctor", "--scm-endpoint", "https://scm.invalid"), "endpoint of scm")
    assert finding["verdict"] == "bad" and finding["finding"].startswith("scm.invalid: ")
    assert "getent hosts scm.invalid" in finding["remedy"]


def test_an_endpoint_that_does_not_answer(ctl):
    ended = ctl("--json", "doctor", "--iam-endpoint", "https://127.0.0.1:1")
    assert found(ended, "endpoint of iam")["verdict"] == "bad"
    ended = ctl("--json", "doctor", "--proxy", "http://127.0.0.1:1")
    assert "proxy http://127.0.0.1:1" in found(ended, "endpoint of iam")["remedy"]


def test_an_endpoint_that_is_not_safe(ctl):
    finding = found(ctl("--json", "doctor", "--scm-endpoint", "http://scm.example.com"), "endpoint of scm")
    assert finding["verdict"] == "bad"


def test_an_authority_that_is_not_trusted(ctl, cloud):
    ended = ctl("--json", "doctor", "--ca-file", cloud.facts["pca_root_file"])
    finding = found(ended, "endpoint of iam")
    assert found(ended, "endpoint of scm")["verdict"] == "bad", "at the same address"
    shown = subprocess.run(["openssl", "x509", "-in", cloud.facts["ca_file"], "-noout", "-subject",
                            "-nameopt", "RFC2253"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert finding["verdict"] == "bad"
    assert shown.strip().removeprefix("subject=") in finding["finding"]
    assert cloud.facts["pca_root_file"] in finding["remedy"]
    ended = ctl("--json", "doctor", "--ca-file", "/nonexistent")
    assert found(ended, "trust")["verdict"] == "bad"


def test_the_clock(ctl, cloud):
    cloud.admin("POST", "/time", {"shift_seconds": 400})
    clock = found(ctl("--json", "doctor"), "clock")
    assert clock["verdict"] == "look" and "behind" in clock["finding"] and "timedatectl" in clock["remedy"]
    cloud.admin("POST", "/time", {"shift_seconds": -4000})
    clock = found(ctl("--json", "doctor"), "clock")
    assert clock["verdict"] == "bad" and "ahead" in clock["finding"]


def test_stops_before_a_key_is_locked(ctl, cloud, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text(f"[global]\nak = {cloud.facts['ak']}\nsk = wrong\n")
    wrong.chmod(0o600)
    ended = ctl("--json", "doctor", "--credentials", wrong)
    assert ended.status == 1
    assert "Access Keys" in found(ended, "credentials")["remedy"]
    assert sum(each["status"] == 401 for each in cloud.requests()) <= 1
    ended = ctl("--json", "doctor", "--credentials", "/nonexistent")
    assert found(ended, "credentials")["verdict"] == "bad"
    assert found(ended, "endpoint of scm")["verdict"] == "ok", "the network needs no credentials"
