# SPDX-License-Identifier: Apache-2.0
"""Windows of `activate` that are open or closed now."""

import datetime


def window(begin, end):
    """A window from some hours from now to some later ones, as `activate` takes it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    hours = [(now + datetime.timedelta(hours=each)).strftime("%H:00") for each in (begin, end)]
    return f'"{hours[0]}-{hours[1]} UTC"'
