# SPDX-License-Identifier: Apache-2.0
"""What ccmctl asks of the host that leads a fleet, and what becomes of it when that is killed in the middle."""

import concurrent.futures

import pytest
from lab import ctl, processes
from lab.apache import Apache
from lab.etcd import PROGRAM, Etcd
from lab.fleet import Fleet
from lab.nginx import Nginx
from lab.waiting import wait_until

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="there is no /usr/bin/etcd")


@pytest.mark.parametrize("dies", ["agent", "host"])
def test_a_request_that_is_cut_short_is_answered_by_whoever_leads_next(scratch, cloud, intranet, make_server, dies):
    scratch.chmod(0o755)
    begun, end = scratch / "out" / "begun", scratch / "out" / "end"
    begun.parent.mkdir()
    begun.parent.chmod(0o1777)
    hook = scratch / "hook"
    hook.write_text(f"#!/bin/sh\necho >> {begun}\nuntil test -e {end}; do sleep 0.1; done\n")
    hook.chmod(0o755)
    with Etcd(scratch / "etcd", members=1) as etcd:
        fleet = Fleet(scratch, cloud, etcd, intranet, make_server)
        one, two = [fleet.host(kind, name, on=[f'failing run "{hook}"'])
                    for kind, name in ((Nginx, "one"), (Apache, "two"))]
        one.server.start()
        serial = one.serial(cloud)
        two.server.start()
        assert two.serial(cloud) == serial
        assert fleet.leader() == "one"
        for host in (one, two):
            host.server.allow("asked for by ccmctl: the agent that had begun it ended|monitor|agent")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ctl.run, two.state, "events", "test", "failing", "--timeout", "60", status=None)
            wait_until(begun.exists, "the hook that has begun")
            if dies == "host":
                one.server.kill()
            else:
                for pid in one.server.agents():
                    processes.kill(pid)
            said = asked.result()
        end.touch()
        assert "ended before it was finished, so it may be done or not" in said
        assert begun.read_text().count("\n") == 1, "it is not begun again"
        # The next one is served as ever.
        assert "ended with status 0" in ctl.run(two.state, "events", "test", "failing")
        for host in (one, two):
            host.server.stop()
