"""configtest: every mistake is one sentence with file and line, and neither network nor store is touched."""

import re

import pytest
from conftest import PRIVATE
from lab.apache import Apache
from lab.net import free_port
from lab.server import Certificate

ISSUER = "2cb2878b-6cd1-460d-bd25-afe655159bdc"
PCA = f"CCMSource pca issuer={ISSUER}"


def section(*lines, name="x"):
    return "\n".join([f"<CCMCertificate {name}>", *lines, "</CCMCertificate>"])


# What is wrong in the main server, and the sentence.
IN_THE_MAIN_SERVER = [
    ("CCMStateDir", r"CCMStateDir /var/lib/ccm"),
    ("CCMCheckInterval soon", r"CCMCheckInterval.*soon"),
    ("CCMCheckInterval 0s", r"too short"),
    ("CCMCheckInterval", r"CCMCheckInterval 12h"),
    ("CCMKeep many", r'"many" is not a number from 0 to 100'),
    ("CCMRegion Singapore!", r"is not a region"),
    ("CCMProxy ftp://x", r"(?i)proxy"),
    ("CCMScmEndpoint http://scm.example.com", r"https"),
    ("CCMUser nobody-here", r'the user "nobody-here" does not exist'),
    ("CCMCredentials file=", r"file"),
    ("CCMCredentials ecs please", r'"ecs" is not understood'),
    ("CCMCredentials file=/nowhere/profile", r'credentials file "/nowhere/profile" cannot be used'),
    ("CCMCACertificateFile /dev/null", r"is not a regular file"),
    ("CCMAgentPath /nowhere/agent", r'agent program "/nowhere/agent" cannot be used'),
    ("CCMConcurrentRenewals 0", r"number from 1 to 64"),
    ("CCMFallback maybe", r'"maybe" is neither on nor off'),
    ("CCMRenewBefore 150%", r"CCMRenewBefore.*150%"),
    ("CCMKeep 3\nCCMKeep 4", r'"CCMKeep" is given twice'),
    ("<CCMCertificate>\nCCMSource scm\n</CCMCertificate>", r"<CCMCertificate NAME>"),
    ("<CCMCertificate x y>\nCCMSource scm\n</CCMCertificate>", r"<CCMCertificate NAME>"),
    (section("CCMSource scm", name="a/b"), r"cannot name a certificate"),
    (section("CCMNames www.example.com"), r"it has no source; write CCMSource"),
    (section("CCMSource pca", "CCMNames www.example.com"), r"the issuer is missing"),
    (section("CCMSource pca issuer=1", "CCMNames www.example.com"), r"is not the id of a CA"),
    (section("CCMSource vault"), r'"vault" is not a source'),
    (section("CCMSource scm", "CCMKey dsa:1024"), r"dsa:1024"),
    (section("CCMSource scm", "CCMNames www..example.com"), r"www\.\.example\.com"),
    (section("CCMSource scm", "CCMUser ccm", "CCMNames www.example.com"), r"CCMUser"),
    (section(PCA, "CCMNames a.example", "CCMValidity 36h"), r"whole days"),
    (section(PCA, "CCMNames a.example", "CCMValidity 30d", "CCMRenewBefore 40d"), r"valid for only 30d"),
    (section("CCMSource scm", "CCMNames a.example") + "\n" + section("CCMSource scm", "CCMNames b.example"),
     r"two <CCMCertificate> sections named"),
    (section("CCMSource scm"), r"it has no names"),
    (section("CCMSource scm", "CCMName a.example"), r'did you mean "CCMNames"'),
    (section("CCMSource scm", "SSLEngine on", "CCMNames a.example"), r"SSLEngine"),
    (section("CCMSource scm", section("CCMSource scm")), r"cannot contain"),
    ("<Directory />\nCCMKeep 3\n</Directory>", r"CCMKeep not allowed in <Directory>"),
    ("<Location />\nCCMCertificate intranet\n</Location>", r"CCMCertificate not allowed in <Location>"),
]

STATIC = "SSLCertificateFile a.pem\nSSLCertificateKeyFile a.key"

# What is wrong with a virtual host's lines.
IN_A_VIRTUAL_HOST = [
    ("CCMCertificate nowhere", r'unknown certificate "nowhere"'),
    ("CCMCertificate intranett", r'did you mean "intranet"'),
    ("CCMCertificate", r"no certificate is given"),
    ("CCMCertificate source=vault", r'"vault" is not a source'),
    ("CCMCertificate source=scm nonsense", r"write KEY=VALUE"),
    ("CCMCertificate source=scm colour=blue", r'unknown parameter "colour"'),
    ("CCMCertificate intranet\nCCMCertificate intranet", r'"intranet" twice'),
    ("CCMCertificate intranet keep=1", r"parameters belong in its <CCMCertificate> section"),
    (f"CCMCertificate intranet\n{STATIC}", r"exclude each other"),
    (f"{STATIC}\nCCMCertificate intranet", r"exclude each other"),
    ("CCMCertificate intranet\nSSLCertificateKeyFile a.key", r"exclude each other"),
    ("CCMKeep 3\nCCMCertificate intranet", r"CCMKeep cannot occur within <VirtualHost>"),
]


@pytest.fixture(name="apache")
def fixture_apache(make_server):
    return make_server(Apache)


@pytest.fixture(name="check")
def fixture_check(apache, scratch, credentials):
    """The verdict on a text for the main server and one for a virtual host."""

    def check(main="", host="CCMCertificate intranet", name=f"ServerName {PRIVATE}",
              tls="SSLEngine on", **more):
        defaults = {"CCMStateDir": f"{scratch}/state", "CCMCredentials": f"file={credentials}",
                    "CCMRegion": "ap-southeast-1"}
        given = main.split()[0] if main else ""
        port = free_port()
        apache.configure(
            "".join(f"{key} {value}\n" for key, value in defaults.items() if key != given) +
            section(PCA, f"CCMNames {PRIVATE}", name="intranet") + f"\n{main}\n"
            f"Listen 127.0.0.1:{port} https\n"
            f"<VirtualHost 127.0.0.1:{port}>\n{name}\n{tls}\n{host}\n</VirtualHost>\n", **more)
        return apache.test()

    return check


def said(printed):
    """The sentences of an outcome: of our lines, and of what httpd says about a directive."""
    ours = re.findall(r"\[ccm:emerg\] \[pid [^]]*\] (.*)", printed)
    return ours + re.findall(r"^.*Syntax error on line \d+ of .*httpd\.conf:\n.*", printed, re.M)


# Sentences about the host are not about one line of the configuration.
ABOUT_THE_HOST = re.compile(r"cannot be used|does not exist|is not a regular file")


def judge(verdict, sentence):
    good, printed = verdict
    assert not good
    sentences = said(printed)
    assert len(sentences) == 1, printed
    assert re.search(sentence, sentences[0]), printed
    assert ABOUT_THE_HOST.search(sentences[0]) or \
        re.search(r"httpd\.conf:\d+|on line \d+ of .*httpd\.conf", sentences[0]), printed


@pytest.mark.parametrize("main, sentence", IN_THE_MAIN_SERVER)
def test_a_mistake_in_the_main_server_is_one_sentence(check, scratch, main, sentence):
    judge(check(main=main), sentence)
    assert not (scratch / "state").exists()


@pytest.mark.parametrize("host, sentence", IN_A_VIRTUAL_HOST)
def test_a_mistake_in_a_virtual_host_is_one_sentence(check, apache, host, sentence):
    for name in ("a.pem", "a.key"):  # which mod_ssl wants to see
        (apache.directory / name).write_text("something")
    judge(check(host=host), sentence)


def test_a_mistake_is_found_on_its_line(check, apache):
    _, printed = check(main="CCMKeep 1\nCCMFallback maybe\nCCMRegion x")
    line = apache.conf.read_text().splitlines().index("CCMFallback maybe") + 1
    assert re.search(rf"httpd\.conf:{line}\b|on line {line} of .*httpd\.conf", printed), printed


def test_an_unknown_directive_is_httpds_own_affair(check):
    good, printed = check(main="CCMCheckIntervall 1s")
    assert not good and "Invalid command 'CCMCheckIntervall'" in printed


def test_a_good_configuration_touches_neither_network_nor_store(
        apache, cloud, settings, intranet, public, private, scratch):
    apache.configure(settings=settings, certificates=[intranet], sites=[public, private])
    assert apache.test() == (True, "Syntax OK\n")
    assert not (scratch / "state").exists() and not cloud.requests()
    assert not apache.monitors()


def test_a_host_without_tls_may_inherit_a_certificate(apache, settings, intranet, private):
    plain = f"<VirtualHost 127.0.0.1:{free_port()}>\nServerName plain.example\n</VirtualHost>\n"
    private.certificates = ()
    apache.configure(plain, settings=settings, certificates=[intranet], sites=[private],
                     inherited=("intranet",))
    assert apache.test() == (True, "Syntax OK\n")


def test_without_credentials_it_is_told_what_is_missing(apache, scratch, private):
    block = Certificate("intranet", f"pca issuer={ISSUER}", (PRIVATE,))
    apache.configure(settings={"state_path": scratch / "state"}, certificates=[block], sites=[private])
    good, printed = apache.test()
    assert not good and re.search(r"CCMCredentials", printed), printed


def test_without_mod_ssl_it_is_told_what_is_missing(check):
    judge(check(tls="", modules=("ccm",)), r"mod_ssl")


def test_a_certificate_for_a_host_without_tls_is_a_warning(check):
    good, printed = check(tls="")
    assert good
    assert re.search(r'\[ccm:warn\].*there is no "SSLEngine on" in .*httpd\.conf:\d+', printed), printed


def test_a_host_without_a_name_has_to_get_one(check):
    judge(check(name="", host="CCMCertificate source=scm"), r"has no name that a certificate can carry")


def test_names_of_patterns_need_names_of_their_own(check):
    judge(check(name="ServerName a.example\nServerAlias www?.example", host="CCMCertificate source=scm"),
          r"pattern")


def test_names_that_the_certificate_does_not_cover_are_a_warning(check):
    good, printed = check(name="ServerName other.example")
    assert good
    assert re.search(r"\[ccm:warn\].*does not cover the name other\.example.*httpd\.conf:\d+", printed)
