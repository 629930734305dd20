# SPDX-License-Identifier: Apache-2.0
"""Every operation by name: what is checked, what is sent, what is shown, how it ends."""

import json
import stat

import ccmctl
import pytest
from lab import place

OPERATIONS = json.loads(
    (place.ROOT / "tests/data/ccm-api/operations.json").read_text(encoding="utf-8"))["operations"]


def full_name(operation):
    service = "sts" if operation["id"] == "GetCallerIdentity" else operation["service"]
    return f"{service}.{operation['id']}"


def test_lists_and_describes_every_operation():
    listed = ccmctl.run("--json", "api", "list").json["operations"]
    assert [each["operation"] for each in listed] == [full_name(each) for each in OPERATIONS]
    shown = ccmctl.run("--json", "api", "show", "scm.ListCertificates").json
    limit = next(each for each in shown["parameters"] if each["name"] == "limit")
    assert (limit["in"], limit["allowed"], limit["mandatory"]) == ("query", "one of 10, 20, 50", False)


def test_a_call_gives_the_answer_as_it_came(ctl, cloud):
    made = cloud.issue(["www.example.com"])
    answer = ctl.json("api", "call", "ListCertificates", "-p", "limit=50")
    assert made["id"] in [each["id"] for each in answer["certificates"]]
    assert made["id"] in ctl.ok("api", "call", "scm.ListCertificates", "-p", "limit=50").out


def test_what_is_not_allowed_never_leaves(ctl, cloud):
    ended = ctl("api", "call", "ListCertificates", "-p", "limit=7")
    assert ended.status == 2
    assert "limit is \"7\", but must be one of 10, 20, 50" in ended.err
    for word in "show", "call":
        ended = ccmctl.run("api", word, "ShowCertificate")
        assert ended.status == 2 and "scm.ShowCertificate or pca.ShowCertificate" in ended.err, ended
        ended = ccmctl.run("api", word, "NoSuchThing")
        assert ended.status == 3 and '"NoSuchThing" is no operation' in ended.err, ended
    assert not cloud.requests()


def test_a_wrong_value_is_named_without_credentials(tmp_path):
    (tmp_path / "state").mkdir(mode=0o700)
    for words in (["certificates", "list", "--status", "FOO"], ["--dry-run", "certificates", "list", "--status", "FOO"],
                  ["api", "call", "ListCertificates", "-p", "status=FOO"],
                  ["api", "call", "ListCertificates", "-p", "status=FOO", "--all"],
                  ["ca", "delete", "no-uuid", "--pending-days", "9", "--yes"]):
        ended = ccmctl.run("--state-dir", tmp_path / "state", *words)
        assert ended.status == 2 and ("FOO" in ended.err or "ca_id has 7 characters" in ended.err), (words, ended)
    ended = ccmctl.run("api", "call", "ListCertificates", "-p", "statsu=FOO")
    assert ended.status == 2 and "statsu" in ended.err, ended


@pytest.mark.parametrize("words", [["--credentials", "env"], ["--credentials", "/nonexistent"], []],
                         ids=["environment", "file", "none"])
def test_missing_keys_are_no_refusal_of_the_cloud(tmp_path, words):
    (tmp_path / "state").mkdir(mode=0o700)
    ended = ccmctl.run("--state-dir", tmp_path / "state", *words, "--region", "x", "certificates", "list")
    assert ended.status == 2 and "credentials: " in ended.err, ended


def test_a_refusal_is_explained(ctl, cloud):
    nobody = "00000000-0000-4000-8000-000000000000"
    ended = ctl("api", "call", "ShowCertificateAuthority", "-p", f"ca_id={nobody}")
    assert ended.status == 3
    request_id = cloud.requests()[-1]["request_id"]
    for part in ("404 PCA.00030102", "make sure the CA or certificate exists", request_id):
        assert part in ended.err
    cloud.fault({"status": 500, "code": "PCA.00000001"})
    assert ctl("api", "call", "ShowCertificateQuota").status == 5
    cloud.clear_faults()
    cloud.fault({"status": 401, "code": "SCM.4002"}, operation="ListCertificates")
    ended = ctl("api", "call", "ListCertificates")
    assert ended.status == 4
    assert "scm:cert:list" in ended.err


def test_a_dry_run_shows_everything_but_the_secret(ctl, cloud):
    secret = [line.split("=")[1].strip() for line in open(cloud.facts["credentials_file"], encoding="utf-8")
              if line.startswith("sk")][0]
    ended = ctl.ok("--dry-run", "api", "call", "UploadCsr", "-p", "name=abc", "-p", "csr=PEM",
                   "-p", "private_key=@-", data=b"KEY-OF-THE-OPERATOR")
    lines = ended.out.splitlines()
    assert lines[0] == f"POST {cloud.facts['scm']}/v3/scm/csr/upload"
    assert any(line.startswith("Authorization: SDK-HMAC-SHA256 Access=") and "Signature=(not shown)" in line
               for line in lines)
    assert lines[-1] == '{"name":"abc","csr":"PEM","private_key":"(not shown)"}'
    assert "KEY-OF-THE-OPERATOR" not in ended.out and secret not in ended.out
    assert not cloud.requests()


def test_secrets_are_not_taken_from_arguments(ctl):
    ended = ctl("api", "call", "UploadCsr", "-p", "name=abc", "-p", "csr=PEM", "-p", "private_key=KEY")
    assert ended.status == 2
    assert "--param private_key=@FILE" in ended.err


def test_a_body_from_a_file_with_fields_on_top(ctl, cloud, tmp_path):
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"limit": 10, "offset": 0, "action": "count"}))
    cloud.issue(["www.example.com"])
    answer = ctl.json("api", "call", "ListCertificatesByTag", "--body-file", body, "-p", "action=filter")
    assert "resources" in answer


def test_answers_go_to_a_file_that_only_its_owner_can_read(ctl, cloud, tmp_path):
    made = cloud.issue(["www.example.com"])
    call = ("api", "call", "scm.ExportCertificate", "-p", f"certificate_id={made['id']}")
    assert "BEGIN PRIVATE KEY" not in ctl.ok(*call).out
    ctl.ok(*call, "-o", "answer.json", cwd=tmp_path)
    output = tmp_path / "answer.json"
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert "PRIVATE KEY" in json.loads(output.read_text())["private_key"]


def test_a_zip_is_not_thrown_at_a_person(ctl, cloud, tmp_path):
    issued = ctl.json("private-certificates", "create", "--issuer-id", cloud.facts["issuer_id"],
                      "--key-algorithm", "EC256", "--signature-algorithm", "SHA256",
                      "--common-name", "app.intra", "--validity-type", "DAY", "--validity-value", "30")
    ctl.ok("api", "call", "pca.ExportCertificate", "-p", f"certificate_id={issued['certificate_id']}",
           "-p", "is_compressed=true", "-p", "type=NGINX", "-o", tmp_path / "answer.zip")
    assert (tmp_path / "answer.zip").read_bytes().startswith(b"PK")


def test_token_login(ctl, cloud, tmp_path):
    profile = tmp_path / "login"
    profile.write_text("[global]\n" + "".join(f"{name} = {cloud.facts[fact]}\n" for name, fact in (
        ("username", "user_name"), ("password", "password"), ("domain_name", "domain_name"),
        ("project_name", "project_name"))))
    profile.chmod(0o600)
    ctl.ok("api", "call", "ListCertificates", "--credentials", profile)
    assert cloud.count("KeystoneCreateUserTokenByPassword") == 1


def test_credentials_from_the_environment_and_none_at_all(ctl, cloud):
    keys = dict(line.split(" = ") for line in
                open(cloud.facts["credentials_file"], encoding="utf-8").read().splitlines() if " = " in line)
    options = [word for word in ctl.options]
    at = options.index("--credentials")
    del options[at:at + 2]
    ended = ccmctl.run("api", "call", "ListCertificates", *options, environment={
        "HUAWEICLOUD_SDK_AK": keys["ak"], "HUAWEICLOUD_SDK_SK": keys["sk"]})
    assert ended.status == 0, ended
    ended = ccmctl.run("api", "call", "ListCertificates", *options)
    assert ended.status == 2
    assert "--credentials FILE, ecs or env" in ended.err
