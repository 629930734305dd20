"""Loading the configuration again and again: one agent remains, and no client is lost."""

import signal

from conftest import PRIVATE
from lab import processes
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
            both.send(signal.SIGHUP)
            seen = len(load.observations)
            wait_until(lambda seen=seen: len(load.observations) > seen, "a handshake", interval=0.005)
        both.reload()
        one_agent_remains(both)
    assert not load.failures, load.failures[:3]
    assert len(load.serials(PRIVATE)) == 1 and cloud.count("CreateCertificateByCsr") == asked
    serial = both.show(private).serial
    [certificate] = cloud.admin("GET", "/pca/certificates")["certificates"]
    cloud.admin("POST", f"/pca/certificates/{certificate['certificate_id']}/revoke")
    both.wait_for_certificate(private, cloud.trust(), but_not=[serial])


def test_a_reload_does_not_wait_for_a_call_that_hangs(both, cloud, private):
    cloud.admin("POST", "/pca/lifetime", {"seconds": 600, "backdate": 1800})
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    cloud.fault({"hang": True})
    with Load([(private.name, private.port)], cloud.trust(), threads=1, pause=0.02) as load:
        taken = 0
        for _ in range(3):
            wait_until(lambda taken=taken: hanging(cloud) > taken, "a call that hangs")
            agent, taken = both.wait_for_agent(), hanging(cloud)
            both.reload()
            wait_until(lambda agent=agent: not processes.is_alive(agent), "its end", timeout=1)
        one_agent_remains(both)
        cloud.clear_faults()
        # The call that hangs now is ended by the next reload.
        both.reload()
        both.wait_for_certificate(private, cloud.trust(), but_not=[serial, *load.serials(PRIVATE)])
    assert not load.failures, load.failures[:3]


def hanging(cloud):
    return sum(fault["taken"] for fault in cloud.admin("GET", "/faults")["faults"])


def test_a_reload_changes_sites_and_certificates(both, cloud, settings, intranet, public, private):
    both.start()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
    serial = both.show(private).serial
    intranet.names = (PRIVATE, "more.intra.example")
    private.names = (PRIVATE, "more.intra.example")
    both.configure(settings=settings, certificates=[intranet], sites=[private])
    both.reload()
    # The old one stays until one that covers the new name is there.
    new = both.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    assert both.show(private, name="more.intra.example").serial == new


def test_a_reload_that_fails_leaves_everything_as_it_was(both, cloud, private, settings, intranet):
    both.allow("unknown certificate")
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    workers, agent = both.workers(), both.wait_for_agent()
    private.certificates = ("nowhere",)
    both.configure(settings=settings, certificates=[intranet], sites=[private])
    mark = both.log_size()
    both.send(signal.SIGHUP)
    both.wait_for_log(r'\[emerg\].*unknown certificate "nowhere"', since=mark)
    assert (both.workers(), both.agents()) == (workers, [agent])
    assert both.show(private).serial == serial
