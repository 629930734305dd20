# SPDX-License-Identifier: Apache-2.0
"""What the how-to pages take as given: keys that are there, a server that runs, something to migrate from."""

import pathlib

CREDENTIALS = "[global]\nak = YOUR_ACCESS_KEY\nsk = YOUR_SECRET_KEY\n"


def keys(host):
    """The access keys of an IAM user in /etc/ccm/credentials."""
    host.run("install -d -m 700 /etc/ccm")
    host.write("/etc/ccm/credentials", CREDENTIALS, 0o600)


def private_cloud(host):
    """Keys, and the cloud under names of its own with a CA that only its users know."""
    keys(host)
    host.run("address=$(getent hosts scm.ap-southeast-1.myhuaweicloud.com | cut -d ' ' -f 1)\n"
             "for each in iam scm pca; do echo $address $each.cloud.example.net; done >> /etc/hosts")
    host.write("/etc/ccm/cloud-ca.pem", pathlib.Path(host.facts["ca_file"]).read_text())


def old_certificate(host, directory, *names):
    """A certificate of another CA for these names, as directory/{fullchain,privkey}.pem."""
    others = ",".join(f"DNS:{name}" for name in names)
    host.run(f"""
        mkdir -p /tmp/old {directory}
        cd /tmp/old
        new() {{
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$1" \\
                -keyout $2.key -out $2.csr
        }}
        sign() {{ openssl x509 -req -in $1.csr "${{@:2}}" -out $1.pem; }}
        new "/CN=Old Root" root
        new "/CN=Old CA" ca
        new "/CN={names[0]}" leaf
        printf 'basicConstraints=critical,CA:TRUE\n' > ca.ext
        printf 'subjectAltName={others}\nextendedKeyUsage=serverAuth\n' > leaf.ext
        sign root -signkey root.key -extfile ca.ext -days 90
        sign ca -CA root.pem -CAkey root.key -CAcreateserial -extfile ca.ext -days 90
        sign leaf -CA ca.pem -CAkey ca.key -CAcreateserial -extfile leaf.ext -days 60
        cat leaf.pem ca.pem > {directory}/fullchain.pem
        install -m 600 leaf.key {directory}/privkey.pem
        rm -r /tmp/old""")


def certbot(host):
    """Keys, and an nginx that runs with a certificate of certbot, in certbot's layout."""
    keys(host)
    archive, live = "/etc/letsencrypt/archive/www.example.com", "/etc/letsencrypt/live/www.example.com"
    old_certificate(host, archive, "www.example.com", "example.com")
    host.run(f"""
        mkdir -p {live}
        for each in fullchain privkey; do
            mv {archive}/$each.pem {archive}/${{each}}1.pem
            ln -s ../../archive/www.example.com/${{each}}1.pem {live}/$each.pem
        done""")
    run_nginx_with(host, "www.example.com example.com", f"{live}/fullchain.pem", f"{live}/privkey.pem")


def run_nginx_with(host, names, certificate, key):
    site = names.split()[0].split(".")[0]
    host.write(f"/etc/nginx/conf.d/{site}.conf", f"""server {{
    listen              443 ssl;
    server_name         {names};
    ssl_certificate     {certificate};
    ssl_certificate_key {key};
    root                /var/www/html;
}}
""")
    host.run("systemctl start nginx")


def mod_md(host):
    """Keys, and an Apache that runs with a certificate of mod_md, in mod_md's layout."""
    keys(host)
    directory = "/etc/apache2/md/domains/shop.example.com"
    old_certificate(host, directory, "shop.example.com")
    host.write("/etc/apache2/sites-available/shop.conf", """MDomain shop.example.com
MDRenewMode manual
MDCertificateAgreement accepted
MDContactEmail admin@example.com
<VirtualHost *:443>
    ServerName shop.example.com
    SSLEngine  on
</VirtualHost>
""")
    host.run(f"""
        mv {directory}/fullchain.pem {directory}/pubcert.pem
        a2enmod -q ssl md
        a2dissite -q 000-default
        a2ensite -q shop
        systemctl start apache2""")


def nginx_acme(host):
    """Keys, and an nginx that runs with files in nginx-acme's layout; without the module they are named."""
    keys(host)
    directory = "/var/cache/nginx/acme-internal"
    old_certificate(host, directory, "app.intra.example")
    stem = f"{directory}/app.intra.example-3f9c2d0a51b7e864"
    host.run(f"""
        chmod 700 {directory}
        mv {directory}/fullchain.pem {stem}.crt
        mv {directory}/privkey.pem {stem}.key""")
    run_nginx_with(host, "app.intra.example", f"{stem}.crt", f"{stem}.key")


CCM_BLOCK = """load_module modules/ngx_ccm_module.so;
ccm {
    credentials  file=/etc/ccm/credentials;
    region       ap-southeast-1;
    certificate intranet {
        source pca issuer=2cb2878b-6cd1-460d-bd25-afe655159bdc;
        names  app.intra.example;
    }
}
"""
SITE = """server {
    listen          443 ssl;
    server_name     app.intra.example;
    ssl_protocols   TLSv1.2 TLSv1.3;
    ccm_certificate intranet;
}
"""


def site(host):
    """Keys, and an nginx that shows a certificate of the private CA, intranet."""
    keys(host)
    host.write("/etc/nginx/modules-enabled/70-ccm.conf", CCM_BLOCK)
    host.write("/etc/nginx/conf.d/app.conf", SITE)
    host.run("""
        systemctl start nginx
        for _ in $(seq 300); do
            test ! -e /var/lib/ccm/certificates/intranet/current || exit 0
            sleep 0.1
        done
        exit 1""")


PREPARATIONS = {"certbot": certbot, "keys": keys, "mod-md": mod_md, "nginx-acme": nginx_acme,
                "private-cloud": private_cloud, "site": site}
