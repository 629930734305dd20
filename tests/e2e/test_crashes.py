# SPDX-License-Identifier: Apache-2.0
"""Any process may be killed at any moment: clients do not notice, and nothing is left over."""

import random

import pytest
from conftest import PRIVATE
from lab import processes
from lab.load import Load
from lab.waiting import wait_until

# An agent that starts anew looks at once, and a certificate of the same second ends no later.
SAME_SECOND = "was refused: later end"


@pytest.mark.usefixtures("always_due")
def test_killing_the_agent_at_random_moments_is_not_noticed(both, cloud, public, private):
    both.allow(SAME_SECOND)
    both.start()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
    workers = both.workers()
    chance = random.Random(20260511)
    with Load([(private.name, private.port)], cloud.trust(), threads=1, pause=0.01) as load:
        for _ in range(4):
            agent = both.wait_for_agent()
            # A moment between two renewals or within one: after so many more requests.
            seen = len(cloud.requests()) + chance.randint(1, 8)
            wait_until(lambda seen=seen: len(cloud.requests()) >= seen, "more requests", interval=0.01)
            processes.kill(agent)
            both.wait_for_agent(but_not=[agent])
        serial = both.show(private).serial
        wait_until(lambda: load.serials(PRIVATE)[-1] != serial, "a renewal after all that")
    assert not load.failures, load.failures[:3]
    assert both.workers() == workers


def test_killing_the_monitor_is_not_noticed_and_another_agent_ends_with_the_server(
        both, cloud, private):
    both.allow(r"unknown process \d+ exited on signal 9")
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    [monitor], agent = both.monitors(), both.wait_for_agent()
    processes.kill(monitor)
    wait_until(lambda: not processes.is_alive(monitor), "the end of the monitor")
    cloud.revoke_issued()
    both.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    successor = both.wait_for_agent(but_not=[agent])
    both.stop()
    wait_until(lambda: not processes.is_alive(successor), "the end of the agent", timeout=20)


def test_a_worker_that_was_killed_is_replaced_by_one_with_the_certificate(both, cloud, private):
    both.allow(both.killed_worker)
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    agent = both.wait_for_agent()
    for _ in range(3):
        before = both.workers()
        processes.kill(before[0])
        wait_until(lambda before=before: len(set(both.workers()) - {before[0]}) == len(before),
                   "a new worker")
    with Load([(private.name, private.port)], cloud.trust()) as load:
        wait_until(lambda: set(load.first_shown(PRIVATE, serial)) == set(both.workers()),
                   "the certificate in every worker")
    assert not load.failures and both.agents() == [agent]


@pytest.mark.usefixtures("always_due")
def test_nothing_outlives_a_master_that_was_killed_and_the_next_start_works(both, cloud, private):
    both.allow(SAME_SECOND)
    both.start()
    both.wait_for_certificate(private, cloud.trust())
    chance = random.Random(7)
    for _ in range(3):
        seen = len(cloud.requests()) + chance.randint(1, 6)
        wait_until(lambda seen=seen: len(cloud.requests()) >= seen, "more requests", interval=0.01)
        both.wait_for_agent()
        both.kill()
        both.start()
        # What is in the store serves from the first handshake on.
        both.wait_for_certificate(private, cloud.trust(), timeout=5)
    serial = both.show(private).serial
    both.wait_for_certificate(private, cloud.trust(), but_not=[serial])
