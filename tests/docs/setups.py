# SPDX-License-Identifier: Apache-2.0
"""Named preparations, asked for by `<!-- setup: NAME ARGUMENT… -->` at the top of a page.

Before any of them the host is a fresh Debian with nginx, apache2 and CCM TLS, neither server running. The
cloud accepts the key that pages call YOUR_ACCESS_KEY, its SCM has an issued certificate for www.example.com
and example.com, and its PCA the activated CA that pages name (sandbox.ISSUER).
"""

from preparations import PREPARATIONS


def scm(host, *names):
    """One more issued certificate in SCM, for these names."""
    host.issue(names)


def pca(host):
    """The host trusts the private CA, as the hosts of an intranet do."""
    host.trust(host.facts["pca_root_file"])


def new_release(host):
    """Another release was installed over this one, as packages and `cmake --install` do it."""
    host.run("""
        for each in /usr/lib/nginx/modules/ngx_ccm_module.so /usr/lib/apache2/modules/mod_ccm.so \\
                    /usr/libexec/ccm/ccm-agent /usr/bin/ccmctl; do
            cp -p $each $each.new
            mv $each.new $each
        done""")


def hook_programs(host):
    """What the examples of hooks call; each fails unless it gets what the real one wants."""
    host.write("/usr/sbin/sendmail", '#!/bin/sh\ngrep -q "^To: ops@example.com"\n')
    host.write("/usr/bin/nsupdate", '#!/bin/sh\ntest "$1 $2" = "-k /etc/ccm/dns.key" && grep -q "^update add .* TXT"\n')
    host.run("chmod 755 /usr/sbin/sendmail /usr/bin/nsupdate")


def ecs(host):
    """The host is a cloud server with an agency, and has no keys."""
    host.run("ip route add 169.254.169.254 via 203.0.113.10")


SETUPS = {"ecs": ecs, "hook-programs": hook_programs, "new-release": new_release, "pca": pca, "scm": scm, **PREPARATIONS}
