# SPDX-License-Identifier: Apache-2.0
"""configtest: every mistake is one sentence with file and line, and neither network nor store is touched."""

import pathlib
import re

import pytest
from conftest import PRIVATE
from lab.apache import Apache
from lab.net import free_port
from lab.server import Certificate
from lab.tls import HandshakeFailure

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
    ("CCMCertificate intranet\nSSLOpenSSLConfCmd Certificate a.pem",
     r'"SSLOpenSSLConfCmd Certificate" exclude each other'),
    ("SSLOpenSSLConfCmd PrivateKey a.key\nCCMCertificate intranet",
     r'"SSLOpenSSLConfCmd PrivateKey" exclude each other'),
    ("CCMCertificate source=scm names=[2001:db8::g]", r"only letters, digits"),
    ("CCMKeep 3\nCCMCertificate intranet", r"CCMKeep cannot occur within <VirtualHost>"),
]


@pytest.fixture(name="apache")
def fixture_apache(make_server):
    return make_server(Apache)


@pytest.fixture(name="check")
def fixture_check(apache, scratch, credentials):
    """The verdict on a text for the main server and one for a virtual host."""

    def check(main="", host="CCMCertificate intranet", name=f"ServerName {PRIVATE}",
              tls="SSLEngine on", protocol="https", **more):
        defaults = {"CCMStateDir": f"{scratch}/state", "CCMCredentials": f"file={credentials}",
                    "CCMRegion": "ap-southeast-1"}
        given = main.split()[0] if main else ""
        port = free_port()
        apache.configure(
            "".join(f"{key} {value}\n" for key, value in defaults.items() if key != given) +
            section(PCA, f"CCMNames {PRIVATE}", name="intranet") + f"\n{main}\n"
            f"Listen 127.0.0.1:{port} {protocol}\n"
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


@pytest.mark.parametrize("tls, protocol", [("", "http"), ("SSLEngine off", "https")])
def test_a_certificate_for_a_host_without_tls_is_a_warning(check, tls, protocol):
    good, printed = check(tls=tls, protocol=protocol)
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


# -- what the agent will need on this host -----------------------------------------------------------

@pytest.mark.parametrize("text, sentence", [
    ("[global]\nak = A\nsk =\n", r"the sk is missing"),
    ("[basics]\nak = A\nsk = S\n", r"has no section \[global\] or \[basic\]"),
    ('[global]\nak = A\nsk = "S"\n', r"the sk is in quotes"),
])
def test_the_credentials_file_is_read(check, credentials, text, sentence):
    credentials.write_text(text)
    good, printed = check()
    assert not good and len(said(printed)) == 1, printed
    assert re.search(sentence, printed) and str(credentials) in printed, printed


def test_an_unknown_region_is_a_warning(check):
    good, printed = check(main="CCMRegion ap-southeast-l")
    assert good
    assert re.search(r'\[ccm:warn\].*"ap-southeast-l" is not known; did you mean "ap-southeast-1"', printed), printed


def test_a_restart_with_bad_credentials_shows_what_is_stored(apache, settings, cloud, intranet, private):
    apache.configure(settings=settings, certificates=[intranet], sites=[private])
    apache.start()
    serial = apache.wait_for_certificate(private, cloud.trust())
    mark = apache.log_size()
    pathlib.Path(cloud.facts["credentials_file"]).write_text("[global]\nak = A\nsk =\n")
    # Each attempt says it, and so may the agent of the earlier configuration.
    apache.allow(r"the sk is missing")
    good, printed = apache.try_reload()  # looks at the configuration, but not at the host
    assert good, printed
    apache.wait_for_log(r"served but not renewed", since=mark)
    assert apache.wait_for_certificate(private, cloud.trust()) == serial


# -- whose certificate it is, and who can connect -----------------------------------------------------

def test_openssls_commands_of_the_main_server_count(check, apache):
    (apache.directory / "a.pem").write_text("something")  # which mod_ssl wants to see
    judge(check(main="SSLOpenSSLConfCmd Certificate a.pem"), r'"SSLOpenSSLConfCmd Certificate" exclude each other')


def test_what_has_no_effect_is_said_once(check):
    good, printed = check(
        main="SSLUseStapling on\nSSLStaplingCache shmcb:stapling(32768)\n"
             f"<VirtualHost 127.0.0.1:{free_port()}>\nServerName {PRIVATE}\nSSLEngine on\n"
             "CCMCertificate intranet\n</VirtualHost>")
    assert good
    assert re.findall(r'\[ccm:warn\].*"(\w+)" has no effect on .*httpd\.conf:\d+', printed) == ["SSLUseStapling"]


def test_what_is_off_is_not_mentioned(check):
    good, printed = check(
        main="SSLUseStapling on\nSSLStaplingCache shmcb:stapling(32768)",
        host="CCMCertificate intranet\nSSLUseStapling off\nSSLOpenSSLConfCmd Options PrioritizeChaCha")
    assert good and "ccm:warn" not in printed, printed


RSA = "SSLCipherSuite ECDHE-RSA-AES128-GCM-SHA256"


@pytest.mark.parametrize("tls, sentence", [
    (f"SSLProtocol TLSv1.2\n{RSA}", r"no client can connect here.*ECDSA key.*SSLCipherSuite.*CCMKey rsa:2048"),
    (f"SSLProtocol all -SSLv3\n{RSA}", r"no client without TLS 1\.3 can connect here"),
    (f"SSLProtocol +TLSv1.2 -TLSv1.3\nSSLCipherSuite SSL {RSA.split()[1]}", r"no client can connect here"),
])
def test_suites_without_a_client_for_the_key_are_a_warning(check, tls, sentence):
    good, printed = check(host=f"CCMCertificate intranet\n{tls}")
    assert good and re.search(rf"\[ccm:warn\].*{sentence}.* in .*httpd\.conf:\d+", printed), printed


def test_suites_for_the_key_are_no_matter(check):
    for tls in (f"SSLProtocol -all +TLSv1.3\n{RSA}", "SSLProtocol TLSv1.2",
                "SSLProtocol TLSv1.2\nSSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256"):
        good, printed = check(host=f"CCMCertificate intranet\n{tls}")
        assert good and "ccm:warn" not in printed, printed


# -- which virtual hosts speak TLS --------------------------------------------------------------------

def test_listen_for_https_is_tls_without_an_engine(apache, cloud, settings, intranet, private):
    private_host = (f"Listen 127.0.0.1:{private.port} https\n<VirtualHost *:{private.port}>\n"
                    f"ServerName {PRIVATE}\nCCMCertificate intranet\n</VirtualHost>\n")
    apache.configure(private_host, settings=settings, certificates=[intranet], ports=[private.port])
    assert apache.test() == (True, "Syntax OK\n")
    with apache:
        apache.wait_for_certificate(private, cloud.trust())


def test_listen_for_https_inherits_as_well(apache, cloud, settings, intranet, private):
    text = (f"CCMCertificate intranet\nListen 127.0.0.1:{private.port} https\n"
            f"<VirtualHost 127.0.0.1:{private.port}>\nServerName {PRIVATE}\n</VirtualHost>\n")
    apache.configure(text, settings=settings, certificates=[intranet], ports=[private.port])
    assert apache.test() == (True, "Syntax OK\n")
    with apache:
        apache.wait_for_certificate(private, cloud.trust())


@pytest.mark.parametrize("hosts, warnings", [
    ((("müller.example", "on"), ("www.example.com", "off")), 1),
    ((("www.example.com", "off"), ("müller.example", "on")), 1),
    ((("www.example.com", "on"), ("müller.example", "off")), 0),
    ((("müller.example", "off"), ("www.example.com", "on")), 0),
])
def test_one_file_included_twice_makes_two_virtual_hosts(check, apache, hosts, warnings):
    """They have one place, file and line; only one of them speaks TLS and is judged."""
    port = free_port()
    host = apache.directory / "host.conf"
    host.write_text(f"<VirtualHost 127.0.0.1:{port}>\nServerName ${{NAME}}\nSSLEngine ${{ENGINE}}\n"
                    "</VirtualHost>\n")
    includes = "".join(f"Define NAME {name}\nDefine ENGINE {engine}\nInclude {host}\n"
                       for name, engine in hosts)
    good, printed = check(main=f"CCMCertificate source=scm\n{includes}")
    assert good and len(re.findall(r"no client ever asks for", printed)) == warnings, printed


def test_macros_make_virtual_hosts(apache, settings, intranet):
    text = ("<Macro Site $name $engine>\n<VirtualHost *:443>\nServerName $name\nSSLEngine $engine\n"
            "CCMCertificate intranet\n</VirtualHost>\n</Macro>\n"
            f"Use Site a.{PRIVATE} on\nUse Site b.{PRIVATE} off\n")
    intranet.names = (f"*.{PRIVATE}",)
    apache.configure(text, settings=settings, certificates=[intranet], modules=("ssl", "macro", "ccm"))
    good, printed = apache.test()
    assert good and len(re.findall(r'because there is no "SSLEngine on"', printed)) == 1, printed


# -- names --------------------------------------------------------------------------------------------

def test_a_host_without_a_name_inherits_a_refusal(apache, cloud, settings, public):
    cloud.issue(public.names)
    public.certificates = ()
    other = free_port()
    nameless = (f"Listen 127.0.0.1:{other}\n<VirtualHost 127.0.0.1:{other}>\nSSLEngine on\n</VirtualHost>\n")
    apache.configure(nameless, settings=settings, sites=[public], inherited=("source=scm",), ports=[other])
    good, printed = apache.test()
    assert good
    assert re.search(r"\[ccm:notice\].*has no ServerName that a certificate can carry.* in .*httpd\.conf:\d+", printed)
    with apache:
        apache.wait_for_certificate(public, cloud.trust())
        public.port = other
        with pytest.raises(HandshakeFailure):
            apache.show(public)


def test_an_internationalised_name_stops_nobody(check):
    good, printed = check(name="ServerName müller.example\nServerAlias xn--mller-kva.example",
                          host="CCMCertificate source=scm")
    assert good and "ccm:warn" not in printed, printed
    good, printed = check(name="ServerName müller.example", host="CCMCertificate source=scm")
    assert good
    assert re.search(r"\[ccm:warn\].*no client ever asks for.*xn--mller-kva\.example.*httpd\.conf:\d+", printed)
