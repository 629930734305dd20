# SPDX-License-Identifier: Apache-2.0
"""The blocks of the pages that no test runs, each with the reason: (page, block, reason)."""

INSTALL = "scripts/build\ncmake --install build/release --prefix /usr"
IS_INSTALLED = "the host of a page has it installed, by cmake --install of the build under test"
OTHER_SERVER = "needs another server's sources or apxs; the option itself is what every build uses"

NOT_RUN = [
    ("README.md", INSTALL, IS_INSTALLED),
    ("docs/tutorial.md", f"{INSTALL}\ninstall build/release/bin/ccm-emulator /usr/local/sbin", IS_INSTALLED),
    ("docs/how-to/upgrade.md", INSTALL, IS_INSTALLED),
    ("docs/how-to/other-nginx.md", "./configure --with-compat --with-http_ssl_module "
     "--add-dynamic-module=/path/to/ccm-tls/nginx_module\nmake -j2 modules",
     "tests/e2e/test_nginx_configure.py runs it with the sources of Debian's nginx"),
    ("docs/how-to/other-nginx.md", "cmake --preset release\ncmake --build --preset release --target programs\n"
     "CCM_CORE_BUILD=$PWD/build/release\nexport CCM_CORE_BUILD",
     "builds everything; tests/e2e/test_nginx_configure.py takes such a build"),
    ("docs/how-to/other-nginx.md", "cmake --preset release -DCCM_NGINX_SOURCE=/path/to/nginx\n"
     "cmake --build --preset release --target ngx_ccm_module", OTHER_SERVER),
    ("docs/how-to/other-nginx.md", "nginx -t -g 'load_module /path/to/ngx_ccm_module.so;'", OTHER_SERVER),
    ("docs/how-to/http3.md", "curl --http3-only -sS -o /dev/null -w '%{http_version}\\n' https://www.example.com/",
     "Debian 12 has neither an nginx nor a curl with HTTP/3"),
    ("docs/apache.md", "cmake --preset release -DCCM_APXS=/path/to/bin/apxs", OTHER_SERVER),
]
