# SPDX-License-Identifier: Apache-2.0
"""The vendor's SDK for Node, installed from the versions pinned in tests/support/vendor-sdk."""

from . import npm


def install():
    """Directory whose node_modules holds the SDK."""
    return npm.install("vendor-sdk")
