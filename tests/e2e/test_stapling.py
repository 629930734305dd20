# SPDX-License-Identifier: Apache-2.0
"""OCSP responses: fetched by the agent, stapled by the workers, dropped when they expire or are not good."""

import os
import subprocess
import time

import pytest
from conftest import PRIVATE, PUBLIC
from lab import place, tls
from lab.net import free_port
from lab.server import Certificate, Site
from lab.waiting import wait_until

# So short that it is asked for again every few seconds.
SHORT = {"ocsp_lifetime_s": 8}


def stapled(site):
    return tls.staple(site.port, site.name)


def wait_for_staple(site, but_not=None):
    """(status, end) of what is stapled once something is and it does not end at `but_not`."""
    def fresh():
        said = stapled(site)
        return said if said and said[1] != but_not else None

    return wait_until(fresh, f"a fresh OCSP response of {site.name}")


def wait_for_none(site):
    wait_until(lambda: stapled(site) is None, f"no OCSP response of {site.name}")


def test_responses_are_stapled_without_a_reload(both, cloud, public, private):
    both.start()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
    workers = both.workers()
    for site in (public, private):
        assert wait_for_staple(site)[0] == "good"
    assert both.workers() == workers
    old = both.show(private).serial
    cloud.revoke_issued()
    both.wait_for_certificate(private, cloud.trust(), but_not=[old])
    # The successor has one of its own; openssl tells when it is about another certificate.
    assert wait_for_staple(private)[0] == "good"


def test_a_response_is_renewed_in_time_and_vanishes_at_its_end(both, cloud, private):
    cloud.admin("POST", "/options", SHORT)
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    _, end = wait_for_staple(private)
    assert wait_for_staple(private, but_not=end)[0] == "good"
    cloud.fault({"status": 503}, service="pki", operation="Ocsp")
    both.wait_for_log(r'"intranet": ask http://.*answered 503')
    wait_for_none(private)
    assert both.show(private, tls.context(cloud.trust())).serial == serial
    cloud.clear_faults()
    assert wait_for_staple(private)[0] == "good"


def test_workers_staple_nothing_that_is_over_when_nobody_publishes_the_next(both, cloud, private):
    cloud.admin("POST", "/options", SHORT)
    both.start()
    both.wait_for_certificate(private, cloud.trust())
    wait_for_staple(private)
    # The next question hangs, so there is no news for the workers.
    cloud.fault({"hang": True}, service="pki", operation="Ocsp")
    wait_for_none(private)
    cloud.clear_faults()


@pytest.mark.parametrize("site_name", [PUBLIC, PRIVATE])
def test_a_revoked_certificate_is_said_once_and_not_stapled_as_good(
        server, cloud, settings, intranet, public, private, site_name):
    # The schedule would look in hours; what the responder says speaks for a look at once.
    settings["check_interval"] = "6h"
    cloud.admin("POST", "/options", SHORT)
    record = cloud.issue(public.names)
    server.configure(settings=settings, certificates=[intranet], sites=[public, private])
    server.start()
    site = {PUBLIC: public, PRIVATE: private}[site_name]
    serial = server.wait_for_certificate(site, cloud.trust())
    wait_for_staple(site)
    if site is private:
        cloud.revoke_issued()
        server.wait_for_certificate(site, cloud.trust(), but_not=[serial])
        assert wait_for_staple(site)[0] == "good"
    else:
        server.allow(r"the cloud has nothing better|no issued certificate|REVOKED")
        cloud.admin("POST", f"/scm/certificates/{record['id']}/revoke", {"reason": "KEY_COMPROMISE"})
        wait_for_none(site)
        seen = cloud.count("Ocsp")
        wait_until(lambda: cloud.count("Ocsp") > seen + 1, "more questions")
        assert server.show(site).serial == serial and stapled(site) is None
    said = [line for line in server.log_text().splitlines() if "says that version 1 was revoked" in line]
    assert len(said) == 1 and "error]" in said[0]


def test_a_restart_and_the_other_server_staple_what_is_in_the_store(
        server, make_server, cloud, settings, intranet, private):
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    said = wait_for_staple(private)
    questions = cloud.count("Ocsp")
    server.stop()
    other = make_server(type(server), "other")
    twin = Site(free_port(), (PRIVATE,), ("intranet",))
    other.configure(settings=settings, certificates=[intranet], sites=[twin])
    for each, site in ((server, private), (other, twin)):
        each.start()
        # From the very first handshake on.
        assert stapled(site) == said
        each.wait_for_agent()
    assert cloud.count("Ocsp") == questions


def test_placeholders_have_none(both, cloud, private):
    cloud.fault({"status": 503}, service="pca")
    both.allow(r"answered 503")
    both.start()
    both.wait_for_log(r"intranet.*trying again")
    assert stapled(private) is None
    cloud.clear_faults()
    assert wait_for_staple(private)[0] == "good"


def test_it_can_be_switched_off(server, cloud, settings, scratch):
    source = f"pca issuer={cloud.facts['issuer_id']}"
    blocks = [Certificate("asked", source, ("asked.intra.example",)),
              Certificate("silent", source, ("silent.intra.example",), {"stapling": "off"})]
    sites = [Site(free_port(), block.names, (block.name,)) for block in blocks]
    server.configure(settings=settings, certificates=blocks, sites=sites)
    server.start()
    asked, silent = sites
    server.wait_for_certificate(silent, cloud.trust())
    server.wait_for_certificate(asked, cloud.trust())
    wait_for_staple(asked)
    assert stapled(silent) is None
    kept = [(scratch / "state" / "certificates" / block.name / "current" / "ocsp.der").exists()
            for block in blocks]
    assert kept == [True, False]


def status_of(settings):
    done = subprocess.run(
        [place.program("ccmctl"), "--state-dir", settings["state_path"], "status"],
        env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=60, check=False)
    return done.stdout.decode()


def silence_the_responder(server, cloud):
    server.allow(r"demands stapling|demands it|answered 503")
    cloud.fault({"status": 503}, service="pki", operation="Ocsp")


def test_what_demands_stapling_goes_live_with_its_first_response(server, cloud, settings, public):
    old = cloud.issue(public.names, days=30)
    server.configure(settings=settings, sites=[public])
    server.start()
    assert server.wait_for_certificate(public, cloud.trust()) == old["serial"]
    silence_the_responder(server, cloud)
    new = cloud.issue(public.names, days=300, must_staple=True)
    server.wait_for_log(rf"the certificate from scm:{new['id']} demands stapling, and http://\S+ has no "
                        r"response for it yet: .*answered 503")
    assert server.show(public).serial == old["serial"]
    said = status_of(settings)
    assert "demands stapling" in said and "has no response for it yet" in said, said
    cloud.clear_faults()
    server.wait_for_certificate(public, cloud.trust(), but_not=[old["serial"]])
    assert stapled(public)[0] == "good", "clients refuse it until there is one"
    assert server.show(public).serial == new["serial"]


def test_what_demands_stapling_waits_until_the_old_one_is_about_to_end(server, cloud, settings, public):
    old = cloud.issue(public.names, not_before=-5, seconds=60)
    begin = time.monotonic()
    server.allow("has no newer certificate yet")
    server.configure(settings=settings, sites=[public])
    server.start()
    assert server.wait_for_certificate(public, cloud.trust()) == old["serial"]
    silence_the_responder(server, cloud)
    new = cloud.issue(public.names, days=300, must_staple=True)
    server.wait_for_log("demands stapling, and .* has no response for it yet")
    server.wait_for_certificate(public, cloud.trust(), but_not=[old["serial"]], timeout=90)
    # The last quarter of its 65 seconds.
    assert time.monotonic() - begin > 60 - 65 / 4 - 1
    assert server.show(public).serial == new["serial"] and stapled(public) is None
    server.wait_for_log("it is installed without one, as nothing better is there")
    cloud.clear_faults()
    assert wait_for_staple(public)[0] == "good"
