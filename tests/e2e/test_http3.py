# SPDX-License-Identifier: Apache-2.0
"""HTTP/3: what holds for a client of TLS over TCP holds for one of QUIC."""

import pytest
from conftest import PRIVATE, PUBLIC
from lab import quic
from lab.net import free_port
from lab.nginx import Nginx, has_quic
from lab.server import ALWAYS_DUE, Certificate, Site
from lab.status import with_status
from lab.tls import HandshakeFailure
from lab.waiting import wait_until

pytestmark = [
    pytest.mark.skipif(not has_quic(), reason="this nginx has no HTTP/3 (Debian has it from 13 on)"),
    pytest.mark.skipif(not quic.IS_HERE, reason="needs python3-aioquic (Debian has it from 13 on)"),
]


@pytest.fixture(name="nginx")
def fixture_nginx(make_server):
    # One worker, because with several the packets of one connection need `reuseport`.
    return make_server(Nginx, workers=1)


@pytest.fixture(name="pair")
def fixture_pair(public, private):
    """Both sites on one port, over TCP and QUIC; the private one is the default."""
    public.port = private.port
    private.default = True
    public.quic = private.quic = True
    return public, private


def start(nginx, cloud, settings, certificates, sites, **more):
    """Starts with one site of each certificate, and waits for them where there is TCP."""
    nginx.configure(settings=settings, certificates=certificates, sites=sites, **more)
    good, printed = nginx.test()
    assert good and "warn" not in printed, printed
    nginx.start()
    return [nginx.wait_for_certificate(site, cloud.trust()) for site in sites if site.tcp]


def shown(site, **options):
    return quic.serial(site.port, site.name, **options)


def test_the_certificate_is_chosen_by_name(nginx, cloud, settings, intranet, pair):
    public, private = pair
    cloud.issue(public.names)
    serials = start(nginx, cloud, settings, [intranet], [public, private])
    assert serials[0] != serials[1]
    assert [shown(site) for site in pair] == serials
    assert quic.serial(private.port, "stranger.example.org") == serials[1]


def test_a_swap_leaves_a_held_connection_alone(nginx, cloud, settings, intranet, private):
    private.quic = True
    [old] = start(nginx, cloud, settings, [intranet], [private])
    [worker] = nginx.workers()
    with quic.Connection(private.port, PRIVATE) as held:
        assert held.serial == old and held.get("/worker") == str(worker)
        cloud.revoke_issued()
        new = nginx.wait_for_certificate(private, cloud.trust(), but_not=[old])
        assert shown(private) == new
        assert held.get("/worker") == str(worker)
    assert nginx.workers() == [worker]


def test_a_session_is_resumed_across_a_swap(nginx, cloud, settings, intranet, private):
    private.quic = True
    [old] = start(nginx, cloud, settings, [intranet], [private])
    with quic.Connection(private.port, PRIVATE) as first:
        first.get("/worker")
        ticket = wait_until(lambda: first.tickets and first.tickets[0], "a session ticket")
        assert not first.resumed
    cloud.revoke_issued()
    new = nginx.wait_for_certificate(private, cloud.trust(), but_not=[old])
    with quic.Connection(private.port, PRIVATE, ticket=ticket) as second:
        assert second.resumed and second.serial is None
        assert second.get("/worker") == str(nginx.workers()[0])
    assert shown(private) == new


def test_each_client_gets_the_kind_of_key_that_it_can_use(nginx, cloud, settings):
    source = f"pca issuer={cloud.facts['issuer_id']}"
    kinds = {"ecdsa": "ecdsa:256", "rsa": "rsa:2048"}
    certificates = [Certificate(kind, source, (PRIVATE,), {"key": key}) for kind, key in kinds.items()]
    site = Site(free_port(), (PRIVATE,), tuple(kinds), quic=True)
    start(nginx, cloud, settings, certificates, [site])
    issued = wait_until(lambda: len(cloud.issued()) == 2 and cloud.issued(), "both certificates")

    def both():
        serials = {kind: shown(site, key=kind) for kind in kinds}
        return serials if set(serials.values()) == serials_of(issued) else None

    assert len(wait_until(both, "a certificate for each kind of client")) == 2


def serials_of(issued):
    """As a client sees them: PCA's are decimal."""
    numbers = [int(certificate["serial_number"]) for certificate in issued]
    return {number.to_bytes(-(-number.bit_length() // 8), "big").hex().upper() for number in numbers}


def test_a_server_without_tcp(nginx, cloud, settings, intranet, private):
    intranet.settings.update(ALWAYS_DUE)
    private.tcp, private.quic = False, True
    start(nginx, cloud, settings, [intranet], [private])
    seen = []

    def three():
        serial = shown(private)
        if serial in serials_of(cloud.issued()) and serial not in seen:
            seen.append(serial)
        return len(seen) == 3

    wait_until(three, "three certificates, one after the other", timeout=60)


def test_a_server_without_tcp_inherits_the_certificate(nginx, cloud, settings, intranet, private):
    private.tcp, private.quic, private.certificates = False, True, ()
    start(nginx, cloud, settings, [intranet], [private], inherited=["intranet"])
    wait_until(lambda: shown(private) in serials_of(cloud.issued()), "the certificate")


def test_without_a_certificate_the_handshake_is_refused(nginx, cloud, settings, intranet, private):
    cloud.fault({"status": 503}, service="pca")
    nginx.allow(r"503")
    settings["fallback"] = "off"
    private.tcp, private.quic = False, True
    start(nginx, cloud, settings, [intranet], [private])
    with pytest.raises(HandshakeFailure):
        shown(private)
    cloud.clear_faults()
    wait_until(lambda: is_served(private), "the certificate", timeout=60)


def is_served(site):
    try:
        return shown(site) is not None
    except HandshakeFailure:
        return False


def test_a_reload(nginx, cloud, settings, intranet, private):
    private.quic = True
    [old] = start(nginx, cloud, settings, [intranet], [private])
    nginx.reload()
    # The old worker may still hold the socket for a moment.
    wait_until(lambda: is_served(private), "an answer after the reload")
    assert shown(private) == old
    cloud.revoke_issued()
    new = nginx.wait_for_certificate(private, cloud.trust(), but_not=[old])
    wait_until(lambda: shown(private) == new, "the new certificate over QUIC")


def shown_to_somebody_picky(site, accepts):
    try:
        return shown(site, accepts=accepts)
    except HandshakeFailure:
        return None


def test_a_canary_gets_its_share_and_what_clients_refuse_is_taken_back(nginx, cloud, settings, public):
    cloud.issue(public.names, days=100)
    public.quic = True
    nginx.allow("was tried out and is taken back")
    status = with_status(nginx, settings={**settings, "canary": "1h 50%"}, sites=[public])
    nginx.start()
    old = nginx.wait_for_certificate(public, cloud.trust())

    def told():
        return status.json()["certificates"][0]

    wait_until(lambda: told()["state"] == "valid", "a status of it")
    cloud.renew(max(each["id"] for each in cloud.admin("GET", "/scm/certificates")["certificates"]), days=300)
    wait_until(lambda: told()["canary"], "a canary")
    wait_until(lambda: shown(public) != old, "the new certificate in a handshake")
    # Half of them, give or take more than four standard deviations.
    assert 13 <= sum(shown(public) != old for _ in range(60)) <= 47
    counts = wait_until(lambda: (canary := told()["canary"])
                        and canary["current"]["shown"] + canary["candidate"]["shown"] >= 60 and canary, "its counts")
    assert counts["current"]["failed"] == counts["candidate"]["failed"] == 0
    wait_until(lambda: shown_to_somebody_picky(public, old) and told()["refused_canary"] == 2, "the end of the canary",
               timeout=60)
    assert told()["state"] == "held" and told()["stored"]["version"] == 1
    wait_until(lambda: all(shown(public) == old for _ in range(20)), "the first one for everybody")
