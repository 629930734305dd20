# SPDX-License-Identifier: Apache-2.0
"""Servers with certificates of their own in one state directory: the agent that leads looks after all."""

import dataclasses

import pytest
from conftest import SERVERS
from lab.waiting import wait_until

PAIRS = [("nginx", "apache"), ("apache", "nginx")]


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_the_leader_looks_after_what_only_the_other_server_names(
        make_server, settings, cloud, intranet, public, private, pair):
    leader, other = [make_server(SERVERS[kind], kind) for kind in pair]
    cloud.issue(public.names)
    leader.configure(settings=settings, sites=[public])
    leader.start()
    leader.wait_for_certificate(public, cloud.trust())
    other.configure(settings=settings, certificates=[intranet], sites=[private])
    other.start()
    serial = other.wait_for_certificate(private, cloud.trust())
    # And renews it; the other one's agent has made no call.
    cloud.revoke_issued()
    other.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    assert '"intranet": installed' in leader.log_text() + other.log_text()
    assert cloud.count("CreateCertificateByCsr") == 2
    # What is renamed there is obtained as well, and the leader's own goes on.
    renamed = dataclasses.replace(intranet, name="renamed")
    other.configure(settings=settings, certificates=[renamed],
                    sites=[dataclasses.replace(private, certificates=("renamed",))])
    other.reload()
    # Whoever leads now stores what fits under the new name. It is served already, so no server has more to say.
    wait_until(lambda: '"renamed": it has version 1 from what was stored for "intranet"'
               in leader.log_text() + other.log_text(), "a version of the new name")
    assert other.show(private).serial != serial
    old = leader.show(public).serial
    cloud.renew(cloud.admin("GET", "/scm/certificates")["certificates"][0]["id"])
    leader.wait_for_certificate(public, cloud.trust(), but_not=[old])


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_it_goes_on_when_the_leader_stops(make_server, settings, cloud, intranet, public, private, pair):
    leader, other = [make_server(SERVERS[kind], kind) for kind in pair]
    cloud.issue(public.names)
    leader.configure(settings=settings, sites=[public])
    other.configure(settings=settings, certificates=[intranet], sites=[private])
    leader.start()
    other.start()
    serial = other.wait_for_certificate(private, cloud.trust())
    leader.stop()
    cloud.revoke_issued()
    other.wait_for_certificate(private, cloud.trust(), but_not=[serial])
