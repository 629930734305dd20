# SPDX-License-Identifier: Apache-2.0
"""`ssl_certificate_compression`: certificates that are swapped are compressed as those from files are."""

import re
import ssl

import pytest
from conftest import PRIVATE
from lab import tls
from lab.net import free_port
from lab.nginx import Nginx, has_directive
from lab.server import Site
from lab.waiting import wait_until

ON = "ssl_certificate_compression on;"
# Python has the OpenSSL of the system, as nginx has.
CAN = ssl.OPENSSL_VERSION_INFO[:2] >= (3, 2)

pytestmark = pytest.mark.skipif(not has_directive("ssl_certificate_compression on"),
                                reason="this nginx has no ssl_certificate_compression (1.29.1 brought it)")


@pytest.fixture(name="nginx")
def fixture_nginx(make_server):
    return make_server(Nginx)


def look(site, *options):
    """(whether the certificate came compressed, all that the client says)."""
    text = tls.openssl_client(site.port, site.name, "-tls1_3", "-msg", *options)
    found = re.search(r"Handshake \[length \w+\], (Compressed)?Certificate$", text, re.MULTILINE)
    assert found, text
    return found[1] is not None, text


@pytest.mark.skipif(not CAN, reason="this OpenSSL compresses no certificates (3.2 brought it)")
def test_each_version_comes_compressed(nginx, cloud, settings, intranet, private):
    settings["stapling"] = "off"
    private.extra = ON
    plain = Site(free_port(), (PRIVATE,), ("intranet",))
    stream = Site(free_port(), (PRIVATE,), ("intranet",), stream=True, extra=ON)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private, plain, stream])
    good, printed = nginx.test()
    assert good and "warn" not in printed, printed
    with nginx:
        serial = nginx.wait_for_certificate(private, cloud.trust())
        for _ in range(2):
            for _ in range(4):  # of either worker
                assert [look(site)[0] for site in (private, plain, stream)] == [True, False, True]
            cloud.revoke_issued()
            serial = nginx.wait_for_certificate(private, cloud.trust(), but_not=[serial])


@pytest.mark.skipif(not CAN, reason="this OpenSSL compresses no certificates (3.2 brought it)")
def test_a_response_of_ocsp_comes_with_a_plain_certificate(nginx, cloud, settings, intranet, private):
    private.extra = ON
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    with nginx:
        nginx.wait_for_certificate(private, cloud.trust())
        wait_until(lambda: tls.staple(private.port, PRIVATE), "an OCSP response")
        compressed, text = look(private, "-status")
        assert not compressed and "OCSP Response Status: successful" in text
        assert look(private)[0]


@pytest.mark.skipif(CAN, reason="this OpenSSL compresses certificates")
def test_an_openssl_that_cannot_is_a_warning(nginx, settings, intranet, private):
    private.extra = ON
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    good, printed = nginx.test()
    assert good and re.search(r'\[warn\].*"ssl_certificate_compression" has no effect on the certificates of '
                              r'"ccm_certificate": the OpenSSL .* does not compress certificates', printed), printed
