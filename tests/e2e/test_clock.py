# SPDX-License-Identifier: Apache-2.0
"""The agent's wall clock is wrong for a while: what is served stays, and nothing waits for the wrong time afterwards."""

import datetime
import subprocess

import pytest
from lab import place
from lab.clock import HostClock
from lab.load import Load
from lab.status import with_status
from lab.waiting import wait_until

DAY = 86400
WRONG = {"20-years-behind": -20 * 365 * DAY, "2-hours-behind": -7200, "2-hours-ahead": 7200,
         "20-years-ahead": 20 * 365 * DAY}
WAS_SET = "the system's clock was set"
# What an agent with such a clock says of the cloud, and of what is stored.
COMPLAINTS = r'"intranet": |ccm-agent: .*(credentials|clock|cloud|profile)'


@pytest.fixture(name="clock")
def fixture_clock(scratch):
    return HostClock(scratch / "clock")


@pytest.fixture(params=WRONG.values(), ids=WRONG.keys(), name="by")
def fixture_by(request):
    return request.param


@pytest.fixture(name="watched")
def fixture_watched(server, settings, clock, intranet, private):
    """The server's status; its agent has the clock, and looks at its certificate twice a day."""
    settings.update(check_interval="12h", agent_path=clock.agent_path)
    intranet.settings["validity"] = "90d"
    server.allow(COMPLAINTS)
    return with_status(server, settings=settings, certificates=[intranet], sites=[private])


def renew(settings):
    """An operator asks, whatever the answer is."""
    subprocess.run([place.program("ccmctl"), "--state-dir", settings["state_path"], "renew", "intranet"],
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)


def seconds_until(time):
    return (datetime.datetime.fromisoformat(time) - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


def is_right(status):
    """Valid, without an error, and with a renewal in the last third of 90 days."""
    found = status.certificate("intranet")
    return (found["state"] == "valid" and not found["error"] and found["served"]["is_what_is_stored"]
            and 30 * DAY < seconds_until(found["renew_at"]) < 89 * DAY
            and 0 < seconds_until(found["next_at"]) <= DAY)


def test_it_is_wrong_while_the_servers_run(server, settings, cloud, clock, watched, private, by):
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    wait_until(lambda: is_right(watched), "a certificate in order")
    with Load([(private.name, private.port)], cloud.trust(), threads=1, pause=0.05) as load:
        mark = server.log_size()
        clock.set(by)
        server.wait_for_log(WAS_SET, since=mark)
        renew(settings)
        mark = server.log_size()
        clock.set(0)
        server.wait_for_log(WAS_SET, since=mark)
        wait_until(lambda: is_right(watched), "a certificate in order again", timeout=60)
    assert not load.failures, load.failures[:3]
    # The first one, the operator's, and at most one for each time that the clock was set.
    assert 1 <= len(cloud.issued()) <= 4, cloud.issued()


def test_it_was_wrong_when_the_host_was_started(server, cloud, clock, watched, private, by):
    clock.set(by)
    server.start()
    server.wait_for_agent()
    wait_until(lambda: watched.certificate("intranet")["failed_attempts"] or watched.certificate("intranet")["stored"],
               "the end of the first attempt", timeout=60)
    clock.set(0)
    server.wait_for_certificate(private, cloud.trust(), timeout=60)
    wait_until(lambda: is_right(watched), "a certificate in order", timeout=60)


def test_what_was_written_down_with_a_wrong_clock_holds_nothing_up(server, cloud, clock, watched, private, by):
    """Failures, back-off and locked credentials survive a restart; a reboot often brings the right time."""
    clock.set(by)
    cloud.fault({"status": 503}, service="pca")
    server.start()
    wait_until(lambda: watched.certificate("intranet")["failed_attempts"], "a failure", timeout=60)
    server.stop()
    cloud.clear_faults()
    clock.set(0)
    server.start()
    server.wait_for_certificate(private, cloud.trust(), timeout=60)
    wait_until(lambda: is_right(watched), "a certificate in order", timeout=60)
