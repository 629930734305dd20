# SPDX-License-Identifier: Apache-2.0
"""Nothing waits beyond the end of what is served, and nothing that hangs holds up anything else."""

import os
import subprocess

from lab import place
from lab.load import Load
from lab.server import Certificate
from lab.waiting import wait_until


def ctl(settings, *words):
    """ccmctl on a configured host; what it said, and its exit code."""
    done = subprocess.run(
        [place.program("ccmctl"), "--state-dir", settings["state_path"], *map(str, words)],
        env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=180, check=False)
    return done.stdout.decode(), done.returncode


def test_a_ca_that_was_disabled_at_the_renewal_is_no_outage(
        server, settings, cloud, intranet, private):
    settings["check_interval"] = "12h"
    cloud.admin("POST", "/pca/lifetime", {"seconds": 60})
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.allow(r'"intranet": ')
    server.start()
    first = server.wait_for_certificate(private, cloud.trust())
    cloud.admin("POST", "/pca/lifetime", {"seconds": None})
    issuer = cloud.facts["issuer_id"]
    with Load([(private.name, private.port)], cloud.trust(), threads=1, pause=0.1) as load:
        cloud.admin("POST", f"/pca/authorities/{issuer}/state", {"state": "DISABLED"})
        server.wait_for_log(r'"intranet": the issuing CA .* is DISABLED', timeout=60)
        cloud.admin("POST", f"/pca/authorities/{issuer}/state", {"state": "ACTIVED"})
        server.wait_for_certificate(private, cloud.trust(), but_not=[first], timeout=30)
    assert not load.failures, load.failures[:3]


def test_a_successor_that_comes_in_the_last_minutes_is_shown_in_time(
        server, settings, cloud, public):
    settings["check_interval"] = "12h"
    cloud.issue(public.names, seconds=60)
    server.configure(settings=settings, sites=[public])
    server.start()
    first = server.wait_for_certificate(public, cloud.trust())
    # The next look is after a tenth of what is left, so it is after this one.
    successor = cloud.renew(cloud.admin("GET", "/scm/certificates")["certificates"][0]["id"])
    assert server.wait_for_certificate(public, cloud.trust(), but_not=[first]) == successor["serial"]


def test_a_held_version_is_let_go_before_its_end(server, settings, cloud, intranet, private):
    settings["check_interval"] = "12h"
    cloud.admin("POST", "/pca/lifetime", {"seconds": 80})
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    first = server.wait_for_certificate(private, cloud.trust())
    cloud.admin("POST", "/pca/lifetime", {"seconds": None})
    said, code = ctl(settings, "renew", "intranet")
    assert code == 0, said
    server.wait_for_certificate(private, cloud.trust(), but_not=[first])
    with Load([(private.name, private.port)], cloud.trust(), threads=1, pause=0.1) as load:
        said, code = ctl(settings, "rollback", "intranet")
        assert code == 0, said
        wait_until(lambda: server.show(private).serial == first, "the version that is held")
        # Until the last quarter of its 80 s.
        server.wait_for_certificate(private, cloud.trust(), but_not=[first], timeout=90)
    assert not load.failures, load.failures[:3]


def test_a_service_that_hangs_holds_up_no_other(server, settings, cloud, public):
    """With new credentials, and more certificates than threads."""
    source = f"pca issuer={cloud.facts['issuer_id']}"
    hung = [Certificate(f"hung{number}", source, (f"h{number}.intra.example",)) for number in range(8)]
    cloud.issue(public.names)
    cloud.fault({"hang": True}, service="pca")
    server.allow(r'"hung\d": ')
    server.configure(settings=settings, certificates=hung, sites=[public])
    server.start()
    first = server.wait_for_certificate(public, cloud.trust(), timeout=15)
    successor = cloud.renew(cloud.admin("GET", "/scm/certificates")["certificates"][0]["id"])
    serial = server.wait_for_certificate(public, cloud.trust(), but_not=[first], timeout=15)
    assert serial == successor["serial"]
    # An operator's renewal has a thread of its own and gets an answer.
    said, code = ctl(settings, "renew", "hung7")
    assert code != 0 and "too slow" in said and "stays asked for" in said, said
    cloud.clear_faults()
    server.wait_for_log(r'"hung7": installed version 1', timeout=60)


def test_renew_reports_its_own_attempt(server, settings, cloud, intranet, private):
    """A look of the schedule, every second, ends in between."""
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    for version in (2, 4, 6):
        said, code = ctl(settings, "renew", "intranet")
        assert f"version {version} is installed" in said and code == 0, said
        said, code = ctl(settings, "rollback", "intranet")
        assert f"version {version - 1} is current" in said and code == 0, said
        mark = server.log_size()
        cloud.revoke_issued()
        said, code = ctl(settings, "renew", "intranet")
        assert f"version {version + 1} is installed" in said and code == 0, server.log_text(mark)
        assert not list(settings["state_path"].glob("request-*"))
