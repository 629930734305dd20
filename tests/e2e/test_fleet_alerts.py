# SPDX-License-Identifier: Apache-2.0
"""The alert rules of fleets, in a real Prometheus that scrapes the hosts of one."""

import pathlib

import pytest
from lab.apache import Apache
from lab.clock import HostClock
from lab.etcd import PROGRAM as ETCD
from lab.nginx import Nginx
from lab.prometheus import PROGRAM, Prometheus
from lab.waiting import wait_until

RULES = pathlib.Path(__file__).resolve().parents[2] / "packaging/examples/ccm-alerts.yml"

pytestmark = pytest.mark.skipif(PROGRAM is None or not ETCD.exists(), reason="prometheus or etcd is not installed")


@pytest.fixture(name="hosts")
def fixture_hosts(scratch, cloud, etcd, fleet):
    """Two in order. The first leads, the second has a clock of its own."""
    etcd.start()
    clock = HostClock(scratch / "clock")
    one, two = fleet.host(Nginx, "one"), fleet.host(Apache, "two", agent_path=clock.agent_path)
    two.clock = clock
    one.server.start()
    serial = one.serial(cloud)
    two.server.start()
    assert two.serial(cloud) == serial
    return one, two


@pytest.fixture(name="prometheus")
def fixture_prometheus(scratch, hosts):
    """Its first target is the host that leads."""
    with Prometheus(scratch, [host.status for host in hosts], RULES, at_once=True) as scraper:
        wait_until(lambda: scraper.values("ccm_fleet_hosts") == dict.fromkeys(scraper.targets, 2.0),
                   "what both hosts say", timeout=90, interval=0.5)
        yield scraper


def fires(prometheus, **wanted):
    """Waits until these alerts of a fleet fire, each for these instances, and no other."""

    def alerts():
        firing = prometheus.firing()
        return firing is not None and {name: where for name, where in firing.items()
                                       if name.startswith("CcmFleet")} == wanted

    wait_until(alerts, f"{wanted or 'no alert'} of the fleet", timeout=120, interval=0.5)


def test_without_etcd_nobody_leads_or_follows(prometheus, etcd):
    fires(prometheus)
    etcd.stop()
    fires(prometheus, CcmFleetWithoutLeader={""}, CcmFleetNotFollowed=set(prometheus.targets))
    etcd.start()
    fires(prometheus)


def test_a_host_that_never_came_is_silent(prometheus, fleet):
    fires(prometheus)
    fleet.let_in("three")
    fires(prometheus, CcmFleetHostSilent={prometheus.targets[0]})


def test_a_host_that_missed_a_renewal_is_behind(prometheus, hosts, cloud):
    fires(prometheus)
    one, two = hosts
    serial = one.serial(cloud)
    two.server.kill()
    cloud.revoke_issued()
    one.serial(cloud, but_not=[serial])
    fires(prometheus, CcmFleetHostBehind={prometheus.targets[0]})


def test_a_wrong_clock_is_told_of_by_both(prometheus, hosts):
    fires(prometheus)
    two = hosts[1]
    two.server.allow("the system's clock was set|this host's clock is")
    two.clock.set(-120)
    leading, wrong = prometheus.targets
    fires(prometheus, CcmFleetClockOff={leading}, CcmFleetNotFollowed={wrong})
    two.clock.set(0)
    fires(prometheus)
