# SPDX-License-Identifier: Apache-2.0
"""What authorities fetch to see whether a domain is ours: answered everywhere, and nothing else is touched."""

import subprocess

import pytest
from conftest import PUBLIC
from lab import proofs
from lab.net import free_port
from lab.nginx import Nginx
from lab.proofs import USUAL, ask, body
from lab.server import Certificate, Site
from lab.waiting import wait_until

# Virtual hosts on plain HTTP that know nothing of ccm: what is in the way, and what it makes of other requests.
WALLS = {
    "redirect": {301},
    "password": {401},
    "proxy": {502, 503},
    "denied": {403},
    "rewrite": {403},
    "files": {404},
}
NGINX = {
    "redirect": "return 301 https://$host$request_uri;",
    "password": 'auth_basic "closed"; auth_basic_user_file /nonexistent;',
    "proxy": "location / { proxy_pass http://127.0.0.1:1; }",
    "denied": "deny all;",
    "rewrite": "rewrite ^ /elsewhere last; location / { limit_except POST { deny all; } }",
    # What would change the body.
    "files": "gzip on; gzip_min_length 1; gzip_types *; gzip_http_version 1.0;",
}
APACHE = {
    "redirect": "Redirect permanent / https://redirect.example.com/",
    "password": '<Location "/">\nAuthType Basic\nAuthName closed\nAuthUserFile /nonexistent\n'
                "Require valid-user\n</Location>",
    "proxy": "ProxyPass / http://127.0.0.1:1/",
    "denied": '<Location "/">\nRequire all denied\n</Location>',
    "rewrite": "RewriteEngine on\nRewriteRule ^ - [F]",
    "files": "SetOutputFilter DEFLATE",
}
MODULES = ("ssl", "ccm", "alias", "auth_basic", "authn_core", "authn_file", "authz_user", "proxy", "proxy_http",
           "rewrite", "deflate", "filter")
# What the servers say of the requests that are refused on purpose.
REFUSALS = (r"access forbidden by rule|connect\(\) failed|open\(\) \".*failed|is not found|AH01630|AH00957|AH01114|AH00959|"
            r"AH01617|AH01620|AH00128|AH01797")


def name(wall):
    return f"{wall}.example.com"


@pytest.fixture(name="port")
def fixture_port():
    return free_port()


@pytest.fixture(name="engine")
def fixture_engine(scratch):
    with proofs.Engine(scratch / "state") as engine:
        yield engine


@pytest.fixture(name="bare")
def fixture_bare(scratch, credentials):
    """Settings for agents that do not lead and so make no call."""
    return {"state_path": scratch / "state", "credentials": f"file={credentials}", "region": "ap-southeast-1"}


@pytest.fixture(name="www")
def fixture_www():
    """A site with a certificate that nobody has obtained yet."""
    return Site(free_port(), (PUBLIC,), ("www",), http2=True)


CERTIFICATE = Certificate("www", "scm", (PUBLIC,))


def configure(server, port, settings, certificates=(CERTIFICATE,), sites=()):
    """The walls on `port`, and TLS servers."""
    log = server.directory / "access.log"
    if isinstance(server, Nginx):
        http = "".join(
            f"    server {{ listen 127.0.0.1:{port}; server_name {name(wall)}; root {server.documents};\n"
            f"        access_log {log}; {text} }}\n" for wall, text in NGINX.items())
        server.configure(http=http, settings=settings, certificates=certificates, sites=sites)
        return log
    main = f'Listen 127.0.0.1:{port} http\nCustomLog {log} "%r %>s"\n' + "".join(
        f"<VirtualHost 127.0.0.1:{port}>\nServerName {name(wall)}\n{text}\n</VirtualHost>\n"
        for wall, text in APACHE.items())
    server.configure(main, settings=settings, certificates=certificates, sites=sites, modules=MODULES, ports=[port])
    return log


def wait_for_body(port, host, wanted, path=USUAL):
    wait_until(lambda: body(port, host, path) == wanted, f"{wanted!r} at {host}{path}")


def test_answers_come_before_whatever_else_a_server_does(server, engine, bare, port, www, static):
    server.allow(REFUSALS)
    log = configure(server, port, bare, sites=[www, static])
    with server:
        for wall, refusals in WALLS.items():
            assert ask(port, name(wall))[0] in refusals, wall
        for wall in WALLS:
            engine.put(wall, name(wall), f"value of {wall}")
            wait_for_body(port, name(wall), f"value of {wall}")
        for wall, refusals in WALLS.items():
            got, fields, text = ask(port, name(wall), headers="Accept-Encoding: gzip\r\n")
            assert (got, text) == (200, f"value of {wall}")
            assert fields["content-length"] == str(len(text))
            assert fields["content-type"].split(";")[0] == "text/plain"
            assert fields["cache-control"] == "no-store"
            assert "content-encoding" not in fields
            assert body(port, name(wall), proofs.FOLDER + "whois.txt") == text
            head_status, head_fields, nothing = ask(port, name(wall), method="HEAD")
            assert (head_status, head_fields["content-length"], nothing) == (200, str(len(text)), "")
            # All else goes where it went.
            for other in (proofs.FOLDER + "other.txt", proofs.FOLDER, "/.well-known/acme-challenge/fileauth.txt"):
                assert ask(port, name(wall), other)[0] in refusals, (wall, other)
            engine.remove(wall)
            wait_until(lambda host=name(wall), wanted=refusals: ask(port, host)[0] in wanted, f"the wall of {wall}")
        # Over TLS, in servers with and without a certificate of ours.
        for site in (www, static):
            engine.put("www", site.name, "secure", file="a.txt")
            wait_until(lambda site=site: body(site.port, site.name, proofs.FOLDER + "a.txt", secure=True) == "secure",
                       "the proof over TLS")
            assert body(site.port, site.name, secure=True) is None
        engine.put("www", PUBLIC, "secure", file="a.txt")
        assert fetch_http2(www, proofs.FOLDER + "a.txt") == "secure 2 200"
    lines = log.read_text().splitlines()
    assert sum(f"GET {USUAL} HTTP/1.1" in line and " 200" in line for line in lines) >= len(WALLS)


def fetch_http2(site, path):
    def done():
        run = subprocess.run(
            ["curl", "--silent", "--http2", "--insecure", "--resolve", f"{site.name}:{site.port}:127.0.0.1",
             "--write-out", " %{http_version} %{http_code}", f"https://{site.name}:{site.port}{path}"],
            capture_output=True, text=True, timeout=30, check=True)
        return run.stdout if run.stdout.endswith("200") else None
    return wait_until(done, "the proof over HTTP/2")


def test_only_the_request_for_the_proof_is_answered(server, engine, bare, port, www):
    server.allow(REFUSALS)
    configure(server, port, bare, sites=[www])
    host = name("files")
    # A file of its own, at the same place: it is served as before when the proof is gone.
    own = server.documents / USUAL[1:]
    own.parent.mkdir(parents=True)
    own.write_text("own")
    for folder in (own.parents[1], own.parent, own):
        folder.chmod(0o755)
    with server:
        assert body(port, host) == "own"
        engine.put("www", host, "proof")
        wait_for_body(port, host, "proof")
        assert body(port, host.upper()) == "proof"
        assert body(port, f"{host}:{port}") == "proof"
        assert body(port, host, USUAL + "?a=b") == "proof"
        assert body(port, host, f"http://{host}{USUAL}") == "proof"
        # Other ways to write the path lead to the server's own file, or nowhere.
        assert body(port, host, "/.well-known/x/../pki-validation/fileauth.txt") == "own"
        assert body(port, host, "/.well-known/pki-validation/%66ileauth.txt") == "own"
        assert body(port, host, "/%2ewell-known/pki-validation/fileauth.txt") == "own"
        for path in (USUAL + "/", USUAL.upper(), proofs.FOLDER + "../../etc/passwd",
                     proofs.FOLDER + "%2e%2e%2ffileauth.txt", proofs.FOLDER + "fileauth.txt%00"):
            assert ask(port, host, path)[2] != "proof", path
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert ask(port, host, method=method, headers="Content-Length: 0\r\n")[2] != "proof", method
        # Somebody else's name.
        assert body(port, "www." + host) != "proof"
        assert ask(port, name("redirect"))[0] == 301
        # With a body, which is ignored, and conditions, which do not count.
        status, _, text = ask(port, host, headers="Range: bytes=0-0\r\nIf-Unmodified-Since: "
                                                  "Mon, 01 Jan 2001 00:00:00 GMT\r\nContent-Length: 0\r\n")
        assert (status, text) == (200, "proof")
        engine.remove("www")
        wait_for_body(port, host, "own")


def test_an_address_may_be_proved(server, engine, bare, port, www):
    configure(server, port, bare, sites=[www])
    with server:
        engine.put("four", "127.0.0.1", "four")
        engine.put("six", "2001:db8::1", "six")
        wait_for_body(port, "[2001:DB8:0::1]", "six")
        wait_for_body(port, f"127.0.0.1:{port}", "four")


def test_no_request_fails_while_values_and_configurations_change(server, engine, bare, port, www):
    server.allow(REFUSALS)
    configure(server, port, bare, sites=[www])
    host = name("redirect")
    more = Certificate("more", "scm", ("more.example.com",))
    with server:
        engine.put("first", host, "0")
        wait_for_body(port, host, "0")
        with proofs.Authority(port, host) as authority:
            for value in map(str, range(1, 6)):
                engine.put("first", host, value)
                wait_for_body(port, host, value)
            server.reload()  # with the same publication
            engine.put("first", host, "6")
            wait_for_body(port, host, "6")
            configure(server, port, bare, [CERTIFICATE, more],
                      [www, Site(www.port, more.names, (more.name,), http2=True)])
            server.reload()  # with another one
            assert body(port, host) == "6"
            server.wait_for_agent()
            engine.put("first", host, "7")
            wait_for_body(port, host, "7")
            engine.fill("many", "many.example.com", 500)
            wait_for_body(port, "n500.many.example.com", "value-500")
            assert body(port, "n1.many.example.com") == "value-1"
            engine.remove("many")
            wait_until(lambda: body(port, "n500.many.example.com") is None, "the end of 500 proofs")
        assert authority.failures == []
        assert authority.bodies and set(authority.bodies) <= set("01234567")
    server.check_log()


def test_it_is_served_again_after_a_restart(server, engine, bare, port, www):
    server.allow(REFUSALS)
    configure(server, port, bare, sites=[www])
    engine.put("www", name("redirect"), "kept")
    with server:
        wait_for_body(port, name("redirect"), "kept")
