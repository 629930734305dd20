"""nginx -t: every mistake is one sentence with file and line, and neither network nor store is touched."""

import re

import pytest
from conftest import PRIVATE
from lab.nginx import Nginx
from lab.net import free_port

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
