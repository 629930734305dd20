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


def scm_renewal(host, name):
    """SCM has issued the successor of the certificate whose first name this is."""
    for record in host.admin("GET", "/scm/certificates")["certificates"]:
        if record["domain"] == name:
            host.admin("POST", f"/scm/certificates/{record['id']}/renew", {"days": 395})


def pca(host):
    """The host trusts the private CA, as the hosts of an intranet do."""
    host.trust(host.facts["pca_root_file"])


def ecs(host):
    """The host is a cloud server with an agency, and has no keys."""
    host.run("ip route add 169.254.169.254 via 203.0.113.10")


SETUPS = {"ecs": ecs, "pca": pca, "scm": scm, "scm-renewal": scm_renewal, **PREPARATIONS}
