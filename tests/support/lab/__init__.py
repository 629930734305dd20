# SPDX-License-Identifier: Apache-2.0
"""The lab: real servers and the local cloud, started and stopped on loopback.

Used by the end-to-end tests, the quickstart and the benchmark, so it needs nothing but Python's own
library. Everything that is started here ends with the process that started it.
"""
