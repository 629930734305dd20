# SPDX-License-Identifier: Apache-2.0
"""The two servers of the quickstart, each with the configuration that an operator would write."""

from lab.apache import Apache
from lab.net import free_port
from lab.nginx import Nginx

PUBLIC, PRIVATE = "www.example.com", "app.intra.example"
WORKERS = 2


class Shown:
    """A server on free ports, a site for each name. `text` is what its configuration is about."""

    name = ""

    def __init__(self, directory):
        self.ports = {PUBLIC: free_port(), PRIVATE: free_port()}
        self.server = self.adapter(directory / self.name, workers=WORKERS, log_level="notice")
        self.text = ""

    def configure(self, cloud, state):
        raise NotImplementedError


class ShownNginx(Shown):
    name, adapter = "nginx", Nginx

    def configure(self, cloud, state):
        block = f"""ccm {{
    state_path              {state};
    credentials             file={cloud['credentials_file']};
    scm_endpoint            {cloud['scm']};    # in the real cloud one line is enough:
    pca_endpoint            {cloud['pca']};    #     region ap-southeast-1;
    iam_endpoint            {cloud['iam']};
    ssl_trusted_certificate {cloud['ca_file']};
    check_interval          2s;                         # a demonstration; the default is 12h
    certificate intranet {{
        source pca issuer={cloud['issuer_id']};
        names  {PRIVATE} *.intra.example;
    }}
}}"""
        sites = self._site(PUBLIC, "source=scm") + self._site(PRIVATE, "intranet")
        self.text = f"{block}\nhttp {{\n{sites}}}"
        self.server.configure(main=block, http=sites)

    def _site(self, name, certificate):
        return (f"    server {{ listen 127.0.0.1:{self.ports[name]} ssl; server_name {name};"
                f' ccm_certificate {certificate}; location = /worker {{ return 200 "$pid"; }} }}\n')


class ShownApache(Shown):
    name, adapter = "apache", Apache

    def configure(self, cloud, state):
        ports = list(self.ports.values())
        self.text = f"""CCMStateDir          {state}
CCMCredentials       file={cloud['credentials_file']}
CCMScmEndpoint       {cloud['scm']}
CCMPcaEndpoint       {cloud['pca']}
CCMIamEndpoint       {cloud['iam']}
CCMCACertificateFile {cloud['ca_file']}
CCMCheckInterval     2s
<CCMCertificate intranet>
    CCMSource pca issuer={cloud['issuer_id']}
    CCMNames  {PRIVATE} *.intra.example
</CCMCertificate>
{self._site(PUBLIC, "source=scm")}
{self._site(PRIVATE, "intranet")}"""
        listening = "".join(f"Listen 127.0.0.1:{port} https\n" for port in ports)
        self.server.configure(main=listening + self.text, ports=ports)

    def _site(self, name, certificate):
        return f"""<VirtualHost 127.0.0.1:{self.ports[name]}>
    ServerName {name}
    SSLEngine on
    CCMCertificate {certificate}
</VirtualHost>"""
