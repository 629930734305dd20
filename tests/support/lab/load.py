# SPDX-License-Identifier: Apache-2.0
"""Clients that keep making full handshakes and write down what each one showed."""

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


class Load:
    """`targets` are (name, port); `path` answers with the worker's process id in its body."""

    def __init__(self, targets, trust, *, path="/worker", threads=2, pause=0.0):
        self.observations = []
        self.failures = []
        self._path = path
        self._pause = pause
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(name, port, trust), daemon=True)
            for name, port in targets for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=20)

    def _run(self, name, port, trust):
        context = tls.context(trust)
        while not self._stop.wait(self._pause):
            began = time.monotonic()
            try:
                shown = tls.handshake(port, name, context, request=self._path)
            except tls.HandshakeFailure as failure:
                self.failures.append((began, name, str(failure)))
                continue
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
