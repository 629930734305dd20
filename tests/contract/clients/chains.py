# SPDX-License-Identifier: Apache-2.0
"""Chains of every kind that servers have shown, good and bad, each with the name that clients ask it for."""

# Each adds its cases.
import issuers  # noqa: F401  # pylint: disable=unused-import
import leaves  # noqa: F401  # pylint: disable=unused-import
import paths  # noqa: F401  # pylint: disable=unused-import
from kinds import CASES, WORLD  # noqa: F401
