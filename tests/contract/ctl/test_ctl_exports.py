# SPDX-License-Identifier: Apache-2.0
"""What PCA packs is unpacked and checked; what CAs are trusted by is written for servers."""

import base64
import json

import pytest
from cryptography import x509
from test_ctl_files import FILES, PASSWORD, check, needed


@pytest.fixture
def issued(ctl, cloud):
    return ctl.json("private-certificates", "create", "--issuer-id", cloud.facts["issuer_id"],
                    "--key-algorithm", "EC256", "--signature-algorithm", "SHA256", "--common-name",
                    "app.intra", "--validity-type", "DAY", "--validity-value", "30",
                    "--subject-alternative-names", "type=DNS,value=app.intra")["certificate_id"]


@pytest.mark.parametrize("form", sorted(FILES))
def test_a_private_certificate_in_every_format(ctl, cloud, tmp_path, issued, form):
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    ended = ctl.ok("--json", "private-certificates", "export", issued, "--format", form, "-o",
                   tmp_path / "out", *needed(form, ("--password-file", password)))
    assert {path.rpartition("/")[2] for path in ended.json["files"]} == FILES[form]
    leaf = check(tmp_path / "out", form, issued)
    assert "app.intra" in leaf.subject.rfc4514_string()
    [call] = [each for each in cloud.requests() if each["operation"] == "ExportCertificate"]
    kind = {"nginx": "NGINX", "apache": "APACHE"}.get(form, "OTHER")
    shown = ctl.ok("--dry-run", "private-certificates", "export", issued, "--format", form).out
    assert call["status"] == 200
    assert json.loads(shown.splitlines()[-1]) == {"is_compressed": "true", "type": kind}


@pytest.mark.parametrize("effect, complaint", [
    ({"wrong_key": True}, "key"),
    ({"broken_chain": "other_ca"}, "issuer is missing"),
    ({"no_key": True}, "--private-key-file"),
    ({"garbage": True}, "ZIP archive is damaged"),
])
@pytest.mark.parametrize("form", ["nginx", "apache", "tomcat"])
def test_what_does_not_fit_is_not_written(ctl, cloud, tmp_path, issued, form, effect, complaint):
    cloud.fault(effect, service="pca", operation="ExportCertificate")
    ended = ctl("private-certificates", "export", issued, "--format", form, "-o", tmp_path / "out")
    assert ended.status != 0 and complaint in ended.err, ended
    assert issued in ended.err
    assert not (tmp_path / "out").exists()


def test_an_archive_in_base64(ctl, cloud, tmp_path, issued):
    archive = tmp_path / "archive.zip"
    ctl.ok("api", "call", "pca.ExportCertificate", "-p", f"certificate_id={issued}", "-p",
           "is_compressed=true", "-p", "type=NGINX", "-o", archive)
    body = base64.b64encode(archive.read_bytes()).decode()
    cloud.fault({"body": body}, service="pca", operation="ExportCertificate")
    ctl.ok("private-certificates", "export", issued, "-o", tmp_path / "out")
    check(tmp_path / "out", "nginx", issued)


@pytest.mark.parametrize("form, files", [
    ("nginx", {"ca.crt"}), ("apache", {"ca.crt"}), ("iis", {"ca.cer"}), ("other", {"ca.pem"})])
def test_a_root_for_servers_to_trust(ctl, cloud, tmp_path, form, files):
    listed = ctl.json("ca", "list", "--status", "ACTIVED")["certificate_authorities"]
    root = next(each["ca_id"] for each in listed if each["type"] == "ROOT")
    ctl.ok("ca", "export", root, "--format", form, "-o", tmp_path / "out")
    written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert set(written) == files
    load = x509.load_der_x509_certificate if form == "iis" else x509.load_pem_x509_certificate
    [content] = written.values()
    assert load(content).extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_ca_with_what_is_above_it(ctl, cloud, tmp_path):
    issuer = cloud.facts["issuer_id"]
    text = ctl.ok("ca", "export", issuer).out
    path = [x509.load_pem_x509_certificate((part + "-----END CERTIFICATE-----").encode())
            for part in text.split("-----END CERTIFICATE-----") if "BEGIN" in part]
    for below, above in zip(path, path[1:]):
        assert below.issuer == above.subject
    assert ctl.json("ca", "export", issuer)["certificate"]
    ctl.ok("ca", "export", issuer, "--format", "apache", "--zip", "-o", tmp_path)
    assert (tmp_path / f"{issuer}_apache.zip").read_bytes().startswith(b"PK")
