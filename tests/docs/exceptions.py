"""The blocks of the pages that no test runs, each with the reason: (page, block, reason)."""

NOT_RUN = [
]
