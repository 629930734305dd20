# SPDX-License-Identifier: Apache-2.0
"""Certificates from files: into the store, beside a running agent and without one."""

import os
import pathlib

import agent_place
import ccmctl
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lab.authority import DAY, Authority, new_key
from lab.waiting import wait_until

WWW = "www.example.com"
PASSWORD = "correct horse"


@pytest.fixture(scope="module", name="authority")
def fixture_authority():
    return Authority()


@pytest.fixture(name="place")
def fixture_place(cloud, tmp_path):
    place = agent_place.Place(tmp_path, cloud.facts)
    place.add_certificate("www", f"names {WWW}", "source scm")
    yield place
    place.stop()


def runner(state):
    def run(*words, **more):
        return ccmctl.run("--state-dir", state, *words, **more)
    return run


@pytest.fixture(name="local")
def fixture_local(place):
    return runner(place.state)


@pytest.fixture(scope="module", name="quiet")
def fixture_quiet(running, tmp_path_factory):
    """A host that was configured, whose server does not run now: its state directory."""
    place = agent_place.Place(tmp_path_factory.mktemp("quiet"), running.facts)
    place.add_certificate("www", f"names {WWW}", "source scm")
    leave_settings(place, running)
    return place.state


def leave_settings(place, cloud):
    """A start and an end of the server, which obtains nothing although the cloud may have something."""
    cloud.fault({"hang": True}, service="scm")
    server = place.start()
    wait_until(lambda: runner(place.state)("list").out.split() == ["www"], "the server's settings")
    server.close()
    cloud.clear_faults()


def installed(local):
    return local("--json", "show", "www").json.get("installed")


class Files:
    """Files of a certificate in a directory, and the words that name them."""

    def __init__(self, path):
        self.path = path

    def write(self, **contents):
        for name, content in contents.items():
            self.at(name).write_bytes(content)

    def at(self, name):
        return self.path / name.replace("_", ".")

    def words(self, **options):
        return [word for option, name in options.items()
                for word in (f"--{option.replace('_', '-')}", self.at(name))]


@pytest.fixture(name="files")
def fixture_files(tmp_path):
    (tmp_path / "live").mkdir()
    return Files(tmp_path / "live")


def bought(files, issued):
    files.write(www_crt=issued.pem(), www_key=issued.key_pem(), ca_crt=issued.chain_pem())
    return files.words(certificate="www_crt", key="www_key", chain="ca_crt")


def test_the_running_servers_have_it_at_once(place, local, cloud, authority, files):
    server = place.start()
    wait_until(lambda: local("show", "www").status == 0 and local("--json", "show", "www").json.get("error"),
               "the cloud to have nothing")
    # What is imported stays although the cloud has one by now that lasts longer.
    cloud.issue([WWW], days=300)
    issued = authority.issue(WWW)
    ended = local("import", "www", *bought(files, issued))
    assert ended.status == 0, ended
    assert "www: version 1 is installed" in ended.err
    assert server.wait_for_certificate("www").lstrip("0") == issued.serial.lstrip("0")
    wait_until(lambda: local("--json", "show", "www").json["state"] == "valid", "the engine to have looked")
    assert installed(local)["origin"] == "import"
    assert not list(place.state.glob("request-*"))
    ended = local("import", "www", *bought(files, issued))
    assert ended.status == 0 and "version 1 is this certificate already" in ended.err
    renewed = local("--json", "renew", "www").json
    assert (renewed["name"], renewed["version"], renewed["version_before"]) == ("www", 2, 1)
    assert [(each["is_served"], each["version"]) for each in renewed["servers"]] == [(True, 2)]
    assert installed(local)["origin"].startswith("scm:")
    server.wait_for_certificate("www", issued.serial)


def test_what_is_due_is_renewed_at_once(place, local, cloud, authority, files):
    leave_settings(place, cloud)
    cloud.issue([WWW], days=90)
    old = authority.issue(WWW, begins=-80 * DAY, lasts=85 * DAY)
    ended = local("import", "www", *bought(files, old))
    assert ended.status == 0, ended
    server = place.start()
    assert server.wait_for_certificate("www", old.serial)
    wait_until(lambda: installed(local)["version"] == 2, "the renewal")
    assert installed(local)["origin"].startswith("scm:")


def combined(files, issued):
    files.write(all_pem=issued.pem() + issued.chain_pem() + issued.key_pem())
    return files.words(certificate="all_pem")


def reversed_and_glued(files, issued):
    root = issued.above[-1].public_bytes(Encoding.PEM)
    chain = (root + issued.chain_pem() + issued.pem()).replace(b"-----\n-----BEGIN", b"----------BEGIN")
    assert b"----------" in chain
    files.write(www_crt=chain.replace(b"\n", b"\r\n"), www_key=issued.key_pem())
    return files.words(certificate="www_crt", key="www_key")


def certbot(files, issued):
    archive = Files(files.path.parent / "archive")
    archive.path.mkdir()
    archive.write(cert_pem=issued.pem(), chain_pem=issued.chain_pem(), privkey_pem=issued.key_pem(),
                  fullchain_pem=issued.pem() + issued.chain_pem())
    for file in archive.path.iterdir():
        (files.path / file.name).symlink_to(file)
    return ["--directory", files.path]


def mod_md(files, issued):
    files.write(pubcert_pem=issued.pem() + issued.chain_pem(), privkey_pem=issued.key_pem())
    return ["--directory", files.path]


def separate_in_a_directory(files, issued):
    files.write(cert_pem=issued.pem(), chain_pem=issued.chain_pem(), privkey_pem=issued.key_pem())
    return ["--directory", files.path]


def encrypted(files, issued):
    files.write(www_crt=issued.pem() + issued.chain_pem(), www_key=issued.key_pem(PASSWORD),
                password=PASSWORD.encode() + b"\n")
    return files.words(certificate="www_crt", key="www_key", password_file="password")


def pkcs12(files, issued):
    files.write(www_pfx=issued.pkcs12(PASSWORD), password=PASSWORD.encode())
    return files.words(pkcs12="www_pfx", password_file="password")


def open_pkcs12(files, issued):
    files.write(www_pfx=issued.pkcs12(None))
    return files.words(pkcs12="www_pfx")


FORMS = [bought, combined, reversed_and_glued, certbot, mod_md, separate_in_a_directory, encrypted, pkcs12,
         open_pkcs12]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_takes_whatever_people_have(quiet, authority, files, form):
    local = runner(quiet)
    issued = authority.issue(WWW, "example.com", lasts=91 * DAY)
    ended = local("import", "www", *form(files, issued))
    assert ended.status == 0, ended
    assert installed(local)["serial"].lstrip("0") == issued.serial.lstrip("0")
    current = pathlib.Path(quiet) / "certificates/www/current"
    assert (current / "fullchain.pem").read_bytes() == issued.pem() + issued.chain_pem()
    assert (current / "privkey.pem").read_bytes() == issued.key_pem()
    owner = os.stat(quiet).st_uid
    for path in pathlib.Path(quiet).rglob("*"):
        # Root's tools believe settings that root wrote.
        assert path.lstat().st_uid in (owner, 0 if path.name.startswith("settings-") else owner), path
    assert (current / "privkey.pem").stat().st_mode & 0o777 == 0o600


def wrong_key(files, issued):
    words = bought(files, issued)
    files.write(www_key=new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return words


def no_chain(files, issued):
    return bought(files, issued)[:4]


def no_key(files, issued):
    return bought(files, issued)[:2]


def wrong_password(files, issued):
    words = encrypted(files, issued)
    files.write(password=b"wrong\n")
    return words


def no_password(files, issued):
    return encrypted(files, issued)[:4]


def wrong_password_of_pkcs12(files, issued):
    words = pkcs12(files, issued)
    files.write(password=b"wrong\n")
    return words


def no_password_of_pkcs12(files, issued):
    return pkcs12(files, issued)[:2]


def no_pkcs12(files, issued):
    return ["--pkcs12", bought(files, issued)[1]]


def no_certificate(files, issued):
    return ["--certificate", bought(files, issued)[3]]


def empty_directory(files, _):
    return ["--directory", files.path]


def no_file(files, _):
    return ["--certificate", files.path / "nothing.pem"]


def nothing(_files, _issued):
    return []


def two_sources(files, issued):
    return [*bought(files, issued), "--directory", files.path]


REFUSALS = [
    (wrong_key, {}, "the private key fits none of the 2 certificates"),
    (bought, {"names": ["other.example.com"]}, 'names: the certificate covers other.example.com but not "www'),
    (bought, {"begins": -90 * DAY, "lasts": 89 * DAY}, "not after: the certificate expired at "),
    (bought, {"begins": DAY}, "not before: the certificate is valid only from "),
    (bought, {"lasts": 30 * DAY}, "later end: the certificate ends at "),
    (no_chain, {}, "chain: the certificate of the issuer "),
    (no_key, {}, "(no --key is given): private key: the text holds no BEGIN PRIVATE KEY"),
    (wrong_password, {}, "the password is wrong, or the file is damaged"),
    (no_password, {}, "there is no terminal to ask on; name a file with --password-file"),
    (wrong_password_of_pkcs12, {}, "PKCS #12: it cannot be decrypted: the password is wrong"),
    (no_password_of_pkcs12, {}, "there is no terminal to ask on; name a file with --password-file"),
    (no_pkcs12, {}, "PKCS #12: it is no PKCS #12 file"),
    (no_certificate, {}, "holds no BEGIN CERTIFICATE block"),
    (empty_directory, {}, "holds no certificate called fullchain.pem, pubcert.pem or cert.pem"),
    (no_file, {}, "nothing.pem: No such file or directory"),
    (nothing, {}, "one of --certificate, --pkcs12 and --directory is needed"),
    (two_sources, {}, "excludes"),
]


@pytest.fixture(scope="module", name="occupied")
def fixture_occupied(quiet, authority, tmp_path_factory):
    """The same host with a certificate."""
    files = Files(tmp_path_factory.mktemp("first"))
    ended = runner(quiet)("import", "www", *bought(files, authority.issue(WWW, lasts=91 * DAY)))
    assert ended.status == 0, ended
    return quiet


@pytest.mark.parametrize("form,issue,sentence", REFUSALS,
                         ids=[f"{form.__name__}-{n}" for n, (form, _, _) in enumerate(REFUSALS)])
def test_keeps_out_what_is_of_no_use(occupied, authority, files, form, issue, sentence):
    local = runner(occupied)
    before = installed(local)
    dates = {"lasts": 91 * DAY, **issue}
    issued = authority.issue(*dates.pop("names", [WWW]), **dates)
    ended = local("import", "www", *form(files, issued))
    assert ended.status == 2, ended
    assert sentence in ended.err and len(ended.err.splitlines()) == 1
    assert installed(local) == before


def test_a_name_that_nobody_serves(quiet, authority, files):
    ended = runner(quiet)("import", "shop", *bought(files, authority.issue(WWW)))
    assert ended.status == 3
    assert 'no certificate "shop" in the configuration' in ended.err and "have www" in ended.err
    ended = runner(files.path)("import", "shop", *bought(files, authority.issue(WWW)))
    assert ended.status == 3 and "is no state directory" in ended.err


def test_a_dry_run_judges_and_changes_nothing(occupied, authority, files):
    local = runner(occupied)
    before = installed(local)
    words = bought(files, authority.issue(WWW, lasts=95 * DAY))
    ended = local("--dry-run", "import", "www", *words)
    assert ended.status == 0 and "would be installed" in ended.err
    assert installed(local) == before
    assert local("--dry-run", "import", "www", *bought(files, authority.issue("a.example"))).status == 2
