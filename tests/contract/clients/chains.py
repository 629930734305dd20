# SPDX-License-Identifier: Apache-2.0
"""Chains of every kind that servers have shown, good and bad, each with the name that clients ask it for."""

# Each adds its cases.
import contents  # noqa: F401  # pylint: disable=unused-import
import extensions  # noqa: F401  # pylint: disable=unused-import
import forms  # noqa: F401  # pylint: disable=unused-import
import issuers  # noqa: F401  # pylint: disable=unused-import
import leaves  # noqa: F401  # pylint: disable=unused-import
import limits  # noqa: F401  # pylint: disable=unused-import
import names  # noqa: F401  # pylint: disable=unused-import
import paths  # noqa: F401  # pylint: disable=unused-import
import roots  # noqa: F401  # pylint: disable=unused-import
import subjects  # noqa: F401  # pylint: disable=unused-import
import ways  # noqa: F401  # pylint: disable=unused-import
from kinds import CASES, WORLD  # noqa: F401
