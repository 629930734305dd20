# SPDX-License-Identifier: Apache-2.0
"""The gate and real clients, side by side, over chains of every kind (chains.py).

What a client refuses, the gate refuses; what all accept, it admits; but for LOOSER and STRICTER, which
docs/how-it-works.md names.
"""

import ipaddress
import os
import pathlib
import shutil
import socket
import ssl
import subprocess

import chains
import der
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from browsers import Chromium
from lab import place
from servers import Servers

# One server for all of them.
pytestmark = pytest.mark.xdist_group("clients")

HERE = pathlib.Path(__file__).resolve().parent
CLIENT_NAMES = ("python", "openssl verify", "node", "java", "go", "chromium")

# Admitted although these clients refuse it.
EVERYBODY = tuple(CLIENT_NAMES)
LOOSER = {
    "name-underscore": ("java",),  # which does not even ask for such a name
    "name-star-public-suffix": ("chromium",),  # which has a list of them
    # The gate does not know whom clients trust, …
    "path-of-a-stranger": EVERYBODY,
    "path-3-crosses": EVERYBODY,
    "path-20-crosses": EVERYBODY,
    "path-cross-of-a-strange-root-first": EVERYBODY,
    # … what a root demands that did not come along, or whether it is as its certificates say, …
    "issuer-of-root-in-another-string": EVERYBODY,
    "issuer-of-root-in-small-letters": EVERYBODY,
    "issuer-signature-spoilt": EVERYBODY,
    **{f"root-{name}-not-shown": EVERYBODY
       for name in ("excludes", "length-0", "permits-another", "purpose-client", "requires-policies",
                    "unknown-critical", "usage-of-a-leaf", "without-basic", "without-extensions")},
    # … or until when clients have it: they may have a later one of the same key.
    "root-expired": EVERYBODY,
    "root-expired-above-the-leaf": EVERYBODY,
    "root-expired-not-shown": EVERYBODY,
}
# Refused although every client that is asked here takes it.
STRICTER = (
    # Some clients need the last certificate of the path, and others do not.
    "cross-serial-negative", "cross-that-excludes", "cross-too-short", "cross-unknown-critical",
    "cross-with-another-purpose",
    "key-rsa-2040", "issuer-rsa-2040",
    "serial-negative", "serial-minus-one", "issuer-serial-negative",  # newer versions of Go
    "leaf-is-authority-that-signs", "leaf-must-staple",  # Firefox
    # Clients read these of a leaf, or OpenSSL does not read them at all.
    "issuer-names-edi", "issuer-names-empty-mail", "issuer-names-without-scheme",
    "content-policies-with-page-in-utf8", "issuer-content-policies-with-page-in-utf8",
)


@pytest.fixture(scope="module", name="place_of")
def fixture_place_of(tmp_path_factory):
    """A folder for each chain, and the gate's verdict of each by its name."""
    top = tmp_path_factory.mktemp("chains")
    (top / "cases").mkdir()
    (top / "roots.pem").write_text("".join(root.pem() for root in chains.WORLD.roots()))
    for name, make in chains.CASES.items():
        folder = top / "cases" / name
        folder.mkdir()
        made = make()
        (folder / "chain.pem").write_text("".join(each.pem() for each in made.certificates))
        (folder / "key.pem").write_bytes(der.key_pem(made.key))
        (folder / "host").write_text(made.host)
    return top


def verdicts(text):
    return dict(line.split(" ", 1) for line in text.splitlines())


@pytest.fixture(scope="module", name="gate")
def fixture_gate(place_of):
    done = subprocess.run([place.program("ccm-gate-probe"), place_of / "cases"], check=True, timeout=120,
                          capture_output=True, text=True)
    return verdicts(done.stdout)


@pytest.fixture(scope="module", name="servers")
def fixture_servers(place_of, gate):
    """What the product would serve, and what it refuses as it came."""
    assert gate.keys() == chains.CASES.keys()
    with Servers(sorted((place_of / "cases").iterdir())) as servers:
        lines = [f"{name} {(place_of / 'cases' / name / 'host').read_text()} {port}\n"
                 for name, port in servers.ports.items()]
        (place_of / "list").write_text("".join(lines))
        yield servers


def addresses(place_of):
    return [line.split() for line in (place_of / "list").read_text().splitlines()]


def ask_program(place_of, *words, **options):
    done = subprocess.run([*words, place_of / "roots.pem", place_of / "list"], check=True, timeout=600,
                          capture_output=True, text=True, **options)
    return verdicts(done.stdout)


def ask_python(place_of):
    """OpenSSL as nearly every program that is linked with it uses it."""
    context = ssl.create_default_context(cafile=place_of / "roots.pem")

    def verdict(host, port):
        try:
            with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as plain:
                with context.wrap_socket(plain, server_hostname=host):
                    return "ok"
        except (OSError, ValueError) as error:
            return str(error)

    return {name: verdict(host, port) for name, host, port in addresses(place_of)}


def ask_openssl_verify(place_of):
    def verdict(name, host):
        folder = place_of / "cases" / name
        served = folder / "served.pem"
        served = served if served.exists() else folder / "chain.pem"
        done = subprocess.run(
            ["openssl", "verify", "-CAfile", place_of / "roots.pem", "-no-CApath", "-no-CAstore",
             "-untrusted", served, "-purpose", "sslserver", "-auth_level", "2",
             "-verify_ip" if is_address(host) else "-verify_hostname", host, served],
            capture_output=True, text=True, errors="replace", check=False, timeout=30)
        return "ok" if done.returncode == 0 else done.stderr.strip().replace("\n", " ")

    return {name: verdict(name, host) for name, host, _ in addresses(place_of)}


def is_address(host):
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def ask_node(place_of):
    return ask_program(place_of, need("node"), HERE / "check.mjs")


def ask_java(place_of):
    return ask_program(place_of, need("java"), HERE / "Check.java")


def ask_go(place_of):
    home = place.build_directory() / "go"
    program = place_of / "check-go"
    subprocess.run([need("go"), "build", "-o", program, HERE / "check.go"], check=True, timeout=240,
                   env={"PATH": os.environ["PATH"], "HOME": str(home), "GO111MODULE": "off",
                        "GOFLAGS": "-p=1", "GOPROXY": "off"})
    return ask_program(place_of, program)


def ask_chromium(place_of):
    program = need("chromium")
    need("certutil")
    home = place_of / "browser"
    roots = []
    for number, root in enumerate(chains.WORLD.roots()):
        if isinstance(root.key, ed25519.Ed25519PrivateKey):
            continue  # the browser's store takes no such key
        roots.append(place_of / f"root{number}.pem")
        roots[-1].write_text(root.pem())
    with Chromium(program, home, roots) as browser:
        urls = {name: f"https://{f'[{host}]' if ':' in host else host}:{port}/"
                for name, host, port in addresses(place_of)}
        assert browser.visit(urls["good"]) == "ok"  # from there it may fetch the others
        return dict(zip(urls, browser.fetch(list(urls.values()))))


def need(program):
    found = shutil.which(program)
    if not found:
        pytest.skip(f"{program} is not installed")
    return found


CLIENTS = dict(zip(CLIENT_NAMES,
                   (ask_python, ask_openssl_verify, ask_node, ask_java, ask_go, ask_chromium)))


@pytest.fixture(scope="module", name="ask")
def fixture_ask(servers, place_of):
    """Asks a client about all of them, once however often it is called."""
    answers = {}

    def ask(client):
        if client not in answers:
            answers[client] = CLIENTS[client](place_of)
            assert answers[client].keys() == servers.ports.keys()
        return answers[client]

    return ask


@pytest.mark.parametrize("client", CLIENTS)
def test_nothing_that_a_client_refuses_is_admitted(gate, ask, client):
    said = ask(client)
    worse = {name: said.get(name, "it cannot be loaded") for name, verdict in gate.items()
             if verdict == "ok" and said.get(name) != "ok" and client not in LOOSER.get(name, ())}
    assert not worse
    # A client that takes everything or nothing has told nothing.
    assert said["good"] == said["good-rsa"] == "ok"
    assert "ok" not in (said["expired"], said["name-another"], said["path-of-a-stranger"])


def test_nothing_that_every_client_takes_is_refused(gate, ask):
    said = [ask(client) for client in CLIENTS]
    taken = {name for name in said[0] if all(each[name] == "ok" for each in said)}
    refused = {name: gate[name] for name in taken if gate[name] != "ok" and name not in STRICTER}
    assert not refused


def test_what_is_documented_is_still_so(gate):
    for name in LOOSER:
        assert gate[name] == "ok", name
    for name in STRICTER:
        assert gate[name] != "ok", name
