# SPDX-License-Identifier: Apache-2.0
"""Clients that do the same thing again and again, and write down what came of it each time."""

import dataclasses
import threading
import time

from . import tls


@dataclasses.dataclass(frozen=True)
class Observation:
    """One handshake: when it began and ended (seconds of the monotonic clock), and what it showed."""

    began: float
    ended: float
    name: str
    serial: str
    worker: int


class Clients:
    """A thread for each of `steps`, which calls it until the end of the block with the time when it begins."""

    def __init__(self, steps, pause=0.0):
        self.failures = []
        self._pause = pause
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(step,), daemon=True) for step in steps]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=20)

    def _run(self, step):
        while not self._stop.wait(self._pause):
            step(time.monotonic())


class Load(Clients):
    """Makes full handshakes. `targets` are (name, port); `path` answers with the worker's process id in its body."""

    def __init__(self, targets, trust, *, path="/worker", threads=2, pause=0.0):
        self.observations = []

        def client(name, port):
            context = tls.context(trust)
            return lambda began: self._shake(began, name, port, context, path)

        super().__init__([client(name, port) for name, port in targets for _ in range(threads)], pause)

    def _shake(self, began, name, port, context, path):
        try:
            shown = tls.handshake(port, name, context, request=path)
        except tls.HandshakeFailure as failure:
            self.failures.append((began, name, str(failure)))
            return
        self.observations.append(
            Observation(began, time.monotonic(), name, shown.serial, int(shown.body or 0)))

    def serials(self, name):
        """The serials shown for a name, in the order of their first appearance."""
        return list(dict.fromkeys(o.serial for o in list(self.observations) if o.name == name))

    def first_shown(self, name, serial):
        """Per worker: when the first handshake that showed the serial ended."""
        first = {}
        for o in list(self.observations):
            if o.name == name and o.serial == serial:
                first[o.worker] = min(first.get(o.worker, o.ended), o.ended)
        return first

    def steps_back(self, name, order):
        """Handshakes that showed an older certificate than their worker had shown; the oldest is first."""
        rank = {serial: place for place, serial in enumerate(order)}
        observed = [o for o in list(self.observations) if o.name == name]
        back = []
        for serial in order:
            first = self.first_shown(name, serial)
            back += [o for o in observed
                     if rank[o.serial] < rank[serial] and o.began > first.get(o.worker, o.began)]
        return back
