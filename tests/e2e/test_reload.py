# SPDX-License-Identifier: Apache-2.0
"""Loading the configuration again and again: one agent remains, and no client is lost."""

import contextlib

import pytest
from conftest import PRIVATE
from lab import processes, tls
from lab.load import Load
from lab.waiting import wait_until

SIGNALS = 30


def one_agent_remains(server):
    """Waits until one monitor with its one agent is left of all that were started."""

    def alone():
        agents = server.agents()
        return len(agents) == 1 and server.monitors() == [processes.parent(agents[0])]

    wait_until(alone, "one agent")


def test_a_storm_of_reloads(both, cloud, public, private):
    both.start()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
    asked = cloud.count("CreateCertificateByCsr")
    with Load([(private.name, private.port)], cloud.trust(), threads=1, pause=0.02) as load:
        for _ in range(SIGNALS):
            both.reload_now()
            seen = len(load.observations)
            wait_until(lambda seen=seen: len(load.observations) > seen, "a handshake", interval=0.005)
        both.reload()
        one_agent_remains(both)
    assert not load.failures, load.failures[:3]
    assert len(load.serials(PRIVATE)) == 1 and cloud.count("CreateCertificateByCsr") == asked
    serial = both.show(private).serial
    cloud.revoke_issued()
    both.wait_for_certificate(private, cloud.trust(), but_not=[serial])


@pytest.mark.usefixtures("always_due")
def test_a_reload_does_not_wait_for_a_call_that_hangs(both, cloud, private):
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    cloud.fault({"hang": True})
    with Load([(private.name, private.port)], cloud.trust(), threads=1, pause=0.02) as load:
        taken = 0
        for _ in range(3):
            wait_until(lambda taken=taken: cloud.faulty() > taken, "a call that hangs")
            agent, taken = both.wait_for_agent(), cloud.faulty()
            both.reload()
            wait_until(lambda agent=agent: not processes.is_alive(agent), "its end", timeout=20)
        one_agent_remains(both)
        cloud.clear_faults()
        # The call that hangs now is ended by the next reload.
        both.reload()
        both.wait_for_certificate(private, cloud.trust(), but_not=[serial, *load.serials(PRIVATE)])
    assert not load.failures, load.failures[:3]


def test_a_reload_changes_sites_and_certificates(both, cloud, settings, intranet, public, private):
    both.start()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
    serial = both.show(private).serial
    intranet.names = (PRIVATE, "more.intra.example")
    private.names = (PRIVATE, "more.intra.example")
    both.configure(settings=settings, certificates=[intranet], sites=[private])
    both.allow(r"does not cover \"more\.intra\.example\"")
    both.reload()
    # The old one stays until one that covers the new name is there.
    new = both.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    assert both.show(private, name="more.intra.example").serial == new


def test_a_reload_that_fails_leaves_everything_as_it_was(both, cloud, private, settings, intranet):
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    workers, agent = both.workers(), both.wait_for_agent()
    private.certificates = ("nowhere",)
    both.configure(settings=settings, certificates=[intranet], sites=[private])
    good, said = both.try_reload()
    assert not good and 'unknown certificate "nowhere"' in said
    assert (both.workers(), both.agents()) == (workers, [agent])
    assert both.show(private).serial == serial


def test_workers_of_every_generation_show_the_newest_certificate(both, cloud, private):
    """A worker that serves an old connection stays through reloads; what it shows is not old."""
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    with contextlib.ExitStack() as stack:
        held, holders = [], set()
        for _ in range(3):
            handshake = stack.enter_context(tls.HeldHandshake(private.port, private.name))
            [holder] = wait_until(
                lambda handshake=handshake: processes.serving(private.port, handshake.client_port),
                "the worker that took the connection")
            held.append(handshake)
            holders.add(holder)
            both.reload()
        assert len(holders) == 3 and all(map(processes.is_alive, holders))
        cloud.revoke_issued()
        newest = both.wait_for_certificate(private, cloud.trust(), but_not=[serial])
        assert [handshake.finish() for handshake in held] == [newest] * 3
        assert not holders & set(both.workers())


def test_a_reload_to_nothing_ends_the_agent_and_the_way_back_starts_one(
        both, cloud, settings, intranet, private, static):
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    agent = both.wait_for_agent()
    both.configure(sites=[static])
    both.reload_now()
    wait_until(lambda: not processes.is_alive(agent) and not both.monitors(), "the end of the agent")
    both.configure(settings=settings, certificates=[intranet], sites=[private, static])
    both.reload_now()
    both.wait_for_agent()
    assert both.wait_for_certificate(private, cloud.trust()) == serial
