# SPDX-License-Identifier: Apache-2.0
"""ccmctl doctor: every kind of finding, what it says to it, and that what it says helps."""

import json
import os
import pathlib
import shutil
import subprocess
import time

import agent_place
import ccmctl
import pytest
from lab import place as lab_place
from lab.waiting import wait_until

NGINX = pathlib.Path("/usr/sbin/nginx")
APACHE = pathlib.Path("/usr/sbin/apache2")
AS_ROOT = os.geteuid() == 0


def findings(ended):
    return json.loads(ended.out)["findings"]


def found(ended, subject, part=""):
    """The one finding about this whose sentence has this in it."""
    fitting = [each for each in findings(ended) if each["subject"] == subject and part in each["finding"]]
    assert len(fitting) == 1, (subject, part, ended)
    return fitting[0]


def sh(command):
    subprocess.run(["sh", "-c", command], check=True, timeout=60)


@pytest.fixture
def here(tmp_path):
    """ccmctl doctor of a state directory, without a word to the cloud."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)

    def run(*words):
        return ccmctl.run("--state-dir", state, "--json", "doctor", "--offline", *words)
    run.state = state
    return run


def write(path, content=b"x", mode=0o600):
    for parent in reversed(path.parents):
        if not parent.exists():
            parent.mkdir(mode=0o700)
    path.write_bytes(content)
    path.chmod(mode)
    return path


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


@pytest.fixture
def place(cloud, tmp_path):
    place = agent_place.Place(tmp_path, cloud.facts)
    place.add_certificate("www", "names www.example.com", "source scm")
    place.add_certificate("app", "names app.intra", f"source pca issuer={cloud.facts['issuer_id']}")
    cloud.issue(["www.example.com"], days=60)
    yield place
    place.stop()


def doctor(place, *words):
    return ccmctl.run("--state-dir", place.state, "--json", "doctor", *words)


def start(place):
    server = place.start()
    for name in ("www", "app"):
        server.wait_for_certificate(name)
    wait_until(lambda: "2 of 2" in doctor(place, "--offline").out, "both to be well")
    return server


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


# -- modules -------------------------------------------------------------------------------------


def patched(source, target, old, new):
    """A copy with other bytes of the same length."""
    content = pathlib.Path(source).read_bytes()
    assert len(old) == len(new) and old in content
    target.write_bytes(content.replace(old, new))
    return target


def fit(here, module, program):
    return found(here("--module", module, "--program", program), f"module {module}")


@pytest.mark.skipif(not NGINX.exists(), reason="there is no nginx")
def test_a_module_of_nginx_fits_or_not(here, tmp_path):
    module = shutil.copy(lab_place.module("ngx_ccm_module.so"), tmp_path)
    finding = fit(here, module, NGINX)
    assert finding["verdict"] == "ok" and "fits /usr/sbin/nginx" in finding["finding"]
    version = int.from_bytes(record_of_nginx(pathlib.Path(module).read_bytes()), "little")
    newer = patched(module, tmp_path / "newer.so", version.to_bytes(8, "little"),
                    (1099007).to_bytes(8, "little"))
    finding = fit(here, newer, NGINX)
    assert finding["verdict"] == "bad" and "1.99.7" in finding["finding"] and finding["remedy"]
    other = patched(module, tmp_path / "other.so", b"\0008,4,8,", b"\0004,4,8,")
    assert "4,4,8," in fit(here, other, NGINX)["finding"]


def record_of_nginx(content):
    at = content.index(bytes([255] * 16 + [0] * 24))
    return content[at + 40:at + 48]


@pytest.mark.skipif(not APACHE.exists(), reason="there is no Apache")
def test_a_module_of_apache_fits_or_not(here, tmp_path):
    module = shutil.copy(lab_place.module("mod_ccm.so"), tmp_path)
    assert fit(here, module, APACHE)["verdict"] == "ok"
    number = (20120211).to_bytes(4, "little")
    other = patched(module, tmp_path / "other.so", number, (20300101).to_bytes(4, "little"))
    finding = fit(here, other, APACHE)
    assert finding["verdict"] == "bad" and "20300101" in finding["finding"]
    assert "built for httpd" in fit(here, module, NGINX)["finding"]


def test_what_is_no_module(here):
    assert fit(here, "/bin/sh", NGINX)["verdict"] == "bad"
    assert fit(here, "/nonexistent", NGINX)["verdict"] == "bad"
    assert here("--program", NGINX).status == 2


def with_module(settings, path, version):
    """The settings that an agent left, as of a server with this module (common/config/input/wire.cpp)."""
    content = settings.read_bytes()
    at = 24
    for _ in range(2):
        at += 4 + int.from_bytes(content[at:at + 4], "little")
    end = at
    for _ in range(2):
        end += 4 + int.from_bytes(content[end:end + 4], "little")
    texts = b"".join(len(text).to_bytes(4, "little") + text for text in (path.encode(), version.encode()))
    settings.write_bytes(content[:at] + texts + content[end:])


def test_what_runs_and_what_is_installed(place, tmp_path):
    # A copy: doctor looks at whatever server of this machine has the module loaded.
    module = shutil.copy(lab_place.module("ngx_ccm_module.so"), tmp_path)
    start(place)
    release = ccmctl.run("--version").out.split()[-1]
    settings = place.settings_file()
    with_module(settings, module, release)
    ended = doctor(place, "--offline")
    assert found(ended, "agent of nginx")["verdict"] == "ok"
    assert found(ended, "module of nginx")["verdict"] == "ok"
    with_module(settings, module, "0.0.1")
    finding = found(doctor(place, "--offline"), "module of nginx", "loaded")
    assert finding["verdict"] == "look" and f"0.0.1 was loaded, but {release}" in finding["finding"]
    assert "systemctl restart nginx" in finding["remedy"]
    with_module(settings, "/nonexistent/ngx_ccm_module.so", release)
    assert found(doctor(place, "--offline"), "module of nginx")["verdict"] == "bad"


def test_an_agent_that_was_replaced(cloud, tmp_path, monkeypatch):
    agent = tmp_path / "ccm-agent"
    shutil.copy(lab_place.program("ccm-agent"), agent)
    place = agent_place.Place(tmp_path, cloud.facts)
    place.add_certificate("app", "names app.intra", f"source pca issuer={cloud.facts['issuer_id']}")
    programs = lab_place.program
    monkeypatch.setattr(lab_place, "program", lambda name: str(agent) if name == "ccm-agent" else programs(name))
    tmp_path.chmod(0o755)
    try:
        place.start().wait_for_certificate("app")
        monkeypatch.undo()
        with_module(place.settings_file(), "/nonexistent", "0.0.1")
        assert found(doctor(place, "--offline"), "agent of nginx")["verdict"] == "ok"
        agent.unlink()
        assert found(doctor(place, "--offline"), "agent of nginx")["verdict"] == "bad"
    finally:
        place.stop()


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


# -- permissions ---------------------------------------------------------------------------------

NO_PERMISSION = {"scm": "SCM.4002", "pca": "PCA.00010004"}


def actions(*words):
    policy = json.loads(ccmctl.run("--state-dir", "/nonexistent", "policy", *words).out)
    assert policy["Version"] == "1.1" and len(policy["Statement"]) == 1
    assert set(policy["Statement"][0]) == {"Effect", "Action"}
    assert policy["Statement"][0]["Effect"] == "Allow"
    return policy["Statement"][0]["Action"]


def operations():
    """Every operation of SCM and PCA with its documented action."""
    path = lab_place.ROOT / "tests/data/ccm-api/operations.json"
    known = json.loads(path.read_text(encoding="utf-8"))["operations"]
    return [each for each in known if each["service"] in NO_PERMISSION]


def deny(cloud, operation):
    service = operation["service"]
    cloud.fault({"status": 401, "code": NO_PERMISSION[service]}, service, operation["id"])


def test_policies():
    assert actions("--source", "scm") == ["scm:cert:download", "scm:cert:get", "scm:cert:list"]
    assert "pca:ca:issueCertThroughCSR" in actions("--source", "pca")
    assert "pca:ca:issueCert" in actions("--source", "pca-cloud-key")
    assert "pca:ca:issueCertThroughCSR" not in actions("--source", "pca-cloud-key")
    assert len(actions("--source", "scm", "--source", "pca")) == 8
    assert ccmctl.run("--state-dir", "/nonexistent", "policy").status == 3
    assert ccmctl.run("policy", "--source", "elsewhere").status == 2
    table = ccmctl.run("policy", "--source", "scm", "--explain").out
    assert "scm.ExportCertificate" in table and "ACTION" in table


def test_the_policy_of_a_host_is_enough_for_its_agent(place, cloud):
    place.start().wait_for_certificate("app")
    place.servers[-1].kill()

    def of_host(*words):
        policy = json.loads(ccmctl.run("--state-dir", place.state, "policy", *words).out)
        return policy["Statement"][0]["Action"]
    assert len(of_host()) == 8
    assert all(each.startswith("scm:") for each in of_host("--certificate", "www"))
    assert ccmctl.run("--state-dir", place.state, "policy", "--certificate", "other").status == 2

    allowed = set(of_host())
    for operation in operations():
        if operation.get("iam_action") not in allowed:
            deny(cloud, operation)
    shutil.rmtree(place.state)
    issued = len(cloud.issued())
    start(place)
    assert len(cloud.issued()) == issued + 1
    assert "all 8 actions" in found(doctor(place), "permissions")["finding"]
    assert cloud.faulty() == 0, "something else was asked for"


@pytest.mark.parametrize("source", ["scm", "pca", "pca-cloud-key"])
def test_every_action_that_is_lacking_is_named(cloud, tmp_path, source):
    place = agent_place.Place(tmp_path, cloud.facts)
    issuer = "" if source == "scm" else f" issuer={cloud.facts['issuer_id']}"
    more = ["key_origin cloud"] if source == "pca-cloud-key" else []
    place.add_certificate("it", "names it.intra", f"source {source.split('-')[0]}{issuer}", *more)
    try:
        place.start()
        wait_until(place.settings_file, "the settings")
        needed = actions("--source", source)
        for operation in operations():
            if operation.get("iam_action") not in needed or operation["id"].startswith("V2"):
                continue
            cloud.clear_faults()
            deny(cloud, operation)
            ended = doctor(place)
            name = f"{operation['service']}.{operation['id']}"
            assert operation["iam_action"] in found(ended, name, "is lacking")["finding"]
            summary = found(ended, "permissions")
            assert summary["verdict"] == "bad" and "one is lacking" in summary["finding"]
            assert summary["finding"].endswith(operation["iam_action"])
            assert "ccmctl policy" in summary["remedy"]
    finally:
        place.stop()


def test_what_could_not_be_told_is_no_lack(ctl, cloud):
    cloud.fault({"status": 503}, "scm", "ListCertificates")
    ended = ctl("--json", "doctor")
    assert found(ended, "scm.ListCertificates")["verdict"] == "look"
    assert "could not be told of scm:cert:list" in found(ended, "permissions")["finding"]
    assert ended.status == 0
