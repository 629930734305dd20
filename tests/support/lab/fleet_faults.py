# SPDX-License-Identifier: Apache-2.0
"""Faults of a fleet's machines and of the network between them, chosen by chance.

A fault is a method of Faults that breaks something and returns how it is mended: a function that says whether it
has done so, and is asked again until it has. Each has a victim, which has no second fault at the same time.
"""

import contextlib
import dataclasses
import random
import signal
import time
from collections.abc import Callable

from . import ctl, processes
from .agent import Agent
from .links import CUT, DEAF, OPEN, SILENT
from .waiting import wait_until

LEASE = 15  # seconds that a leader may be silent
JUNK = "/junk/"  # what fills etcd


@dataclasses.dataclass
class Active:
    until: float
    victim: object
    mend: Callable


def engine_of(host):
    """What of a host runs its agent, in the order in which it can be stopped unnoticed."""
    if isinstance(host.server, Agent):
        pids = host.server.pids()
    else:
        monitors = host.server.monitors()
        pids = [*monitors, *host.server.agents()]
        pids += [guard for guard in processes.named("ccm-guard") if processes.parent(guard) in monitors]
    guards = set(processes.named("ccm-guard"))
    return sorted(pids, key=lambda pid: pid not in guards)


class Faults:
    """`links`: of each host, by its name, its ways to the members of etcd."""

    def __init__(self, seed, fleet, hosts, links):
        self.random = random.Random(seed)
        self.fleet, self.etcd, self.cloud = fleet, fleet.etcd, fleet.cloud
        self.hosts, self.links = hosts, links
        self.active = []
        self.told = []  # what was done, for a person
        self.outlived = 0  # how often a leader was kept away for so long that its lease may have ended

    # -- chance ----------------------------------------------------------------------------------

    KINDS = ("kill_member", "pause_member", "part_member", "kill_agent", "kill_host", "freeze_host", "part_host",
             "compact", "fill", "withdraw_role", "change_password", "rotate_key", "set_clock_of_host", "lose_answer",
             "slow_down")
    LONGEST = 20.0  # seconds: beyond the lease

    def begin(self):
        """One more fault; none when its victim has one already."""
        kind = self.random.choice(self.KINDS)
        victim = "etcd"
        if kind.endswith("member"):
            victim = self.random.randrange(len(self.etcd.members))
        elif kind.endswith(("host", "agent", "key")):
            victim = self._choose_host()
        elif kind in ("lose_answer", "slow_down"):
            victim = "cloud"
        lasts = self.random.uniform(0.2, self.random.choice((4.0, 4.0, self.LONGEST)))
        if any(one.victim == victim for one in self.active):
            return
        self.tell(f"{kind} {victim} for {lasts:.1f} s")
        if kind in ("freeze_host", "part_host") and lasts > LEASE / 2 and victim.says_it_leads():
            self.outlived += 1
        mend = getattr(self, kind)(victim)
        if mend is not None:
            self.active.append(Active(time.monotonic() + lasts, victim, mend))

    def _choose_host(self):
        """Most often the one that leads, as far as the hosts know."""
        leaders = [host for host in self.hosts if host.says_it_leads()]
        return self.random.choice(leaders if leaders and self.random.random() < 0.6 else self.hosts)

    def tell(self, text):
        self.told.append(f"{time.strftime('%H:%M:%S')} {text}")

    def mend_due(self):
        """Mends what has lasted long enough. What cannot be mended yet has its turn again."""
        for one in [one for one in self.active if time.monotonic() >= one.until]:
            if one.mend():
                self.active.remove(one)
                self.tell(f"mended {one.victim}")

    def mend_all(self):
        for one in self.active:
            one.until = 0

        def mended():
            self.mend_due()
            return not self.active

        wait_until(mended, "the end of all faults", timeout=60)

    # -- the members of etcd ---------------------------------------------------------------------

    def kill_member(self, member):
        self.etcd.kill_member(member)
        return lambda: self.etcd.start_member(member) or True

    def pause_member(self, member):
        self.etcd.pause_member(member)
        return lambda: self.etcd.resume_member(member) or True

    def part_member(self, member):
        # Of two parted ones the second would end the first one's parting.
        if self.etcd.members[member] is None or any(isinstance(one.victim, int) for one in self.active):
            return None
        self.etcd.part(member)
        return lambda: self.etcd.join() or True

    # -- what etcd is told -----------------------------------------------------------------------

    def revision(self):
        said = self.etcd.control("get", "x", "-w", "fields")
        lines = dict(line.split(" : ", 1) for line in said.splitlines() if " : " in line) if said else {}
        return lines.get('"Revision"')

    def compact(self, _):
        if revision := self.revision():
            self.etcd.control("compact", revision)

    def fill(self, _):
        """As full as it may be; it takes nothing more then."""
        for number in range(64):
            said = self.etcd.control("put", f"{JUNK}{number}", text="x" * (1 << 20))
            if said is False:
                break
        return self.empty

    def empty(self):
        revision = self.etcd.control("del", "--prefix", JUNK) is not False and self.revision()
        if not revision or any(member is None for member in self.etcd.members):
            return False
        self.etcd.control("compact", revision)
        if self.etcd.control("defrag") is False or self.etcd.control("alarm", "disarm") is False:
            return False
        return not (self.etcd.control("alarm", "list") or "").strip()

    def withdraw_role(self, _):
        self.etcd.control("user", "revoke-role", "fleet", "fleet")

        def give_back():
            self.etcd.control("user", "grant-role", "fleet", "fleet")
            return "fleet" in (self.etcd.control("user", "get", "fleet") or "").split("Roles:")[-1]

        return give_back

    def change_password(self, _):
        def change(password):
            return self.etcd.control("user", "passwd", "fleet", "--interactive=false", text=password) is not False

        change("another")
        return lambda: change("s3cret")

    # -- the hosts -------------------------------------------------------------------------------

    def kill_agent(self, host):
        for pid in host.server.agents():
            processes.kill(pid)

    def kill_host(self, host):
        host.server.kill()
        return lambda: host.server.start() is not None

    def freeze_host(self, host):
        pids = engine_of(host)
        for pid in pids:
            processes.kill(pid, signal.SIGSTOP)

        def thaw():
            for pid in reversed(pids):
                processes.kill(pid, signal.SIGCONT)
            return True

        return thaw

    def part_host(self, host):
        """Its ways to one member, or to all."""
        links = self.links[host.name]
        chosen = self.random.sample(links, self.random.choice((1, len(links))))
        mode = self.random.choice((CUT, SILENT, DEAF))
        self.tell(f"  {mode}: {len(chosen)} of {len(links)}")
        for link in chosen:
            link.set(mode)

        def join():
            for link in chosen:
                link.set(OPEN)
            return True

        return join

    def set_clock_of_host(self, host):
        """Its clock is minutes off, and jumps back when it is mended."""
        by = self.random.choice((-1, 1)) * self.random.randrange(10, 300)
        self.tell(f"  by {by} s")
        host.clock.set(by)

        def put_right():
            host.clock.set(0)
            return True

        return put_right

    def rotate_key(self, host):
        # It may fail amid other faults, and another host may be first.
        ctl.run(self.fleet.scratch, "fleet", "rotate", *self.fleet.place(host.key), status=None)

    # -- the cloud -------------------------------------------------------------------------------

    def lose_answer(self, _):
        """It has issued, and nobody hears of it."""
        self.cloud.fault({"close": True, "executed": True}, service="pca", operation="CreateCertificateByCsr", times=1)
        return lambda: self.cloud.clear_faults() or True

    def slow_down(self, _):
        """So that more happens in the middle of a call."""
        self.cloud.fault({"delay_ms": self.random.randrange(500, 4000)}, service="pca")
        return lambda: self.cloud.clear_faults() or True


@contextlib.contextmanager
def mended_at_the_end(faults):
    """Nothing stays stopped, however the test ends: what is stopped cannot be ended."""
    try:
        yield faults
    finally:
        for one in faults.active:
            with contextlib.suppress(Exception):
                one.mend()
