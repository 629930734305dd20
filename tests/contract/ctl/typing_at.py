# SPDX-License-Identifier: Apache-2.0
"""Programs with somebody at a terminal."""

import os
import pty
import select
import signal
import time

from lab import place

PATIENCE = 60


class Conversation:
    """A program on a terminal of its own; `screen` is what it has shown so far."""

    def __init__(self, words, environment, directory=None):
        self.screen = ""
        self._end = time.monotonic() + PATIENCE
        self._child, self._terminal = pty.fork()
        if self._child == 0:
            try:
                os.chdir(directory or ".")
                os.execvpe(str(words[0]), [str(word) for word in words], environment)
            finally:
                os._exit(127)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close(kill=True)

    def say(self, text):
        os.write(self._terminal, text.encode())

    def listen(self):
        """Waits for more; False at the end."""
        readable, _, _ = select.select([self._terminal], [], [], max(0, self._end - time.monotonic()))
        assert readable, f"still waiting: {self.screen!r}"
        try:
            part = os.read(self._terminal, 4096)
        except OSError:  # the other side is closed
            return False
        self.screen += part.decode(errors="replace")
        return bool(part)

    def expect(self, text):
        while text not in self.screen:
            assert self.listen(), f"ended without {text!r}: {self.screen!r}"

    def close(self, kill=False):
        """The exit status."""
        if self._child is None:
            return None
        if kill:
            os.kill(self._child, signal.SIGKILL)
        os.close(self._terminal)
        _, status = os.waitpid(self._child, 0)
        self._child = None
        return os.waitstatus_to_exitcode(status)


class Typed:
    def __init__(self, status, screen):
        self.status = status
        self.screen = screen


def typed(words, answers=(), environment=None):
    """Runs ccmctl to its end, answers each prompt, and gives what the screen got."""
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TERM": "xterm", **(environment or {})}
    waiting = list(answers)
    with Conversation([place.program("ccmctl"), *words], clean) as ccmctl:
        while ccmctl.listen():
            if waiting and ccmctl.screen.endswith(": "):
                ccmctl.say(waiting.pop(0) + "\n")
        return Typed(ccmctl.close(), ccmctl.screen)
