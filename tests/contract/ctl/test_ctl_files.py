# SPDX-License-Identifier: Apache-2.0
"""Certificates as files, in every format, from the store, from the cloud and newly issued."""

import io
import shutil
import stat
import subprocess
import zipfile

import agent_place
import ccmctl
import jks
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding, PublicFormat, load_der_private_key, load_pem_private_key, pkcs12)
from lab.waiting import wait_until

FILES = {
    "nginx": {"server.key", "server.crt"},
    "apache": {"server.key", "server.crt", "chain.crt"},
    "other": {"server.key", "server.pem", "chain.pem"},
    "pem": {"privkey.pem", "fullchain.pem"},
    "iis": {"server.pfx", "keystorePass.txt"},
    "tomcat": {"server.jks", "keystorePass.txt"},
    "pkcs12": {"server.p12"},
    "jks": {"server.jks"},
}
PASSWORD = "correct horse"


def public(holder):
    return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def blocks(pem):
    end = b"-----END CERTIFICATE-----"
    return [x509.load_pem_x509_certificate(part + end) for part in pem.split(end)
            if b"BEGIN CERTIFICATE" in part]


def opened(files, name):
    """(leaf, chain, private key) of exported files, by name and content."""
    password = files.get("keystorePass.txt", PASSWORD.encode())
    if "server.jks" in files:
        [(alias, key, chain)] = jks.open_store(files["server.jks"], password.decode())
        assert alias == name.lower()
        leaf, *rest = map(x509.load_der_x509_certificate, chain)
        return leaf, rest, load_der_private_key(key, None)
    store = files.get("server.pfx") or files.get("server.p12")
    if store:
        key, leaf, rest = pkcs12.load_key_and_certificates(store, password)
        return leaf, rest, key
    key = load_pem_private_key(files.get("server.key") or files["privkey.pem"], None)
    leaf, *rest = blocks(files.get("server.crt") or files.get("server.pem") or files["fullchain.pem"])
    return leaf, rest + blocks(files.get("chain.crt") or files.get("chain.pem") or b""), key


def check(directory, form, name):
    paths = list(directory.iterdir())
    assert {path.name for path in paths} == FILES[form]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    leaf, chain, key = opened({path.name: path.read_bytes() for path in paths}, name)
    assert public(leaf) == public(key)
    assert [each.subject for each in chain] == [leaf.issuer] or len(chain) > 1
    return leaf


@pytest.fixture
def password(tmp_path):
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    return "--password-file", file


def needed(form, password):
    return password if form in ("pkcs12", "jks") else ()


def test_exports_what_the_store_has(cloud, tmp_path, password):
    place = agent_place.Place(tmp_path, cloud.facts)
    place.add_certificate("WWW", "names www.example.com", "source scm")
    cloud.issue(["www.example.com"])
    try:
        serial = int(place.start().wait_for_certificate("WWW"), 16)
    finally:
        place.stop()
    for form in FILES:
        out = tmp_path / form
        ended = ccmctl.run("--state-dir", place.state, "export", "WWW", "--format", form, "-o", out,
                           *needed(form, password))
        assert ended.status == 0, ended
        assert check(out, form, "WWW").serial_number == serial
    again = ccmctl.run("--state-dir", place.state, "export", "WWW", "-o", tmp_path / "nginx")
    assert again.status == 2 and "--force" in again.err
    assert ccmctl.run("--state-dir", place.state, "export", "nothing").status == 3


@pytest.mark.parametrize("form", ["nginx", "apache", "iis", "tomcat", "other"])
def test_a_zip_is_named_and_filled_as_the_clouds(ctl, cloud, tmp_path, form):
    made = cloud.issue(["www.example.com"])
    ctl.ok("certificates", "export", made["id"], "--format", form, "--zip", "-o", tmp_path / "out")
    [path] = (tmp_path / "out").iterdir()
    assert path.name == f"{made['id']}_{form}.zip"
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    assert set(files) == FILES[form]
    leaf, _, key = opened(files, made["id"])
    assert public(leaf) == public(key)


def test_a_password_is_not_taken_from_nowhere(ctl, cloud):
    made = cloud.issue(["www.example.com"])
    ended = ctl("certificates", "export", made["id"], "--format", "pkcs12")
    assert ended.status == 2
    assert "give --password-file" in ended.err


@pytest.mark.skipif(not shutil.which("keytool"), reason="Java is not here")
def test_java_opens_what_is_made_for_it(ctl, cloud, tmp_path, password):
    made = cloud.issue(["www.example.com"])
    ctl.ok("certificates", "export", made["id"], "--format", "jks", "-o", tmp_path / "out", *password)
    listed = subprocess.run(
        ["keytool", "-list", "-v", "-keystore", tmp_path / "out/server.jks", "-storepass", PASSWORD],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
    assert b"PrivateKeyEntry" in listed.stdout and b"chain length: 2" in listed.stdout, listed.stdout
    # Only who can undo the key's protection can write it in another form.
    subprocess.run(
        ["keytool", "-importkeystore", "-srckeystore", tmp_path / "out/server.jks", "-srcstorepass",
         PASSWORD, "-destkeystore", tmp_path / "new.p12", "-deststoretype", "PKCS12",
         "-deststorepass", PASSWORD],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=True)
    key, leaf, _ = pkcs12.load_key_and_certificates((tmp_path / "new.p12").read_bytes(),
                                                    PASSWORD.encode())
    assert public(leaf) == public(key)


def test_issues_with_a_key_that_never_leaves(ctl, cloud, tmp_path):
    ctl.ok("issue", "--issuer-id", cloud.facts["issuer_id"], "--names", "app.intra,10.0.0.7", "--days",
           "30", "--format", "apache", "-o", tmp_path / "out")
    leaf = check(tmp_path / "out", "apache", "app.intra")
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["app.intra"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.7"]
    assert cloud.count("CreateCertificate") == 0


def test_imports_what_fits_together_and_nothing_else(ctl, cloud, tmp_path):
    for name in ("a.intra", "b.intra"):
        ctl.ok("issue", "--issuer-id", cloud.facts["issuer_id"], "--names", name, "-o", tmp_path / name)
    files = ["--certificate-file", tmp_path / "a.intra/server.crt", "--private-key-file",
             tmp_path / "a.intra/server.key"]
    made = ctl.json("certificates", "import", "--name", "app-intra", *files)
    assert ctl.json("certificates", "show", made["certificate_id"])["status"] == "UPLOAD"
    files[-1] = tmp_path / "b.intra/server.key"
    ended = ctl("certificates", "import", "--name", "app-intra", *files)
    assert ended.status == 2
    assert cloud.count("ImportCertificate") == 1


def test_uploads_a_request_and_keeps_the_key(ctl, cloud, tmp_path):
    key = tmp_path / "www.key"
    made = ctl.json("csr", "upload", "--name", "www", "--names", "www.example.com", "--key-file", key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    shown = ctl.json("csr", "show", made["id"])
    csr = x509.load_pem_x509_csr(shown["csr"].encode())
    assert public(csr) == public(load_pem_private_key(key.read_bytes(), None))
    assert ctl("csr", "upload", "--name", "www", "--names", "x.example.com", "--key-file", key).status != 0
    ctl.ok("csr", "delete", made["id"], "--yes")
    assert ctl("csr", "show", made["id"]).status == 3
    assert wait_until(lambda: cloud.count("UploadCsr") == 1, "one upload")
