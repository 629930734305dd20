# SPDX-License-Identifier: Apache-2.0
"""nginx -t: every mistake is one sentence with file and line, and neither network nor store is touched."""

import os
import pathlib
import re
import subprocess

import pytest
from conftest import PRIVATE
from lab.nginx import Nginx
from lab.net import free_port
from lab.tls import HandshakeFailure

ISSUER = "2cb2878b-6cd1-460d-bd25-afe655159bdc"

# What is wrong inside `ccm { … }`, and the sentence.
IN_THE_BLOCK = [
    ("state_path var/ccm;", r'"var/ccm" is not an absolute path'),
    ("check_interval soon;", r"check_interval.*soon"),
    ("check_interval 0s;", r"too short"),
    ("check_interval;", r"check_interval 12h"),
    ("keep many;", r'"many" is not a number from 0 to 100'),
    ("region Singapore!;", r"is not a region"),
    ("proxy ftp://x;", r"proxy"),
    ("scm_endpoint http://scm.example.com;", r"https"),
    ("user nobody-here;", r'the user "nobody-here" does not exist'),
    ("credentials file=;", r"file"),
    ("credentials ecs please;", r'"ecs" is not understood'),
    ("credentials file=/nowhere/profile;", r'credentials file "/nowhere/profile" cannot be used'),
    ("ssl_trusted_certificate /dev/null;", r"is not a regular file"),
    ("agent_path /nowhere/agent;", r'agent program "/nowhere/agent" cannot be used'),
    ("concurrent_renewals 0;", r"number from 1 to 64"),
    ("fallback maybe;", r'"maybe" is neither on nor off'),
    ("renew_before 150%;", r"renew_before.*150%"),
    ("certificate { source scm; }", r"certificate NAME"),
    ("certificate a/b { source scm; }", r"cannot name a certificate"),
    ("certificate x { names www.example.com; }", r"it has no source; write source"),
    ("certificate x { source pca; names www.example.com; }", r"the issuer is missing"),
    ("certificate x { source pca issuer=1; names www.example.com; }", r"is not the id of a CA"),
    ("certificate x { source vault; }", r'"vault" is not a source'),
    ("certificate x { source scm; key dsa:1024; }", r"dsa:1024"),
    ("certificate x { source scm; names www..example.com; }", r"www\.\.example\.com"),
    ("certificate x { source scm; user ccm; names www.example.com; }", r"user"),
    (f"certificate x {{ source pca issuer={ISSUER}; names a.example; validity 36h; }}", r"whole days"),
    (f"certificate x {{ source pca issuer={ISSUER}; names a.example; validity 30d; renew_before 40d; }}",
     r"valid for only 30d"),
    ("certificate x { source scm; names a.example; } certificate x { source scm; names b.example; }",
     r"two certificate blocks named"),
    ("certificate x { source scm; }", r"it has no names"),
    ("check_intervall 1s;", r'did you mean "check_interval"'),
]

# What is wrong with a server's lines.
IN_A_SERVER = [
    ("ccm_certificate nowhere;", r'unknown certificate "nowhere"'),
    ("ccm_certificate intranett;", r'did you mean "intranet"'),
    ("ccm_certificate;", r"no certificate is given"),
    ("ccm_certificate source=vault;", r'"vault" is not a source'),
    ("ccm_certificate source=scm nonsense;", r"write KEY=VALUE"),
    ("ccm_certificate source=scm colour=blue;", r'unknown parameter "colour"'),
    ("ccm_certificate intranet; ccm_certificate intranet;", r'"intranet" twice'),
    ("ccm_certificate intranet keep=1;", r"parameters belong in its certificate block"),
    ("ccm_certificate intranet; ssl_certificate a.pem; ssl_certificate_key a.key;", r"exclude each other"),
    ("ssl_certificate a.pem; ssl_certificate_key a.key; ccm_certificate intranet;", r"exclude each other"),
    ("ccm_certificate intranet; ssl_conf_command Certificate a.pem;",
     r'"ssl_conf_command Certificate" exclude each other'),
    ("ssl_conf_command PrivateKey a.key; ccm_certificate intranet;",
     r'"ssl_conf_command PrivateKey" exclude each other'),
    ("ccm_certificate intranet; location / { ccm_certificate intranet; }", r"belongs in http, in stream"),
    ("ccm_certificate source=scm names=[2001:db8::g];", r"only letters, digits"),
]


@pytest.fixture(name="nginx")
def fixture_nginx(make_server):
    return make_server(Nginx)


def check(nginx, scratch, credentials, inside="", server="ccm_certificate intranet;"):
    defaults = {
        "state_path": f"{scratch}/state", "credentials": f"file={credentials}",
        "region": "ap-southeast-1"}
    given = inside.split()[0] if inside else ""
    block = "\n".join(f"{key} {value};" for key, value in defaults.items() if key != given)
    nginx.configure(
        main=f"ccm {{\n{block}\ncertificate intranet {{ source pca issuer={ISSUER}; names {PRIVATE}; }}\n"
             f"{inside}\n}}\n",
        http=f"server {{ listen 127.0.0.1:{free_port()} ssl; server_name {PRIVATE};\n{server}\n}}\n")
    return nginx.test()


def emergencies(printed):
    return [line for line in printed.splitlines() if "[emerg]" in line]


@pytest.mark.parametrize("inside, sentence", IN_THE_BLOCK)
def test_a_mistake_in_the_block_is_one_sentence(nginx, scratch, credentials, inside, sentence):
    good, printed = check(nginx, scratch, credentials, inside=inside)
    judge(good, printed, sentence)
    assert not (scratch / "state").exists()


@pytest.mark.parametrize("server, sentence", IN_A_SERVER)
def test_a_mistake_in_a_server_is_one_sentence(nginx, scratch, credentials, server, sentence):
    good, printed = check(nginx, scratch, credentials, server=server)
    judge(good, printed, sentence)


# Sentences about the host are not about one line of the configuration.
ABOUT_THE_HOST = re.compile(r"cannot be used|does not exist|is not a regular file")


def judge(good, printed, sentence):
    assert not good
    lines = emergencies(printed)
    assert re.search(sentence, "\n".join(lines)), printed
    # nginx itself says "unknown directive", and ours adds what was meant.
    assert len(lines) == (2 if "unknown directive" in printed else 1), printed
    assert ABOUT_THE_HOST.search(lines[0]) or re.search(r"nginx\.conf:\d+", lines[0]), printed


def test_a_good_configuration_touches_neither_network_nor_store(
        nginx, cloud, settings, intranet, public, private, scratch):
    nginx.configure(settings=settings, certificates=[intranet], sites=[public, private])
    good, printed = nginx.test()
    assert good and "test is successful" in printed
    assert not [line for line in printed.splitlines() if "warn" in line]
    assert not (scratch / "state").exists() and not cloud.requests()
    assert not nginx.monitors()


def test_a_certificate_without_the_block_is_told_what_is_missing(nginx):
    nginx.configure(http=f"server {{ listen 127.0.0.1:{free_port()} ssl; server_name a.example;\n"
                         "ccm_certificate source=scm;\n}\n")
    good, printed = nginx.test()
    assert not good
    judge(good, printed, r"needs a ccm block on the main level")


def test_names_that_the_certificate_does_not_cover_are_a_warning(nginx, scratch, credentials):
    nginx.configure(
        main=f"ccm {{ state_path {scratch}/state; credentials file={credentials}; region ap-southeast-1;\n"
             f"certificate intranet {{ source pca issuer={ISSUER}; names {PRIVATE}; }} }}\n",
        http=f"server {{ listen 127.0.0.1:{free_port()} ssl; server_name other.example;\n"
             "ccm_certificate intranet; }\n")
    good, printed = nginx.test()
    assert good
    assert re.search(r"\[warn\].*does not cover the name other\.example.*nginx\.conf:\d+", printed)


def test_a_name_of_brackets_and_one_of_other_letters_are_names(nginx, scratch, credentials):
    good, printed = check(nginx, scratch, credentials,
                          server="ccm_certificate source=scm names=[2001:db8::1],müller.example;")
    assert good, printed


# -- what the agent will need on this host -----------------------------------------------------------

# Content of the credentials file, and the sentence.
CREDENTIALS = [
    ("[global]\nak = A\nsk =\n", r"the sk is missing"),
    ("[basics]\nak = A\nsk = S\n", r"has no section \[global\] or \[basic\]"),
    ('[global]\nak = "A"\nsk = S\n', r"the ak is in quotes"),
    ("ak = A\n", r"line 1: comes before any section"),
]


@pytest.mark.parametrize("text, sentence", CREDENTIALS)
def test_the_credentials_file_is_read(nginx, scratch, credentials, text, sentence):
    credentials.write_text(text)
    good, printed = check(nginx, scratch, credentials)
    assert not good and len(emergencies(printed)) == 1, printed
    assert re.search(sentence, printed) and str(credentials) in printed, printed


def test_the_file_with_the_proxys_password_is_read(nginx, scratch, credentials):
    login = scratch / "proxy-login"
    login.write_text("no colon\n")
    login.chmod(0o600)
    good, printed = check(nginx, scratch, credentials, inside=f"proxy http://127.0.0.1:1 file={login};")
    assert not good and len(emergencies(printed)) == 1 and "user:password" in printed, printed


def test_a_trust_file_with_blank_lines_is_used(nginx, scratch, cloud, credentials):
    spread = scratch / "spread.pem"
    spread.write_text(pathlib.Path(cloud.facts["ca_file"]).read_text().replace("-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n\n\n"))
    good, printed = check(nginx, scratch, credentials, inside=f"ssl_trusted_certificate {spread};")
    assert good and "warn" not in printed, printed


@pytest.mark.parametrize("inside, sentence", [
    ("region ap-southeast-l;", r'"ap-southeast-l" is not known; did you mean "ap-southeast-1"'),
    ("region ru-moscow-1;", r'no SCM is known in the region "ru-moscow-1"; name its endpoint'),
])
def test_what_the_host_lacks_is_a_warning(nginx, scratch, credentials, inside, sentence):
    server = "ccm_certificate intranet; ccm_certificate source=scm names=a.example key=rsa:2048;"
    good, printed = check(nginx, scratch, credentials, inside=inside, server=server)
    assert good, printed
    assert re.search(rf"\[warn\].*{sentence}", printed), printed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_read_only_state_path_is_a_warning(nginx, scratch, credentials):
    (scratch / "state").mkdir()
    check(nginx, scratch, credentials)
    mount = "mount --bind $0 $0 && mount -o remount,ro,bind $0 && exec \"$@\""
    done = subprocess.run(["unshare", "-m", "sh", "-c", mount, str(scratch / "state"), *nginx.command("-t")],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert re.search(rf"\[warn\].*nothing can be stored.*Read-only.*ReadWritePaths={scratch}/state", done.stderr), \
        done.stderr


def test_a_state_path_that_is_a_file_cannot_work(nginx, scratch, credentials):
    good, printed = check(nginx, scratch, credentials, inside=f"state_path {credentials};")
    assert not good and re.search(r"\[emerg\].*is not a directory", printed), printed


def test_a_reload_that_would_end_renewals_is_refused(nginx, settings, cloud, intranet, private):
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    nginx.start()
    serial = nginx.wait_for_certificate(private, cloud.trust())
    workers, mark = nginx.workers(), nginx.log_size()
    pathlib.Path(cloud.facts["credentials_file"]).write_text("[global]\nak = A\nsk =\n")
    nginx.allow(r"the sk is missing")
    nginx.reload_now()
    nginx.wait_for_log(r"\[emerg\].*the sk is missing", since=mark)
    # The agent may be another one by now: its monitor looks after the file as well.
    assert nginx.workers() == workers
    assert nginx.wait_for_certificate(private, cloud.trust()) == serial


def test_a_start_with_bad_credentials_shows_what_is_stored(nginx, settings, cloud, intranet, private):
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    with nginx:
        serial = nginx.wait_for_certificate(private, cloud.trust())
    pathlib.Path(cloud.facts["credentials_file"]).write_text("[global]\nak = A\nsk =\n")
    nginx.allow(r"the sk is missing")  # each attempt says it
    with nginx:
        nginx.wait_for_log(r"served but not renewed")
        assert nginx.wait_for_certificate(private, cloud.trust()) == serial


# -- other owners of the certificate, and what has no effect on it ------------------------------------

LUA = [pathlib.Path("/usr/lib/nginx/modules") / name for name in
       ("ndk_http_module.so", "ngx_http_lua_module.so")]
MAIL = pathlib.Path("/usr/lib/nginx/modules/ngx_mail_module.so")
BLOCK = "ssl_certificate_by_lua_block { ngx.exit(ngx.ERROR) }"
# Modules of the distribution's nginx fit no other one.
IS_DEBIANS = "CCM_NGINX" not in os.environ
needs_lua = pytest.mark.skipif(not (IS_DEBIANS and LUA[1].exists()), reason="needs libnginx-mod-http-lua")


def load(nginx, modules, first):
    """Puts load_module lines before or behind our own."""
    lines = "".join(f"load_module {module};\n" for module in modules)
    text = nginx.conf.read_text()
    ours = text.index("load_module")
    end = text.index("\n", ours) + 1
    nginx.conf.write_text(lines + text if first else text[:end] + lines + text[end:])


def check_with_lua(nginx, scratch, credentials, first, *, http="", server="", static=None):
    other = ""
    if static is not None:
        other = (f"server {{ listen 127.0.0.1:{free_port()} ssl; server_name static.example;"
                 f" ssl_certificate {static.static[0]}; ssl_certificate_key {static.static[1]}; {BLOCK} }}\n")
    nginx.configure(
        main=f"ccm {{ state_path {scratch}/state; credentials file={credentials}; region ap-southeast-1; }}\n",
        http=f"{http}\nserver {{ listen 127.0.0.1:{free_port()} ssl; server_name www.example.com;\n"
             f"ccm_certificate source=scm;\n{server}\n}}\n{other}")
    load(nginx, LUA, first)
    return nginx.test()


@needs_lua
@pytest.mark.parametrize("first", [True, False], ids=["lua-first", "ccm-first"])
@pytest.mark.parametrize("level", ["http", "server"])
def test_lua_and_ccm_exclude_each_other(nginx, scratch, credentials, first, level):
    good, printed = check_with_lua(nginx, scratch, credentials, first, **{level: BLOCK})
    judge(good, printed, r'"ccm_certificate" and "ssl_certificate_by_lua_block" exclude each other')
    line = nginx.conf.read_text().splitlines().index(BLOCK) + 1
    assert f"nginx.conf:{line}" in printed, printed


@needs_lua
@pytest.mark.parametrize("first", [True, False], ids=["lua-first", "ccm-first"])
def test_lua_beside_a_static_certificate_is_no_affair_of_ours(nginx, scratch, credentials, first, static):
    good, printed = check_with_lua(nginx, scratch, credentials, first, static=static)
    assert good and "warn" not in printed, printed


def test_without_lua_its_directives_stay_unknown(nginx, scratch, credentials):
    good, printed = check(nginx, scratch, credentials,
                          server="ccm_certificate intranet; ssl_certificate_by_lua_file a.lua;")
    assert not good and 'unknown directive "ssl_certificate_by_lua_file"' in printed, printed


def test_the_arguments_of_other_modules_are_still_theirs_to_judge(nginx, scratch, credentials):
    for server, sentence in [("ssl_stapling maybe;", r'invalid value "maybe"'),
                             ("ssl_stapling;", r"invalid number of arguments"),
                             ("ssl_stapling on; ssl_stapling on;", r"is duplicate")]:
        good, printed = check(nginx, scratch, credentials, server="ccm_certificate intranet; " + server)
        assert not good and re.search(sentence, printed), printed


def test_what_has_no_effect_is_said_once(nginx, scratch, credentials, static):
    passwords = scratch / "passwords"
    passwords.write_text("x\n")
    servers = "".join(
        f"server {{ listen 127.0.0.1:{free_port()} ssl; server_name {name}; ccm_certificate source=scm; }}\n"
        for name in ("a.example", "b.example"))
    nginx.configure(
        main=f"ccm {{ state_path {scratch}/state; credentials file={credentials}; region ap-southeast-1; }}\n",
        http=f"ssl_stapling on;\nssl_password_file {passwords};\n{servers}"
             f"server {{ listen 127.0.0.1:{free_port()} ssl; server_name c.example; ssl_stapling off;\n"
             "ccm_certificate source=scm; }\n")
    good, printed = nginx.test()
    assert good, printed
    said = re.findall(r'\[warn\].*"(ssl_\w+)" has no effect on the certificates of .*nginx\.conf:\d+', printed)
    assert sorted(said) == ["ssl_password_file", "ssl_stapling"], printed


def test_what_is_off_or_beside_a_static_certificate_is_not_mentioned(nginx, scratch, credentials, static):
    nginx.configure(
        main=f"ccm {{ state_path {scratch}/state; credentials file={credentials}; region ap-southeast-1; }}\n",
        http=f"server {{ listen 127.0.0.1:{free_port()} ssl; server_name a.example; ssl_stapling off;\n"
             "ccm_certificate source=scm; }\n"
             f"server {{ listen 127.0.0.1:{free_port()} ssl; server_name b.example; \n"
             f"ssl_conf_command Options PrioritizeChaCha; ssl_certificate {static.static[0]}; ssl_certificate_key {static.static[1]}; }}\n")
    good, printed = nginx.test()
    assert good and "warn" not in printed, printed


@pytest.mark.skipif(not (IS_DEBIANS and MAIL.exists()), reason="needs libnginx-mod-mail")
def test_mail_is_told_where_the_directive_belongs(nginx, scratch, credentials):
    check(nginx, scratch, credentials)
    nginx.conf.write_text(nginx.conf.read_text() + f"mail {{ server {{ listen 127.0.0.1:{free_port()};"
                          " protocol imap; ccm_certificate intranet; } }\n")
    load(nginx, [MAIL], True)
    good, printed = nginx.test()
    judge(good, printed, r"belongs in http, in stream or in one of their servers")


# -- who can connect, and who is meant ----------------------------------------------------------------

RSA = "ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;"


@pytest.mark.parametrize("tls, sentence", [
    (f"ssl_protocols TLSv1.2; {RSA}", r"no client can connect here.*ECDSA key.*key rsa:2048.*nginx\.conf:\d+"),
    (f"ssl_protocols TLSv1.2 TLSv1.3; {RSA}", r"no client without TLS 1\.3 can connect here"),
])
def test_suites_without_a_client_for_the_key_are_a_warning(nginx, scratch, credentials, tls, sentence):
    good, printed = check(nginx, scratch, credentials, server=f"ccm_certificate intranet; {tls}")
    assert good and re.search(rf"\[warn\].*{sentence}", printed), printed


def test_suites_for_the_key_are_no_matter(nginx, scratch, credentials):
    for tls in ("ssl_protocols TLSv1.3;" + RSA, "ssl_protocols TLSv1.2;"):
        good, printed = check(nginx, scratch, credentials, server=f"ccm_certificate intranet; {tls}")
        assert good and "warn" not in printed, printed


def test_a_certificate_that_nobody_is_shown_is_a_warning(nginx, scratch, credentials):
    good, printed = check(nginx, scratch, credentials, server="ccm_certificate intranet; ssl_reject_handshake on;")
    assert good and re.search(r'\[warn\].*nobody is shown.*"ssl_reject_handshake on".*nginx\.conf:\d+', printed)


CATCH_ALL = "server_name _; return 444;"


def test_a_catch_all_beside_an_inherited_certificate_refuses_handshakes(nginx, cloud, settings, public):
    cloud.issue(public.names)
    public.certificates = ()
    nginx.configure(settings=settings, sites=[public], inherited=("source=scm",), http=(
        f"server {{ listen 127.0.0.1:{public.port} ssl default_server; {CATCH_ALL} }}\n"))
    good, printed = nginx.test()
    assert good and re.search(r"\[notice\].*has no name that a certificate can carry.*nginx\.conf:\d+", printed)
    with nginx:
        nginx.wait_for_certificate(public, cloud.trust())
        with pytest.raises(HandshakeFailure):
            nginx.show(public, name="unknown.example")


def test_a_catch_all_with_a_certificate_of_its_own_still_needs_names(nginx, scratch, credentials):
    good, printed = check(nginx, scratch, credentials, server=f"ccm_certificate source=scm; {CATCH_ALL}")
    assert good, printed  # it has a second server_name, from the test's own line
    nginx.conf.write_text(nginx.conf.read_text().replace(f"server_name {PRIVATE};", ""))
    judge(*nginx.test(), r"has no name that a certificate can carry")


def test_an_internationalised_name_stops_nobody(nginx, scratch, credentials):
    nginx.configure(
        main=f"ccm {{ state_path {scratch}/state; credentials file={credentials}; region ap-southeast-1; }}\n",
        http="ccm_certificate source=scm;\n"
             f"server {{ listen 127.0.0.1:{free_port()} ssl; server_name www.example.com; }}\n"
             f"server {{ listen 127.0.0.1:{free_port()} ssl; server_name müller.example xn--mller-kva.example; }}\n"
             f"server {{ listen 127.0.0.1:{free_port()} ssl; server_name bücher.example; }}\n")
    good, printed = nginx.test()
    assert good, printed
    warnings = [line for line in printed.splitlines() if "[warn]" in line]
    assert len(warnings) == 1 and "xn--bcher-kva.example" in warnings[0], printed
