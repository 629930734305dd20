# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition instead of sleeping for a guess."""

import time


def wait_until(condition, what, timeout=30.0, interval=0.05):
    """The first true value of condition(); fails with what was waited for and what was seen last."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what} (last seen: {value!r})")
        time.sleep(interval)
