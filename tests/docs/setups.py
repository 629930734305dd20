# SPDX-License-Identifier: Apache-2.0
"""Named preparations, asked for by `<!-- setup: NAME ARGUMENT… -->` at the top of a page.

Before any of them the host is a fresh Debian with nginx, apache2 and CCM TLS, neither server running. The
cloud accepts the key that pages call YOUR_ACCESS_KEY, its SCM has an issued certificate for www.example.com
and example.com, and its PCA the activated CA that pages name (sandbox.ISSUER).
"""

import pathlib

import pytest
from lab.authority import Authority
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


ETCD = "/usr/bin/etcd"
MEMBERS = {f"etcd{number}.example": f"127.0.0.{number + 1}" for number in (1, 2, 3)}


def etcd(host):
    """An etcd of three members with TLS and without users, and passwords for these."""
    if not (pathlib.Path(ETCD).exists() and pathlib.Path(f"{ETCD}ctl").exists()):
        pytest.skip("there is no etcd with etcdctl")
    authority = Authority()
    issued = authority.issue(*MEMBERS)
    host.run("install -d -m 700 /srv/etcd /etc/ccm")
    host.write("/etc/ccm/etcd-ca.pem", authority.trust())
    host.write("/srv/etcd/certificate.pem", (issued.pem() + issued.chain_pem()).decode())
    host.write("/srv/etcd/key.pem", issued.key_pem().decode(), 0o600)
    cluster = ",".join(f"{name}=http://{address}:2380" for name, address in MEMBERS.items())
    for name, address in MEMBERS.items():
        host.run(f"""
            echo {address} {name} >> /etc/hosts
            setsid {ETCD} --name {name} --data-dir /srv/etcd/{name} --listen-client-urls https://{address}:2379 \\
                --advertise-client-urls https://{name}:2379 --listen-peer-urls http://{address}:2380 \\
                --initial-advertise-peer-urls http://{address}:2380 --initial-cluster {cluster} \\
                --cert-file /srv/etcd/certificate.pem --key-file /srv/etcd/key.pem --auto-compaction-retention=1h \\
                < /dev/null > /srv/etcd/{name}.log 2>&1 &""")
    host.run("""
        for each in web root; do openssl rand -hex 16 > $each-password; done
        export ETCDCTL_API=3 ETCDCTL_CACERT=/etc/ccm/etcd-ca.pem
        for _ in $(seq 300); do
            if etcdctl --endpoints https://etcd1.example:2379 get x; then exit 0; fi
            sleep 0.1
        done 2> /dev/null
        exit 1""")


def other_host(host):
    """Another host has made its key; its line is in the file web-2."""
    host.run("""
        id=$(ccmctl fleet keys --json | jq -r .seals)
        install -d -m 700 other-host
        ccmctl fleet join --fleet-key $id --name web-2 --key other-host/fleet.key --fleet web \\
            --endpoint https://etcd1.example:2379 --etcd-ca /etc/ccm/etcd-ca.pem --login /etc/ccm/etcd-login > web-2""")


SETUPS = {"ecs": ecs, "etcd": etcd, "hook-programs": hook_programs, "new-release": new_release,
          "other-host": other_host, "pca": pca, "scm": scm, **PREPARATIONS}
