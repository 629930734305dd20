# SPDX-License-Identifier: Apache-2.0
"""The blocks of the pages that no test runs, each with the reason: (page, block, reason)."""

INSTALL = "scripts/build\ncmake --install build/release --prefix /usr"
IS_INSTALLED = "the host of a page has it installed, by cmake --install of the build under test"
OTHER_SERVER = "needs another server's sources or apxs; the option itself is what every build uses"

NOT_RUN = [
    ("README.md", INSTALL, IS_INSTALLED),
    ("docs/tutorial.md", f"{INSTALL}\ninstall build/release/bin/ccm-emulator /usr/local/sbin", IS_INSTALLED),
    ("docs/how-to/upgrade.md", INSTALL, IS_INSTALLED),
    ("docs/nginx.md", "cmake --preset release -DCCM_NGINX_SOURCE=/path/to/nginx", OTHER_SERVER),
    ("docs/apache.md", "cmake --preset release -DCCM_APXS=/path/to/bin/apxs", OTHER_SERVER),
]
